/** Where everything stands on a label, in the dots of its printer. */

import { encodeQR } from "npm:qr@0.7.0";
import { EspError } from "../../errors.ts";

/** What a label says. */
export interface LabelContent {
  /** The QR code's content. */
  readonly qr: string | undefined;
  /** The lines of text. */
  readonly lines: readonly string[];
}

/** A label's size. */
export interface LabelSize {
  /** Millimetres. */
  readonly width: number;
  /** Millimetres. */
  readonly height: number;
  /** Dots to the inch. */
  readonly dpi: number;
}

/** A QR code on a label. */
export interface PlacedQr {
  /** Its content. */
  readonly content: string;
  /** Its modules, row by row, with the quiet zone around them; `true` is dark. */
  readonly modules: readonly (readonly boolean[])[];
  /** The left edge of its quiet zone. */
  readonly x: number;
  /** The upper edge of its quiet zone. */
  readonly y: number;
  /** How many dots a module is wide and high. */
  readonly module: number;
}

/** A line of text on a label. */
export interface PlacedLine {
  readonly text: string;
  /** Where it starts. */
  readonly x: number;
  /** Its baseline. */
  readonly y: number;
  /** The height of its em square. */
  readonly size: number;
}

/** A label. Lengths are dots. */
export interface LabelLayout {
  readonly width: number;
  readonly height: number;
  readonly qr: PlacedQr | undefined;
  readonly lines: readonly PlacedLine[];
}

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** How many light modules a reader needs around a QR code: ISO/IEC 18004, 6.3.8. */
export const QUIET_MODULES = 4;
/** A module is at least this many millimetres wide, so that a phone reads it. */
const LEAST_MODULE = 0.25;
/** How much of a label with text its QR code may take. */
const QR_SHARE = 0.6;
/** Millimetres that printers do not reach. */
const MARGIN = 1;
/** The height of text, in millimetres. */
const LEAST_TEXT = 1.25;
const MOST_TEXT = 5;
/** The width of a character of DejaVu Sans Mono, in ems; no usual fixed-width font is wider. */
const CHARACTER_WIDTH = 0.602;
/** The distance of baselines, and of the first one from the top, in ems. */
const LINE_HEIGHT = 1.25;
const BASELINE = 0.97;
/** Characters that take two cells: East Asian ones and pictures (Unicode Standard Annex 11). */
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;
/** A square metre and more at 203 dpi; a PNG of it takes 256 MB of memory while it is made. */
const MOST_DOTS = 64 * 1024 * 1024;

/**
 * Places a QR code at the left of a label, or at the top of an upright one, and
 * text in the rest, as large as fits.
 *
 * @throws {EspError} `label-failed` if something does not fit.
 */
export function layOut(
  { qr, lines }: LabelContent,
  size: LabelSize,
): LabelLayout {
  const dots = (mm: number) => mm * size.dpi / 25.4;
  const width = Math.round(dots(size.width));
  const height = Math.round(dots(size.height));
  if (width * height > MOST_DOTS) throw refuse(size, "it has too many dots");
  const whole = { x: 0, y: 0, width, height };
  const placed = qr === undefined
    ? undefined
    : placeQr(qr, whole, lines.length > 0, size);
  const margin = Math.ceil(dots(MARGIN));
  const left = placed === undefined || isUpright(whole)
    ? margin
    : placed.x + sideOf(placed);
  const top = placed === undefined || !isUpright(whole)
    ? margin
    : placed.y + sideOf(placed);
  const box = {
    ...{ x: left, y: top },
    ...{ width: width - margin - left, height: height - margin - top },
  };
  return { width, height, qr: placed, lines: placeLines(lines, box, size) };
}

/** Its quiet zone, at least as wide as the margin, may reach the label's edge. */
function placeQr(
  content: string,
  whole: Box,
  hasText: boolean,
  size: LabelSize,
): PlacedQr {
  const modules = encode(content, size);
  const share = hasText ? QR_SHARE : 1;
  const room = isUpright(whole)
    ? Math.min(whole.width, whole.height * share)
    : Math.min(whole.height, whole.width * share);
  const module = Math.floor(room / modules.length);
  if (module < Math.max(1, Math.round(LEAST_MODULE * size.dpi / 25.4))) {
    throw refuse(
      size,
      `a QR code of ${content.length} characters would be too fine to be read`,
    );
  }
  const side = module * modules.length;
  const middle = (length: number) => Math.floor((length - side) / 2);
  const atLeft = hasText && !isUpright(whole);
  const atTop = hasText && isUpright(whole);
  return {
    content,
    modules,
    x: atLeft ? 0 : middle(whole.width),
    y: atTop ? 0 : middle(whole.height),
    module,
  };
}

function encode(content: string, size: LabelSize): boolean[][] {
  try {
    return encodeQR(content, "raw", { ecc: "medium", border: QUIET_MODULES });
  } catch {
    throw refuse(
      size,
      `no QR code holds ${content.length} characters of this kind`,
    );
  }
}

function sideOf({ modules, module }: PlacedQr): number {
  return modules.length * module;
}

function isUpright({ width, height }: Box): boolean {
  return height > width;
}

function placeLines(
  lines: readonly string[],
  box: Box,
  size: LabelSize,
): PlacedLine[] {
  if (lines.length === 0) return [];
  const cells = lines.map(cellsOf);
  const longest = Math.max(1, ...cells);
  const em = Math.min(
    MOST_TEXT * size.dpi / 25.4,
    box.height / (lines.length * LINE_HEIGHT),
    box.width / (longest * CHARACTER_WIDTH),
  );
  if (em < LEAST_TEXT * size.dpi / 25.4) {
    throw refuse(
      size,
      `lines of up to ${longest} characters, ${lines.length} in all, would be too small to be read`,
    );
  }
  const top = box.y + (box.height - lines.length * LINE_HEIGHT * em) / 2;
  return lines.map((text, index) => ({
    text,
    x: box.x,
    y: Math.round(top + (index * LINE_HEIGHT + BASELINE) * em),
    size: Math.floor(em),
  }));
}

function cellsOf(text: string): number {
  return Array.from(text).reduce(
    (sum, character) => sum + (WIDE.test(character) ? 2 : 1),
    0,
  );
}

function refuse({ width, height }: LabelSize, why: string): EspError {
  return new EspError(
    `Cannot make a label of ${width} x ${height} mm: ${why}`,
    { code: "label-failed", hint: "Give it less text, or make it larger." },
  );
}
