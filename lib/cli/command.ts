/**
 * What a verb is: a record with its arguments, its options and what it does.
 *
 * @module
 */

import type { ChipIdentity } from "../../mod.ts";
import type { FlashState } from "./flash_state.ts";
import type { CliIo } from "./io.ts";
import type { GLOBAL_OPTIONS } from "./options.ts";
import type { Screen } from "./screen.ts";

/** Something that stands behind a verb. */
export interface Argument<T> {
  /** As commander writes it: `<address>`, `[mask]`, `<pairs...>`. */
  readonly label: string;
  /** What it is, for the help text. */
  readonly summary: string;
  /**
   * From what was typed (none if left out, several if variadic) to the value.
   *
   * @throws {SyntaxError} If it cannot be read.
   */
  parse(texts: readonly string[]): T;
}

/** An option without a value: its value is whether it was given. */
export interface Flag {
  /** Tells this variant from the other. */
  readonly kind: "flag";
  /** As commander writes it: `-e, --erase-all`. */
  readonly flags: string;
  /** What it does, for the help text. */
  readonly summary: string;
}

/** An option with a value. */
export interface Setting<T> {
  /** Tells this variant from the other. */
  readonly kind: "setting";
  /** As commander writes it: `-b, --baud <baud>`. */
  readonly flags: string;
  /** What it does, for the help text. */
  readonly summary: string;
  /** The end of a variable's name: `ESPLINE_…` and then `ESPTOOL_…` stand in for the option. */
  readonly env?: string | undefined;
  /** The value if neither option nor variable is given. */
  readonly fallback: T;
  /**
   * From text to the value.
   *
   * @throws {SyntaxError} If it cannot be read.
   */
  parse(text: string): T;
}

/** Arguments by name, in their order. */
export type Arguments = Readonly<Record<string, Argument<unknown>>>;

/** Options by name. */
export type Options = Readonly<Record<string, Flag | Setting<unknown>>>;

/** What the arguments of a verb were read as. */
export type ArgumentValues<A extends Arguments> = {
  readonly [Name in keyof A]: A[Name] extends Argument<infer T> ? T : never;
};

/** What the options of a verb were read as. */
export type OptionValues<O extends Options> = {
  readonly [Name in keyof O]: O[Name] extends Setting<infer T> ? T : boolean;
};

/** One run of a verb. */
export interface Call<
  A extends Arguments = Arguments,
  O extends Options = Options,
> extends Surroundings {
  /** The verb's arguments. */
  readonly arguments: ArgumentValues<A>;
  /** The verb's own options. */
  readonly options: OptionValues<O>;
}

/** What every verb is given, whatever its arguments. */
export interface Surroundings {
  /** The world. */
  readonly io: CliIo;
  /** The options that every verb has. */
  readonly globals: OptionValues<typeof GLOBAL_OPTIONS>;
  /** Where the verb says what it does; with `--json` nobody hears it. */
  readonly screen: Screen;
  /** What has been done to the flash so far. */
  readonly flash: FlashState;
  /**
   * The help text of a verb, or of all.
   *
   * @throws {UsageError} If there is no such verb.
   */
  usage(verb?: string): string;
}

/** What a verb found out or did: the `--json` object less `ok` and `command`. */
export interface Report {
  /** The port it was done on, for a verb that has one. */
  readonly port?: string;
  /** The chip on it. */
  readonly chip?: ChipIdentity;
  /** What the verb's own documentation says; all numbers are plain numbers, in bytes or milliseconds. */
  readonly result: Readonly<Record<string, unknown>>;
}

/** A verb. */
export interface Command<
  A extends Arguments = Arguments,
  O extends Options = Options,
> {
  /** What is typed. */
  readonly name: string;
  /** What it does, in one line of the help text. */
  readonly summary: string;
  /** What stands behind it. */
  readonly arguments: A;
  /** Its own options. */
  readonly options: O;
  /** Does it. Whatever it throws ends the command line with an exit code that is not 0. */
  run(call: Call<A, O>): Report | Promise<Report>;
}

/** Makes a verb of a record, so that `run` knows the types of its arguments and options. */
export function defineCommand<
  const A extends Arguments,
  const O extends Options,
>(
  command: Command<A, O>,
): Command {
  return command;
}
