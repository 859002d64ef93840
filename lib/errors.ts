/**
 * The error classes of espline, and nothing else.
 *
 * A wrong argument is a `TypeError` or a `RangeError`, unreadable text a
 * `SyntaxError`, and an aborted operation rethrows `signal.reason`. Whatever
 * else goes wrong is an {@linkcode EspError}: branch on its `code`, never on
 * its text.
 *
 * @module
 */

/** What went wrong, as a word that programs can branch on. */
export type EspErrorCode =
  // the port
  | "port-not-found"
  | "port-busy"
  | "port-denied"
  | "port-open-failed"
  | "port-closed"
  | "port-gone"
  | "port-io"
  | "port-unsupported"
  | "baud-unsupported"
  | "remote-refused"
  | "remote-protocol"
  // the wire
  | "timeout"
  | "frame-invalid"
  | "reply-invalid"
  // the device
  | "command-failed"
  | "command-unsupported"
  | "no-serial-data"
  | "no-sync-reply"
  | "wrong-boot-mode"
  | "boot-loop"
  | "chip-panicked"
  | "chip-unknown"
  | "chip-mismatch"
  | "chip-lacks"
  | "stub-failed"
  | "stub-missing"
  | "flash-unknown"
  | "flash-too-small"
  | "security-active"
  | "ram-overlap"
  // data
  | "image-invalid"
  | "image-mismatch"
  | "partition-unknown"
  | "partition-too-small"
  | "partition-readonly"
  | "verify-failed"
  | "job-invalid"
  | "file-invalid"
  // the line
  | "identity-none"
  | "identity-conflict"
  | "data-invalid"
  | "boot-silent"
  | "boot-unexpected"
  | "hook-failed"
  | "label-failed"
  | "improv-failed"
  | "store-failed";

/** What an {@linkcode EspError} carries beside its message. */
export interface EspErrorOptions {
  /** What went wrong, as a word to branch on. */
  readonly code: EspErrorCode;
  /** What to try next, as a sentence for a person. */
  readonly hint?: string | undefined;
  /** The error that led to this one. */
  readonly cause?: unknown;
}

/** The parent of every error that espline throws for a reason of its own. */
export class EspError extends Error {
  /** The class's name. */
  override readonly name: string = "EspError";
  /** What went wrong, as a word to branch on. */
  readonly code: EspErrorCode;
  /** What to try next, as a sentence for a person, where something is known. */
  readonly hint: string | undefined;

  /** Makes an error from a message without a final period and its code. */
  constructor(message: string, options: EspErrorOptions) {
    super(
      message,
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.code = options.code;
    this.hint = options.hint;
  }
}

/** A port cannot be opened, set, read or written, or is gone. */
export class TransportError extends EspError {
  /** The class's name. */
  override readonly name = "TransportError";
}

/** Details of a {@linkcode TimeoutError}. */
export interface TimeoutErrorOptions extends Partial<EspErrorOptions> {
  /** What was being waited for. */
  readonly step: string;
  /** How long it was waited for, in milliseconds. */
  readonly ms: number;
}

/** A step did not end in its time. */
export class TimeoutError extends EspError {
  /** The class's name. */
  override readonly name = "TimeoutError";
  /** What was being waited for. */
  readonly step: string;
  /** How long it was waited for, in milliseconds. */
  readonly ms: number;

  /** Makes a timeout error; its code is `timeout` unless told otherwise. */
  constructor(message: string, options: TimeoutErrorOptions) {
    super(message, { code: "timeout", ...options });
    this.step = options.step;
    this.ms = options.ms;
  }
}

/** Details of a {@linkcode FrameError}. */
export interface FrameErrorOptions extends Partial<EspErrorOptions> {
  /** The bytes that are no frame. */
  readonly bytes: Uint8Array;
}

/** Bytes on the wire are no valid frame. */
export class FrameError extends EspError {
  /** The class's name. */
  override readonly name = "FrameError";
  /** The bytes that are no frame. */
  readonly bytes: Uint8Array;

  /** Makes a frame error; its code is `frame-invalid` unless told otherwise. */
  constructor(message: string, options: FrameErrorOptions) {
    super(message, { code: "frame-invalid", ...options });
    this.bytes = options.bytes;
  }
}

/** Details of a {@linkcode CommandError}. */
export interface CommandErrorOptions extends EspErrorOptions {
  /** The command's name in the serial protocol, such as `FLASH_BEGIN`. */
  readonly command: string;
  /** The status that the device answered: its first byte is the high byte. */
  readonly status: number;
}

/** The device refused a command or failed at it. */
export class CommandError extends EspError {
  /** The class's name. */
  override readonly name = "CommandError";
  /** The command's name in the serial protocol, such as `FLASH_BEGIN`. */
  readonly command: string;
  /** The two status bytes that the device answered, the first as the high byte. */
  readonly status: number;

  /** Makes an error for a command that the device refused. */
  constructor(message: string, options: CommandErrorOptions) {
    super(message, options);
    this.command = options.command;
    this.status = options.status;
  }
}

/** The chip is not the expected one, is unknown, or does not answer as a chip in download mode. */
export class ChipError extends EspError {
  /** The class's name. */
  override readonly name = "ChipError";
}

/** Details of an {@linkcode ImageError}. */
export interface ImageErrorOptions extends Partial<EspErrorOptions> {
  /** Where in the image, in bytes from its start. */
  readonly offset: number;
}

/** A firmware image is malformed or does not fit. */
export class ImageError extends EspError {
  /** The class's name. */
  override readonly name = "ImageError";
  /** Where in the image, in bytes from its start. */
  readonly offset: number;

  /** Makes an image error; its code is `image-invalid` unless told otherwise. */
  constructor(message: string, options: ImageErrorOptions) {
    super(message, { code: "image-invalid", ...options });
    this.offset = options.offset;
  }
}

/** Details of a {@linkcode VerifyError}. */
export interface VerifyErrorOptions extends Partial<EspErrorOptions> {
  /** The flash address where the compared range starts. */
  readonly address: number;
  /** The MD5 digest that was expected, as 32 lower-case hex digits. */
  readonly expected: string;
  /** The MD5 digest of what the flash holds, as 32 lower-case hex digits. */
  readonly actual: string;
  /** What should be there and what is, where that was read back. */
  readonly contents?: VerifyContents | undefined;
}

/** What was compared, byte by byte. */
export interface VerifyContents {
  /** What should be in flash. */
  readonly expected: Uint8Array;
  /** What is there, as many bytes. */
  readonly actual: Uint8Array;
}

/** The flash does not hold what was written. */
export class VerifyError extends EspError {
  /** The class's name. */
  override readonly name = "VerifyError";
  /** The flash address where the compared range starts. */
  readonly address: number;
  /** The MD5 digest that was expected, as 32 lower-case hex digits. */
  readonly expected: string;
  /** The MD5 digest of what the flash holds, as 32 lower-case hex digits. */
  readonly actual: string;
  /** What should be there and what is, where that was read back. */
  readonly contents: VerifyContents | undefined;

  /** Makes a verify error; its code is `verify-failed` unless told otherwise. */
  constructor(message: string, options: VerifyErrorOptions) {
    super(message, { code: "verify-failed", ...options });
    this.address = options.address;
    this.expected = options.expected;
    this.actual = options.actual;
    this.contents = options.contents;
  }
}
