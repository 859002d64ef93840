/**
 * Labels: what is stuck on a board.
 *
 * @module
 */

import { type LabelContent, type LabelSize, layOut } from "./_layout.ts";
import { renderPng } from "./_png.ts";
import { formatSvg } from "./_svg.ts";
import { formatZpl } from "./_zpl.ts";

export type { LabelContent, LabelSize } from "./_layout.ts";

/** What a label can be made as. */
export type LabelFormat = "svg" | "png" | "zpl";

/**
 * Draws a label: a QR code at the left, or at the top of an upright label, and
 * lines of text as large as fits. The lines must not have control characters.
 *
 * @returns SVG or ZPL as UTF-8, or a PNG of the label's size.
 * @throws {EspError} `label-failed` if the content does not fit, or a PNG cannot be drawn.
 */
export async function drawLabel(
  content: LabelContent,
  size: LabelSize,
  format: LabelFormat,
): Promise<Uint8Array> {
  const layout = layOut(content, size);
  if (format === "png") return await renderPng(layout, size.dpi);
  const mm = { width: `${size.width}mm`, height: `${size.height}mm` };
  const text = format === "zpl" ? formatZpl(layout) : formatSvg(layout, mm);
  return new TextEncoder().encode(text);
}
