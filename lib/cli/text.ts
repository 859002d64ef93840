/**
 * How numbers and ports are written for people.
 *
 * @module
 */

import type { ChipIdentity, PortInfo } from "../../mod.ts";

/** A number of 32 bits as `0x` and 8 digits, without the separator that messages have. */
export function hex(value: number): string {
  return `0x${(value >>> 0).toString(16).padStart(8, "0")}`;
}

/** A number as so many hex digits, or more. */
export function hexDigits(value: number, width: number): string {
  return value.toString(16).padStart(width, "0");
}

/** Text out of a file: what a terminal would obey, and what turns the direction of text, is escaped. */
export function printable(text: string): string {
  return text.replaceAll(
    /[\p{Cc}\p{Cf}\u2028\u2029]/gu,
    (character) =>
      `\\u${character.codePointAt(0)?.toString(16).padStart(4, "0")}`,
  );
}

/** How long something took and how fast it was: `in 1.2 seconds (340.1 kbit/s)`. */
export function speed(bytes: number, ms: number): string {
  const seconds = `in ${(ms / 1000).toFixed(1)} seconds`;
  return ms > 0
    ? `${seconds} (${(bytes * 8 / ms).toFixed(1)} kbit/s)`
    : seconds;
}

/** A chip's addresses, where wrappers of esptool look for them. */
export function macLines(
  { mac, macExtension, eui64 }: ChipIdentity,
): string[] {
  if (eui64 === undefined) return [`MAC:                ${mac}`];
  return [
    `MAC:                ${eui64}`,
    `BASE MAC:           ${mac}`,
    `MAC_EXT:            ${macExtension}`,
  ];
}

/** A flash size as esptool's users call it: `512KB`, `4MB`. */
export function sizeName(bytes: number | undefined): string {
  if (bytes === undefined) return "Unknown";
  return bytes < 0x10_0000 ? `${bytes / 0x400}KB` : `${bytes / 0x10_0000}MB`;
}

/** A port and what is known of it, in a line. */
export function describePort(port: PortInfo): string {
  const { usbVendorId, usbProductId } = port;
  const id = usbVendorId === undefined || usbProductId === undefined
    ? undefined
    : `${hex4(usbVendorId)}:${hex4(usbProductId)}`;
  const facts = [
    id,
    port.manufacturer,
    port.product,
    port.serialNumber && `serial ${port.serialNumber}`,
    port.location && `at ${port.location}`,
  ].filter(Boolean);
  return facts.length === 0 ? port.path : `${port.path}  ${facts.join(", ")}`;
}

function hex4(value: number): string {
  return value.toString(16).padStart(4, "0");
}

/** Rows of cells as lines, each column as wide as its widest cell. */
export function inColumns(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]?.map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0))
  );
  return rows.map((row) =>
    row.map((cell, column) => cell.padEnd(widths?.[column] ?? 0)).join("  ")
      .trimEnd()
  );
}
