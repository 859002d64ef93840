/** A label in Zebra's printer language, ZPL II; command names are of its programming guide. */

import {
  type LabelLayout,
  type PlacedLine,
  type PlacedQr,
  QUIET_MODULES,
} from "./_layout.ts";

/** The largest magnification of `^BQ`. */
const MOST_MAGNIFICATION = 10;
/** What cannot stand for itself: the prefixes of commands, the escape of `^FH`, and all that is not ASCII. */
const UNSAFE = /[^ -~]|[\\^~_]/gu;

/** The commands that print one label. The printer draws the QR code and the text. */
export function formatZpl({ width, height, qr, lines }: LabelLayout): string {
  return [
    "^XA",
    // UTF-8, also where ^FH spells out its bytes.
    "^CI28",
    `^PW${width}`,
    `^LL${height}`,
    "^LH0,0",
    ...(qr === undefined ? [] : [formatQr(qr)]),
    ...lines.map(formatLine),
    "^XZ\n",
  ].join("\n");
}

/** Model 2, error correction M, the printer's choice of character mode. */
function formatQr({ content, modules, x, y, module }: PlacedQr): string {
  const magnification = Math.min(module, MOST_MAGNIFICATION);
  const unused = (module - magnification) * modules.length / 2;
  // The printer draws no quiet zone.
  const offset = Math.floor(unused + QUIET_MODULES * magnification);
  return `^FO${x + offset},${y + offset}^BQN,2,${magnification}^FH^FDMA,${
    escapeZpl(content)
  }^FS`;
}

/** Font 0 can be scaled, and is narrower than the room that was kept. */
function formatLine({ text, x, y, size }: PlacedLine): string {
  return `^FT${x},${y}^A0N,${size},${size}^FH^FD${escapeZpl(text)}^FS`;
}

function escapeZpl(text: string): string {
  const encoder = new TextEncoder();
  return text.replaceAll(UNSAFE, (character) =>
    Array.from(
      encoder.encode(character),
      (byte) => `_${byte.toString(16).toUpperCase().padStart(2, "0")}`,
    ).join(""));
}
