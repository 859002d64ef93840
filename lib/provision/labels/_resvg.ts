/** The SVG renderer, started once, when the first PNG asks for it; and its font. */

import { initWasm } from "npm:@resvg/resvg-wasm@2.6.2";
// A package is there only if a module of it is imported.
import "npm:@fontsource/dejavu-mono@5.3.0/package.json" with { type: "json" };

export { Resvg } from "npm:@resvg/resvg-wasm@2.6.2";

const WASM = "npm:@resvg/resvg-wasm@2.6.2/index_bg.wasm";
const FONT =
  "npm:@fontsource/dejavu-mono@5.3.0/files/dejavu-mono-latin-400-normal.woff2";

await initWasm(await read(import.meta.resolve(WASM)));

/** DejaVu Sans Mono 2.37 with all its characters, whatever the file's name says. */
export const font: Uint8Array = await read(import.meta.resolve(FONT));

function read(url: string): Promise<Uint8Array<ArrayBuffer>> {
  return Deno.readFile(new URL(url));
}
