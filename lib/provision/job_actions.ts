/**
 * What is done around the writing of a board, as data.
 *
 * Templates are as `job_data.ts` says. Times are in milliseconds.
 *
 * @module
 */

import type { BoardStep } from "./result.ts";

/** How the application is seen to run after the reset. */
export interface BootCheck {
  /** A regular expression that a line of the serial log must match. */
  readonly expect: string;
  /** A regular expression that no line may match before it. */
  readonly fail?: string | undefined;
  /** How long to wait. @default {10_000} */
  readonly timeout?: number | undefined;
  /** The log's speed, in baud. @default {115200} */
  readonly baud?: number | undefined;
}

/** Wi-Fi credentials for an application that speaks Improv over its serial port. */
export interface ImprovPlan {
  /** A template of the network's name. */
  readonly ssid: string;
  /** A template of its password; never shown. */
  readonly password: string;
  /** How long to wait for the connection. @default {30_000} */
  readonly timeout?: number | undefined;
}

/** A label for a board that has passed. */
export interface LabelPlan {
  /** What is made. @default {"svg"} */
  readonly format?: "svg" | "png" | "zpl" | undefined;
  /** A template of the QR code's content. @default no QR code */
  readonly qr?: string | undefined;
  /** Templates of the lines of text. */
  readonly lines: readonly string[];
  /** The label's width, in millimetres. @default {50} */
  readonly width?: number | undefined;
  /** The label's height, in millimetres. @default {25} */
  readonly height?: number | undefined;
  /**
   * The printer's dots to the inch: ZPL's unit, and a PNG's resolution.
   *
   * @default {203}
   */
  readonly dpi?: number | undefined;
  /**
   * A template of the path that it is saved to: `labels/{serial}.svg`. What a
   * value has that file names have not, a `/` for one, becomes `-`.
   */
  readonly file?: string | undefined;
  /** A program that gets it on its standard input, as words, each a template: `["lp", "-d", "zebra"]`. */
  readonly command?: readonly string[] | undefined;
}

/** When a hook is called: before or after a step, or when a board is done. */
export type HookMoment =
  | `before-${BoardStep}`
  | `after-${BoardStep}`
  | "pass"
  | "fail";

/** A program or a server that is told of a board. */
export interface Hook {
  /** When. */
  readonly on: HookMoment;
  /** A program as words, each a template; the board's state comes as JSON on its standard input. */
  readonly command?: readonly string[] | undefined;
  /** A URL that the board's state is POSTed to as JSON, in place of a program. */
  readonly url?: string | undefined;
  /** Headers of the POST; `{env.NAME}` stands for an environment variable. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** How long it may take. @default {10_000} */
  readonly timeout?: number | undefined;
  /** What becomes of the board if the hook fails. @default {"fail"} */
  readonly onFailure?: "fail" | "ignore" | undefined;
}
