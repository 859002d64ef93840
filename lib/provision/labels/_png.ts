/** A label as PNG. */

import { crc32 } from "node:zlib";
import { concatBytes } from "../../bytes.ts";
import { EspError } from "../../errors.ts";
import type { LabelLayout } from "./_layout.ts";
import { FONT_FAMILY, formatSvg } from "./_svg.ts";

/** The signature and IHDR, which comes first: PNG, 5.2 and 5.6. */
const HEAD_LENGTH = 8 + 4 + 4 + 13 + 4;
/** The unit of `pHYs` is the metre. */
const METRE = 1;
/** A noncharacter, which no font has: Unicode, 23.7. */
const NONCHARACTER = "\ufdd0";
/** Pixels of a character that is only looked at. */
const CELL = 32;

type Renderer = typeof import("./_resvg.ts");

/**
 * Draws a label.
 *
 * @throws {EspError} `label-failed` if the font lacks a character, or the
 * renderer cannot be read from the package cache.
 */
export async function renderPng(
  layout: LabelLayout,
  dpi: number,
): Promise<Uint8Array> {
  const renderer = await loadRenderer();
  checkCharacters(layout, renderer);
  const png = render(
    formatSvg(layout, layout),
    renderer,
    (image) => image.asPng(),
  );
  const head = png.subarray(0, HEAD_LENGTH);
  return concatBytes([head, density(dpi), png.subarray(HEAD_LENGTH)]);
}

async function loadRenderer(): Promise<Renderer> {
  try {
    return await import("./_resvg.ts");
  } catch (cause) {
    throw new EspError(
      "Cannot make a PNG label: its renderer and font cannot be read from Deno's package cache",
      {
        code: "label-failed",
        hint: "Allow the program to read (--allow-read), or make SVG labels.",
        cause,
      },
    );
  }
}

type Image = ReturnType<InstanceType<Renderer["Resvg"]>["render"]>;

/** Renders, takes what is wanted, and gives the renderer's memory back. */
function render<T>(
  svg: string,
  { Resvg, font }: Renderer,
  take: (image: Image) => T,
): T {
  const resvg = new Resvg(svg, {
    font: { fontBuffers: [font], defaultFontFamily: FONT_FAMILY },
  });
  try {
    const image = resvg.render();
    try {
      return take(image);
    } finally {
      image.free();
    }
  } finally {
    resvg.free();
  }
}

/** Refuses text with characters that would be drawn as empty boxes, as one is that no font has. */
function checkCharacters(layout: LabelLayout, renderer: Renderer): void {
  const text = layout.lines.map(({ text }) => text).join("");
  const characters = [...new Set(text)].filter((c) => c > "~");
  if (characters.length === 0) return;
  const cells = [NONCHARACTER, ...characters].map((text, index) => ({
    ...{ text, x: CELL / 4, y: index * CELL + CELL * 3 / 4, size: CELL / 2 },
  }));
  const sheet = {
    ...{ width: CELL, height: CELL * cells.length, qr: undefined },
    lines: cells,
  };
  const pixels = render(
    formatSvg(sheet, sheet),
    renderer,
    (image) => image.pixels.slice(),
  );
  const [missing, ...drawn] = cells.map((_, index) => {
    const size = CELL * CELL * 4;
    return pixels.subarray(index * size, (index + 1) * size).toHex();
  });
  const lacking = characters.find((_, index) => drawn[index] === missing);
  if (lacking === undefined) return;
  const code = lacking.codePointAt(0)?.toString(16).padStart(4, "0");
  throw new EspError(
    `Cannot make a PNG label: its font, ${FONT_FAMILY}, has no character U+${code?.toUpperCase()}`,
    {
      code: "label-failed",
      hint:
        "Leave the character out, or make SVG labels: whoever prints them needs a font that has it.",
    },
  );
}

/** The chunk that says how large the picture is on paper: PNG, 11.3.4.3. */
function density(dpi: number): Uint8Array {
  const chunk = new Uint8Array(4 + 4 + 9 + 4);
  const view = new DataView(chunk.buffer);
  const dots = Math.round(dpi / 0.0254);
  view.setUint32(0, 9);
  chunk.set(new TextEncoder().encode("pHYs"), 4);
  view.setUint32(8, dots);
  view.setUint32(12, dots);
  view.setUint8(16, METRE);
  view.setUint32(17, crc32(chunk.subarray(4, 17)));
  return chunk;
}
