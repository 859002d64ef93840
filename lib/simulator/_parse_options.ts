import { parseMac } from "../bytes.ts";

/** Adds to a MAC address, whose last byte counts least. */
export function countUp(mac: Uint8Array, by: number): Uint8Array {
  const sum = BigInt.asUintN(48, BigInt(`0x${mac.toHex()}`) + BigInt(by));
  return parseMac(sum.toString(16).padStart(12, "0"));
}

/**
 * Parses a revision such as `3.0`.
 *
 * @throws {SyntaxError} If it is none.
 */
export function parseRevision(
  text: string,
): Readonly<Record<"majorRevision" | "minorRevision", number>> {
  const match = /^v?(\d+)\.(\d+)$/.exec(text);
  if (match === null) {
    throw new SyntaxError(
      `Cannot parse revision "${text}": it looks like "3.0"`,
    );
  }
  return {
    majorRevision: Number(match[1]),
    minorRevision: Number(match[2]),
  };
}

/**
 * Parses a size such as `4MB` into bytes.
 *
 * @throws {RangeError} If it is none.
 */
export function parseFlashSize(text: string): number {
  const match = /^(\d+)(KB|MB)$/i.exec(text);
  if (match === null) {
    throw new RangeError(
      `Cannot make flash of size "${text}": it looks like "4MB" or "512KB"`,
    );
  }
  const unit = match[2]?.toUpperCase() === "MB" ? 1024 * 1024 : 1024;
  return Number(match[1]) * unit;
}
