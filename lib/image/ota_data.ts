/**
 * OTA data: which of an application's slots the bootloader starts.
 *
 * ```
 * sector 0   sequence (4) | label (20) | state (4) | CRC-32 of the sequence (4) | unused
 * sector 1   the same, so that one is whole whenever power fails
 * ```
 *
 * All words are little-endian. The copy of the higher sequence counts, and
 * starts slot (sequence - 1) modulo the number of slots. Source: ESP-IDF,
 * "Over The Air Updates", and `esp_flash_partitions.h`.
 *
 * @module
 */

import { crc32, viewOf } from "../bytes.ts";
import { EspError, ImageError } from "../errors.ts";
import type { Partition } from "./partition_table.ts";
import {
  MAX_OTA_SLOTS,
  SUBTYPE_FACTORY,
  SUBTYPE_OTA_0,
  SUBTYPE_OTA_DATA,
  TYPE_APP,
  TYPE_DATA,
} from "./partition_types.ts";

/** How many bytes OTA data have: two flash sectors. */
export const OTA_DATA_SIZE = 0x2000;

const COPY_SIZE = 0x1000;
const LABEL_OFFSET = 4;
const STATE_OFFSET = 24;
const CRC_OFFSET = 28;
const ENTRY_SIZE = 32;
/** The sequence of a copy that was erased. */
const NO_SEQUENCE = 0xffff_ffff;
const CRC_SEED = 0xffff_ffff;

/**
 * What is known of the application in a slot. The bootloader starts a `new` one
 * once, as `pending-verify`, and gives it up (`aborted`) unless it confirms
 * itself (`valid`). An `undefined` one it starts without that.
 */
export type OtaState =
  | "new"
  | "pending-verify"
  | "valid"
  | "invalid"
  | "aborted"
  | "undefined";

const STATES: ReadonlyMap<OtaState, number> = new Map([
  ["new", 0],
  ["pending-verify", 1],
  ["valid", 2],
  ["invalid", 3],
  ["aborted", 4],
  ["undefined", 0xffff_ffff],
]);

/** One of the two copies. */
export interface OtaCopy {
  /** Its sequence; 0xFFFFFFFF if it was erased. */
  readonly sequence: number;
  /** What is known of the application, or the number if it has no name. */
  readonly state: OtaState | number;
  /** Its label's 20 bytes, a view; ESP-IDF leaves them erased. */
  readonly label: Uint8Array;
  /** Whether it was erased. */
  readonly isErased: boolean;
  /** Whether its CRC-32 is right. */
  readonly isValid: boolean;
  /** Whether the bootloader heeds it: valid, and the application is neither `invalid` nor `aborted`. */
  readonly isBootable: boolean;
}

/** OTA data, taken apart. */
export interface OtaData {
  /** The copies in both sectors. */
  readonly copies: readonly [OtaCopy, OtaCopy];
  /** Which of them the bootloader heeds; neither if it is left out. */
  readonly active?: 0 | 1;
}

/** Options of {@linkcode selectOtaSlot}. */
export interface SelectOtaSlotOptions {
  /**
   * What is to be known of the application.
   *
   * @default {"undefined"}
   */
  readonly state?: OtaState | undefined;
  /**
   * Replace data that are neither erased nor OTA data.
   *
   * @default {false}
   */
  readonly force?: boolean | undefined;
}

/**
 * Takes OTA data apart. Copies that are not valid are told, not thrown.
 *
 * @throws {ImageError} If there are fewer than two sectors.
 */
export function parseOtaData(bytes: Uint8Array): OtaData {
  if (bytes.length < OTA_DATA_SIZE) {
    throw new ImageError(
      `Cannot parse OTA data: they have ${bytes.length} bytes, not ${OTA_DATA_SIZE}`,
      { offset: bytes.length },
    );
  }
  const copies = [
    parseCopy(bytes.subarray(0, ENTRY_SIZE)),
    parseCopy(bytes.subarray(COPY_SIZE, COPY_SIZE + ENTRY_SIZE)),
  ] as const;
  const [first, second] = copies;
  if (!first.isBootable && !second.isBootable) return { copies };
  const isSecond = second.isBootable &&
    (!first.isBootable || second.sequence > first.sequence);
  return { copies, active: isSecond ? 1 : 0 };
}

function parseCopy(entry: Uint8Array): OtaCopy {
  const view = viewOf(entry);
  const sequence = view.getUint32(0, true);
  const number = view.getUint32(STATE_OFFSET, true);
  const [state = number] = [...STATES].find(([, value]) => value === number) ??
    [];
  const isValid = sequence !== NO_SEQUENCE &&
    view.getUint32(CRC_OFFSET, true) === sequenceCrc(sequence);
  return {
    sequence,
    state,
    label: entry.subarray(LABEL_OFFSET, STATE_OFFSET),
    isErased: entry.every((byte) => byte === 0xff),
    isValid,
    isBootable: isValid && state !== "invalid" && state !== "aborted",
  };
}

/**
 * The slots for applications, `ota_0` first.
 *
 * @throws {ImageError} If one before the last is missing: the bootloader counts them.
 */
export function otaSlots(partitions: readonly Partition[]): Partition[] {
  const slots = partitions
    .filter(({ type, subtype }) =>
      type === TYPE_APP && subtype >= SUBTYPE_OTA_0 &&
      subtype < SUBTYPE_OTA_0 + MAX_OTA_SLOTS
    )
    .sort((a, b) => a.subtype - b.subtype);
  slots.forEach(({ subtype }, slot) => {
    if (subtype === SUBTYPE_OTA_0 + slot) return;
    throw new ImageError(
      `Cannot tell the OTA slots: the table has ${slots.length}, and not one ota_${slot}`,
      { offset: 0 },
    );
  });
  return slots;
}

/**
 * The partition that OTA data are in.
 *
 * @throws {EspError} `partition-unknown` if there is none.
 */
export function findOtaData(partitions: readonly Partition[]): Partition {
  const found = partitions.find(({ type, subtype }) =>
    type === TYPE_DATA && subtype === SUBTYPE_OTA_DATA
  );
  if (found !== undefined) return found;
  throw new EspError(
    "Cannot find OTA data: the table has no partition of type data and subtype ota",
    {
      code: "partition-unknown",
      hint: "Without one, the bootloader starts the factory application.",
    },
  );
}

/**
 * The application that the bootloader tries first: the active copy's slot, else
 * `factory`, else `ota_0`.
 *
 * @returns `undefined` if the table has no application.
 */
export function bootPartition(
  { copies, active }: OtaData,
  partitions: readonly Partition[],
): Partition | undefined {
  const slots = otaSlots(partitions);
  const factory = partitions.find(({ type, subtype }) =>
    type === TYPE_APP && subtype === SUBTYPE_FACTORY
  );
  if (active === undefined || slots.length === 0) return factory ?? slots[0];
  return slots[slotOf(copies[active].sequence, slots.length)];
}

/**
 * Makes the bootloader start a slot: writes a higher sequence over the copy that
 * it does not heed, as ESP-IDF does.
 *
 * @param bytes The OTA data there are; they are not changed.
 * @param slot The slot's number, 0 for `ota_0`.
 * @param count How many slots the table has.
 * @returns The OTA data's two sectors.
 * @throws {RangeError} If there is no such slot.
 * @throws {ImageError} If the OTA data are neither erased nor valid, and `force` is not given.
 */
export function selectOtaSlot(
  bytes: Uint8Array,
  slot: number,
  count: number,
  options: SelectOtaSlotOptions = {},
): Uint8Array<ArrayBuffer> {
  if (!Number.isInteger(slot) || slot < 0 || slot >= count) {
    throw new RangeError(
      `Cannot select OTA slot ${slot}: the table has ${count}, from 0 on`,
    );
  }
  const { copies, active } = parseOtaData(bytes);
  const isForeign = copies.every(({ isValid, isErased }) =>
    !isValid && !isErased
  );
  if (isForeign && !options.force) {
    throw new ImageError(
      "Cannot select an OTA slot: the partition holds something else than OTA data",
      {
        offset: 0,
        hint:
          "It may be encrypted, then only the chip can write it. Else use force to replace it.",
      },
    );
  }
  const sequence = active === undefined
    ? slot + 1
    : nextSequence(copies[active].sequence, slot, count);
  // Sequences that are used up begin again, which no second copy may outdo.
  const isOver = sequence >= NO_SEQUENCE;
  const result = isOver || active === undefined
    ? eraseOtaData()
    : new Uint8Array(bytes.subarray(0, OTA_DATA_SIZE));
  const place = !isOver && active === 0 ? COPY_SIZE : 0;
  result.fill(0xff, place, place + COPY_SIZE);
  encodeCopy(
    result.subarray(place, place + ENTRY_SIZE),
    isOver ? slot + 1 : sequence,
    options.state ?? "undefined",
  );
  return result;
}

/** OTA data as after an erase: the bootloader starts `factory`, or else `ota_0`. */
export function eraseOtaData(): Uint8Array<ArrayBuffer> {
  return new Uint8Array(OTA_DATA_SIZE).fill(0xff);
}

function encodeCopy(
  entry: Uint8Array,
  sequence: number,
  state: OtaState,
): void {
  const view = viewOf(entry);
  view.setUint32(0, sequence, true);
  view.setUint32(STATE_OFFSET, STATES.get(state) ?? 0, true);
  view.setUint32(CRC_OFFSET, sequenceCrc(sequence), true);
}

/** The least sequence behind `last` that starts a slot. */
function nextSequence(last: number, slot: number, count: number): number {
  return last + 1 + (slot - slotOf(last, count) + count - 1) % count;
}

/** The slot of a sequence, which is counted from 1 on, in 32 bits. */
function slotOf(sequence: number, count: number): number {
  return ((sequence - 1) >>> 0) % count;
}

function sequenceCrc(sequence: number): number {
  const word = new Uint8Array(4);
  viewOf(word).setUint32(0, sequence, true);
  return crc32(word, CRC_SEED);
}
