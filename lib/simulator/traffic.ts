/**
 * What a board has seen and said, recorded for assertions.
 *
 * @module
 */

import { COMMANDS } from "../protocol/commands.ts";
import type { ResetCause } from "./_silicon.ts";

/** Who answers in download mode. */
export type LoaderKind = "rom" | "stub";

/** A request that reached a loader whole. */
export interface RequestEntry {
  /** Tells this entry from the others. */
  readonly kind: "request";
  /** Who took it. */
  readonly loader: LoaderKind;
  /** The command's number. */
  readonly opcode: number;
  /** The command's name, or its number in hex if nobody knows it. */
  readonly name: string;
  /** All bytes behind the header. */
  readonly body: Uint8Array;
}

/** A response that a loader sent. */
export interface ReplyEntry {
  /** Tells this entry from the others. */
  readonly kind: "reply";
  /** Who sent it. */
  readonly loader: LoaderKind;
  /** The command that it says it answers. */
  readonly opcode: number;
  /** The two status bytes, the first as the high byte. */
  readonly status: number;
  /** The frame's payload. */
  readonly payload: Uint8Array;
}

/** A frame that is neither request nor response: flash content, an acknowledgement, a greeting. */
export interface RawEntry {
  /** Tells this entry from the others. */
  readonly kind: "raw";
  /** Where it went. */
  readonly to: "board" | "host";
  /** The frame's payload. */
  readonly payload: Uint8Array;
}

/** Text that the board printed. */
export interface TextEntry {
  /** Tells this entry from the others. */
  readonly kind: "text";
  /** What was printed. */
  readonly text: string;
}

/** The host set DTR and RTS. */
export interface SignalsEntry {
  /** Tells this entry from the others. */
  readonly kind: "signals";
  /** Whether DTR is asserted. */
  readonly dtr: boolean;
  /** Whether RTS is asserted. */
  readonly rts: boolean;
}

/** An end of the line changed its speed. */
export interface BaudEntry {
  /** Tells this entry from the others. */
  readonly kind: "baud";
  /** Which end. */
  readonly side: "host" | "board";
  /** In baud. */
  readonly baudRate: number;
}

/** The chip started. */
export interface ResetEntry {
  /** Tells this entry from the others. */
  readonly kind: "reset";
  /** Why. */
  readonly cause: ResetCause;
  /** Into which mode. */
  readonly mode: "download" | "run";
}

/** Something that happened on the line. */
export type TrafficEntry =
  | RequestEntry
  | ReplyEntry
  | RawEntry
  | TextEntry
  | SignalsEntry
  | BaudEntry
  | ResetEntry;

/** Options of {@linkcode Traffic}. */
export interface TrafficOptions {
  /**
   * How many bytes the record may hold; the oldest entries go first.
   *
   * @default {1048576}
   */
  readonly maxBytes?: number | undefined;
}

const DEFAULT_MAX_BYTES = 1024 * 1024;
/** What an entry weighs beside its bytes. */
const ENTRY_WEIGHT = 64;

/** A bounded record of a board's traffic, oldest first. */
export class Traffic {
  /** Bytes that the host has sent since the record began, dropped entries included. */
  bytesFromHost = 0;
  /** Bytes that the board has sent since the record began, dropped entries included. */
  bytesToHost = 0;
  readonly #maxBytes: number;
  #entries: TrafficEntry[] = [];
  #weight = 0;

  /** Makes an empty record. */
  constructor(options: TrafficOptions = {}) {
    this.#maxBytes = options.maxBytes ?? DEFAULT_MAX_BYTES;
  }

  /** What is recorded. */
  get entries(): readonly TrafficEntry[] {
    return this.#entries;
  }

  /** The recorded requests, or those of one command by its name. */
  requests(name?: string): RequestEntry[] {
    return this.#entries.filter((entry): entry is RequestEntry =>
      entry.kind === "request" && (name === undefined || entry.name === name)
    );
  }

  /** All recorded text, joined. */
  text(): string {
    return this.#entries.map((entry) => entry.kind === "text" ? entry.text : "")
      .join("");
  }

  /** Adds an entry. */
  record(entry: TrafficEntry): void {
    this.#entries.push(entry);
    this.#weight += weigh(entry);
    if (this.#weight <= this.#maxBytes) return;
    let count = 0;
    // Drops a quarter at once, so that a full record is not moved with every entry.
    for (const old of this.#entries) {
      if (this.#weight <= this.#maxBytes * 3 / 4) break;
      this.#weight -= weigh(old);
      count++;
    }
    this.#entries = this.#entries.slice(count);
  }

  /** Forgets everything. */
  clear(): void {
    this.#entries = [];
    this.#weight = 0;
    this.bytesFromHost = 0;
    this.bytesToHost = 0;
  }
}

/** A command's name, or its number in hex. */
export function commandName(opcode: number): string {
  return COMMANDS.get(opcode)?.name ??
    `0x${opcode.toString(16).padStart(2, "0")}`;
}

function weigh(entry: TrafficEntry): number {
  switch (entry.kind) {
    case "request":
      return ENTRY_WEIGHT + entry.body.length;
    case "reply":
    case "raw":
      return ENTRY_WEIGHT + entry.payload.length;
    case "text":
      return ENTRY_WEIGHT + entry.text.length;
    default:
      return ENTRY_WEIGHT;
  }
}
