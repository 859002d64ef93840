/**
 * What a key in NVS can hold: a whole number of a stated width, a string or a
 * blob. The width counts: firmware that asks for a `u8` does not find a `u16`.
 *
 * @module
 */

import { viewOf } from "../bytes.ts";
import { ITEM_TYPE } from "./_nvs_item.ts";

/** The name of a type of whole numbers. */
export type NvsIntegerKind =
  | "u8"
  | "i8"
  | "u16"
  | "i16"
  | "u32"
  | "i32"
  | "u64"
  | "i64";

/** What there is to know of a type of whole numbers. */
export interface NvsIntegerType {
  /** Its width, in bytes. */
  readonly size: number;
  /** Whether it has a sign. */
  readonly signed: boolean;
}

/** The types of whole numbers. */
export const NVS_INTEGERS: Readonly<Record<NvsIntegerKind, NvsIntegerType>> =
  Object.freeze({
    u8: { size: 1, signed: false },
    i8: { size: 1, signed: true },
    u16: { size: 2, signed: false },
    i16: { size: 2, signed: true },
    u32: { size: 4, signed: false },
    i32: { size: 4, signed: true },
    u64: { size: 8, signed: false },
    i64: { size: 8, signed: true },
  });

/** A whole number; one of at most 32 bits is safe as a `number`. */
export interface NvsInteger {
  /** Its width, and whether it has a sign. */
  readonly kind: NvsIntegerKind;
  /** The number. */
  readonly value: bigint;
}

/** Text: at most 3999 bytes of UTF-8, or 1983 in version 1. */
export interface NvsString {
  /** Tells this variant from the others. */
  readonly kind: "string";
  /** The text, without the zero that ends it in flash. */
  readonly value: string;
}

/** Bytes. */
export interface NvsBlob {
  /** Tells this variant from the others. */
  readonly kind: "blob";
  /** The bytes. */
  readonly value: Uint8Array;
}

/** What a key holds. */
export type NvsValue = NvsInteger | NvsString | NvsBlob;

/** A value, or what stands for one: a string, or bytes for a blob. A bare number has no width, so it is none. */
export type NvsValueLike = NvsValue | string | Uint8Array;

/**
 * A whole number of a type by its name.
 *
 * @throws {RangeError} If it is not whole or does not fit. The number is not in the message.
 */
export function nvsInteger(
  kind: NvsIntegerKind,
  value: number | bigint,
): NvsInteger {
  const { size, signed } = NVS_INTEGERS[kind];
  const whole = typeof value === "bigint" || Number.isSafeInteger(value)
    ? BigInt(value)
    : undefined;
  const wrap = signed ? BigInt.asIntN : BigInt.asUintN;
  if (whole === undefined || wrap(size * 8, whole) !== whole) {
    const bits = BigInt(size * 8 - (signed ? 1 : 0));
    const least = signed ? -(1n << bits) : 0n;
    throw new RangeError(
      `Cannot store ${kind}: the value is no whole number from ${least} to ${
        (1n << bits) - 1n
      }`,
    );
  }
  return { kind, value: whole };
}

/** An unsigned number of 8 bits. */
export function u8(value: number): NvsInteger {
  return nvsInteger("u8", value);
}

/** A signed number of 8 bits. */
export function i8(value: number): NvsInteger {
  return nvsInteger("i8", value);
}

/** An unsigned number of 16 bits. */
export function u16(value: number): NvsInteger {
  return nvsInteger("u16", value);
}

/** A signed number of 16 bits. */
export function i16(value: number): NvsInteger {
  return nvsInteger("i16", value);
}

/** An unsigned number of 32 bits. */
export function u32(value: number): NvsInteger {
  return nvsInteger("u32", value);
}

/** A signed number of 32 bits. */
export function i32(value: number): NvsInteger {
  return nvsInteger("i32", value);
}

/** An unsigned number of 64 bits. */
export function u64(value: number | bigint): NvsInteger {
  return nvsInteger("u64", value);
}

/** A signed number of 64 bits. */
export function i64(value: number | bigint): NvsInteger {
  return nvsInteger("i64", value);
}

/**
 * Makes a value of what stands for one, and checks it.
 *
 * @throws {TypeError} If it is none, such as a bare number.
 * @throws {RangeError} If a number does not fit its type, or a string has a zero in it.
 */
export function toNvsValue(like: NvsValueLike): NvsValue {
  if (typeof like === "string") return checkString(like);
  if (like instanceof Uint8Array) return { kind: "blob", value: like };
  if (typeof like !== "object" || like === null) {
    throw new TypeError(
      `Cannot store ${typeof like}: a number needs a width, such as u8(6); else give a string or bytes`,
    );
  }
  if (like.kind === "string" && typeof like.value === "string") {
    return checkString(like.value);
  }
  if (like.kind === "blob" && like.value instanceof Uint8Array) return like;
  if (Object.hasOwn(NVS_INTEGERS, like.kind)) {
    return nvsInteger(like.kind as NvsIntegerKind, like.value as bigint);
  }
  throw new TypeError(
    `Cannot store a value of the kind "${like.kind}": its kind and its value are none of NVS's`,
  );
}

function checkString(value: string): NvsString {
  if (!value.includes("\0")) return { kind: "string", value };
  throw new RangeError(
    "Cannot store string: it has a zero in it, which ends a string",
  );
}

/** Whether two values are the same, kind and all. */
export function equalNvsValues(a: NvsValue, b: NvsValue): boolean {
  return a.kind === b.kind && encodeValue(a).toHex() === encodeValue(b).toHex();
}

/** A value's bytes as they are in flash: a string has its zero, a number its width. */
export function encodeValue({ kind, value }: NvsValue): Uint8Array {
  if (kind === "blob") return value;
  if (kind === "string") return new TextEncoder().encode(`${value}\0`);
  const bytes = new Uint8Array(8);
  viewOf(bytes).setBigUint64(0, BigInt.asUintN(64, value), true);
  return bytes.subarray(0, NVS_INTEGERS[kind].size);
}

/**
 * A value of an item's bytes; `undefined` if its type is not known. What is
 * not UTF-8 in a string becomes U+FFFD.
 */
export function decodeValue(
  type: number,
  data: Uint8Array,
): NvsValue | undefined {
  if (type === ITEM_TYPE.blob) return { kind: "blob", value: data };
  if (type === ITEM_TYPE.string) {
    const end = data.indexOf(0);
    const text = end < 0 ? data : data.subarray(0, end);
    return { kind: "string", value: new TextDecoder().decode(text) };
  }
  const kinds = Object.keys(NVS_INTEGERS) as NvsIntegerKind[];
  const kind = kinds.find((kind) => ITEM_TYPE[kind] === type);
  if (kind === undefined) return undefined;
  const { size, signed } = NVS_INTEGERS[kind];
  const word = viewOf(data).getBigUint64(0, true);
  const wrap = signed ? BigInt.asIntN : BigInt.asUintN;
  return { kind, value: wrap(size * 8, word) };
}
