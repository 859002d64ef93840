/**
 * What a link lets its users do with frames and commands.
 *
 * @module
 */

import type { Command } from "../protocol/commands.ts";

/** Options of one command. */
export interface CommandOptions {
  /** The longest that the reply may take, in milliseconds; it never prolongs the command's own limit. */
  readonly timeout?: number | undefined;
  /** Stops the wait. */
  readonly signal?: AbortSignal | undefined;
  /** Replaces the command's own limit, in milliseconds, for work that the parameters do not show. */
  readonly limit?: number | undefined;
}

/** Options of {@linkcode FrameExchange.receive}. */
export interface ReceiveOptions {
  /** What is awaited, for the error. */
  readonly step: string;
  /** The longest wait, in milliseconds. */
  readonly timeout: number;
  /** Stops the wait. */
  readonly signal?: AbortSignal | undefined;
}

/** What {@linkcode Link.exchange} lends: the line, to one caller alone. */
export interface FrameExchange {
  /** As {@linkcode Link.command}. */
  command<P, R>(
    command: Command<P, R>,
    params: P,
    options?: CommandOptions,
  ): Promise<R>;
  /** Sends a command and waits for nothing. */
  request<P, R>(command: Command<P, R>, params: P): void;
  /** Sends a frame. */
  send(payload: Uint8Array): void;
  /**
   * Takes the next frame, whatever it is.
   *
   * @throws {FrameError} If what came is no frame.
   * @throws {TimeoutError} If nothing came.
   */
  receive(options: ReceiveOptions): Promise<Uint8Array>;
}
