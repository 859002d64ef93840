/** A label as SVG. */

import type { LabelLayout, PlacedLine, PlacedQr } from "./_layout.ts";

/** The family of the font that is in a PNG. */
export const FONT_FAMILY = "DejaVu Sans Mono";
/** Others of about the same width, for programs that draw an SVG where it is missing. */
const FAMILIES =
  `'${FONT_FAMILY}', 'Liberation Mono', Menlo, Consolas, monospace`;

/** A length of SVG: dots, or a text with a unit. */
type Length = number | string;

/** Draws a label, so wide and so high. */
export function formatSvg(
  { width, height, qr, lines }: LabelLayout,
  size: { readonly width: Length; readonly height: Length },
): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${size.width}" height="${size.height}" viewBox="0 0 ${width} ${height}">`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    ...(qr === undefined ? [] : [formatQr(qr)]),
    ...(lines.length === 0 ? [] : [
      `<g font-family="${FAMILIES}">`,
      ...lines.map(formatLine),
      `</g>`,
    ]),
    `</svg>\n`,
  ].join("\n");
}

/** One path of horizontal runs: rectangles side by side may show seams. */
function formatQr({ modules, x, y, module }: PlacedQr): string {
  const runs: string[] = [];
  modules.forEach((row, rowIndex) => {
    for (let start = row.indexOf(true); start >= 0;) {
      const next = row.indexOf(false, start);
      const end = next < 0 ? row.length : next;
      runs.push(`M${start} ${rowIndex}h${end - start}v1h${start - end}z`);
      start = row.indexOf(true, end);
    }
  });
  return `<path transform="translate(${x} ${y}) scale(${module})" shape-rendering="crispEdges" d="${
    runs.join("")
  }"/>`;
}

function formatLine({ text, x, y, size }: PlacedLine): string {
  return `<text x="${x}" y="${y}" font-size="${size}">${
    escapeXml(text)
  }</text>`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
};

/** Text for XML 1.0, which has no place for two of Unicode's code points. */
function escapeXml(text: string): string {
  return text
    .replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? "")
    .replaceAll(/[\ufffe\uffff]/g, "\ufffd");
}
