/**
 * Progress of long work, as plain events. Every event carries its port, so
 * that many boards can be told apart.
 *
 * @module
 */

/** What every event carries. */
export interface ProgressBase {
  /** The path or URL of the port that the event is about. */
  readonly port: string;
}

/** An attempt to connect begins. */
export interface ConnectProgress extends ProgressBase {
  /** Tells this event from the others. */
  readonly kind: "connect";
  /** Which attempt this is, from 1. */
  readonly attempt: number;
  /** How many attempts will be made; `Infinity` if there is no limit. */
  readonly attempts: number;
  /** The reset sequence that the attempt begins with. */
  readonly reset: string;
}

/** The chip is known. */
export interface IdentifyProgress extends ProgressBase {
  /** Tells this event from the others. */
  readonly kind: "identify";
  /** The chip family's name, such as `ESP32-C3`. */
  readonly chip: string;
}

/** The line's speed has changed. */
export interface BaudProgress extends ProgressBase {
  /** Tells this event from the others. */
  readonly kind: "baud";
  /** The new speed, in baud. */
  readonly baud: number;
}

/** Bytes have been moved, erased or compared. */
export interface TransferProgress extends ProgressBase {
  /** What is done with the bytes; `stub` is the upload of the flasher stub. */
  readonly kind:
    | "write"
    | "read"
    | "erase"
    | "verify"
    | "dump"
    | "ram"
    | "stub";
  /** The address where the work started. */
  readonly address: number;
  /** Bytes done, counted in what the memory holds (not compressed). */
  readonly done: number;
  /** Bytes to do in all. */
  readonly total: number;
}

/** The chip is reset. */
export interface ResetProgress extends ProgressBase {
  /** Tells this event from the others. */
  readonly kind: "reset";
  /** How: `hard-reset`, `soft-reset` and so on. */
  readonly mode: string;
}

/** Something that a person should know, and that stops nothing. */
export interface NoteProgress extends ProgressBase {
  /** Tells this event from the others. */
  readonly kind: "note";
  /** A sentence. */
  readonly message: string;
}

/** Something happened on the way. */
export type ProgressEvent =
  | ConnectProgress
  | IdentifyProgress
  | BaudProgress
  | TransferProgress
  | ResetProgress
  | NoteProgress;

/** Called with each event; it must not throw. */
export type ProgressListener = (event: ProgressEvent) => void;

/** What every long operation takes last. */
export interface OperationOptions {
  /** Stops the work; the operation rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** How long the whole operation may take, in milliseconds. */
  readonly timeout?: number | undefined;
  /** Called as the work goes on. */
  readonly onProgress?: ProgressListener | undefined;
}
