/**
 * Labels, made from a board's values.
 *
 * @module
 */

import { renderLabel } from "./_label.ts";
import type { LabelPlan } from "./job_actions.ts";

/**
 * Makes a label: a QR code at the left, or at the top of an upright label, and
 * lines of text as large as fits. Where it is to go, in the plan, is ignored.
 *
 * PNG needs `--allow-read` for Deno's package cache, where its font is; it has
 * the characters of DejaVu Sans Mono and refuses others. An SVG or ZPL is drawn
 * with a font of whoever prints it.
 *
 * @param values What the plan's templates have places for.
 * @returns SVG or ZPL as UTF-8, or a PNG of the label's size.
 * @throws {EspError} `label-failed` if the content does not fit, or a PNG cannot be drawn.
 * @throws {RangeError} If a template has a place for a value that is not there.
 *
 * @example A label of 40 x 12 mm
 * ```ts
 * import { makeLabel } from "@espline/espline/provision";
 *
 * const plan = { qr: "https://lamp.example/{serial}", lines: ["Lamp", "{serial}"], width: 40, height: 12 };
 * const svg = await makeLabel(plan, { serial: "LMP-000042" });
 * console.log(new TextDecoder().decode(svg));
 * ```
 */
export function makeLabel(
  plan: LabelPlan,
  values: Readonly<Record<string, string>>,
): Promise<Uint8Array> {
  return renderLabel(
    plan,
    (name) => Object.hasOwn(values, name) ? values[name] : undefined,
  );
}
