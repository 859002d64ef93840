/**
 * What a board does otherwise than a good one: faults, stacked on it one over
 * the other.
 *
 * @module
 */

import { SYNC } from "../protocol/commands.ts";
import type { RequestPacket } from "../protocol/packet.ts";
import type { FlashMemory } from "./flash_memory.ts";
import type { LoaderKind } from "./traffic.ts";

/** The request goes unanswered. */
export interface IgnoreVerdict {
  /** Tells this verdict from the others. */
  readonly kind: "ignore";
}

/** The request is answered later. */
export interface DelayVerdict {
  /** Tells this verdict from the others. */
  readonly kind: "delay";
  /** How much later, in milliseconds of the board's clock. */
  readonly ms: number;
}

/** The request is refused and has no effect. */
export interface RefuseVerdict {
  /** Tells this verdict from the others. */
  readonly kind: "refuse";
  /** The two status bytes, the first as the high byte. */
  readonly status: number;
}

/** What a loader does with a request instead of answering it. */
export type RequestVerdict = IgnoreVerdict | DelayVerdict | RefuseVerdict;

/** What a behavior can do to its board. */
export interface BoardControl {
  /** The board's flash chip. */
  readonly flash: FlashMemory;
  /** Lets the supply voltage dip: the chip starts anew. */
  brownOut(): void;
  /** Pulls the cable. */
  unplug(): void;
}

/** Where a behavior takes part. All are optional. */
export interface BehaviorHooks {
  /** Changes bytes on their way to the board. */
  receive?(bytes: Uint8Array): Uint8Array;
  /** Changes bytes on their way to the host. */
  send?(bytes: Uint8Array): Uint8Array;
  /** Decides about a request; the behavior that was added last is asked first. */
  request?(
    request: RequestPacket,
    loader: LoaderKind,
  ): RequestVerdict | undefined;
  /** Changes the 16 bytes of an MD5 digest. */
  digest?(md5: Uint8Array): Uint8Array;
  /** Whether the chip resets over and over instead of reaching loader or application. */
  readonly bootLoop?: boolean;
}

/** A way to misbehave. It holds no state, so one value serves many boards. */
export interface Behavior {
  /** Its name, as in a URL's `fault`. */
  readonly name: string;
  /** The chip that is soldered on instead of the one that the board is said to have, by its id. */
  readonly chip?: string;
  /** Begins on one board. */
  start(board: BoardControl): BehaviorHooks;
}

/** Which way bytes go. */
export type Direction = "to-board" | "to-host";

/** Where bytes are spoilt: one at a position, or some at random. */
export interface SpoilOptions {
  /** The position of the one byte, from 0. */
  readonly at?: number | undefined;
  /** The chance of every byte, 0 to 1. */
  readonly rate?: number | undefined;
  /**
   * Decides which bytes chance picks.
   *
   * @default {1}
   */
  readonly seed?: number | undefined;
  /** Which way the bytes go. @default {"to-host"} */
  readonly direction?: Direction | undefined;
}

/** The loader never answers SYNC. */
export function noSync(): Behavior {
  return {
    name: "no-sync",
    start: () => ({
      request: ({ opcode }) =>
        opcode === SYNC.opcode ? { kind: "ignore" } : undefined,
    }),
  };
}

/** Every reply comes `ms` milliseconds late, on the board's clock. */
export function lateReplies(ms: number): Behavior {
  return {
    name: "late-replies",
    start: () => ({ request: () => ({ kind: "delay", ms }) }),
  };
}

/** Bytes get lost. */
export function dropBytes(options: SpoilOptions): Behavior {
  return spoil("drop-bytes", options, () => []);
}

/** Bytes arrive with one bit flipped. */
export function flipBytes(options: SpoilOptions): Behavior {
  return spoil("flip-bytes", options, (byte, random) => [
    byte ^ 1 << Math.floor(random() * 8),
  ]);
}

/** Bytes that nobody sent arrive before others. */
export function insertBytes(options: SpoilOptions): Behavior {
  return spoil("insert-bytes", options, (byte, random) => [
    Math.floor(random() * 256),
    byte,
  ]);
}

/** Another chip is soldered on than the board is said to have. */
export function wrongChip(chip: string): Behavior {
  return { name: "wrong-chip", chip, start: () => ({}) };
}

/** SPI_FLASH_MD5 answers digests with their last bit flipped. */
export function badMd5(): Behavior {
  return {
    name: "bad-md5",
    start: () => ({
      digest: (md5) => md5.map((byte, i) => i === 15 ? byte ^ 1 : byte),
    }),
  };
}

/** A sector is worn out: bit 0 of its bytes stays 1, and only reading back shows it. */
export function failingSector(address: number): Behavior {
  return {
    name: "failing-sector",
    start: (board) => {
      board.flash.wearOut(address);
      return {};
    },
  };
}

/** The supply voltage dips when the host has sent `count` bytes; once. */
export function brownOutAt(count: number): Behavior {
  return atByte("brown-out", count, (board) => board.brownOut());
}

/** The cable is pulled when the host has sent `count` bytes; once. */
export function unplugAt(count: number): Behavior {
  return atByte("unplug", count, (board) => board.unplug());
}

/** The chip resets over and over and reaches neither loader nor application. */
export function bootLoop(): Behavior {
  return { name: "boot-loop", start: () => ({ bootLoop: true }) };
}

/**
 * A loader refuses a command.
 *
 * @param opcode Which command.
 * @param status The two status bytes, the first as the high byte: `0x0108` is a ROM's flash write error.
 */
export function refuseCommand(opcode: number, status: number): Behavior {
  return {
    name: "refuse",
    start: () => ({
      request: (request) =>
        request.opcode === opcode ? { kind: "refuse", status } : undefined,
    }),
  };
}

/** Bytes up to and including the one that brings the count are still heard. */
function atByte(
  name: string,
  count: number,
  act: (board: BoardControl) => void,
): Behavior {
  return {
    name,
    start: (board) => {
      let left = count;
      return {
        receive: (bytes) => {
          const before = left;
          left -= bytes.length;
          if (before <= 0 || left > 0) return bytes;
          act(board);
          return bytes.subarray(0, 0);
        },
      };
    },
  };
}

function spoil(
  name: string,
  options: SpoilOptions,
  replace: (byte: number, random: () => number) => readonly number[],
): Behavior {
  const { at, rate = 0, seed = 1, direction = "to-host" } = options;
  return {
    name,
    start: () => {
      const random = mulberry32(seed);
      let position = 0;
      const change = (bytes: Uint8Array): Uint8Array => {
        const changed: number[] = [];
        let touched = false;
        for (const byte of bytes) {
          const hit = position++ === at || (rate > 0 && random() < rate);
          touched ||= hit;
          changed.push(...(hit ? replace(byte, random) : [byte]));
        }
        return touched ? Uint8Array.from(changed) : bytes;
      };
      return direction === "to-host" ? { send: change } : { receive: change };
    },
  };
}

/** A small generator of numbers from 0 to 1 that depend on nothing but the seed. */
function mulberry32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = state + 0x6d2b79f5 | 0;
    let mixed = Math.imul(state ^ state >>> 15, 1 | state);
    mixed = mixed + Math.imul(mixed ^ mixed >>> 7, 61 | mixed) ^ mixed;
    return ((mixed ^ mixed >>> 14) >>> 0) / 2 ** 32;
  };
}
