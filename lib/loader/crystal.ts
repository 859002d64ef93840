/**
 * The crystal of a board, by the divider that its UART has for the line.
 *
 * @module
 */

import type { MeasuredCrystal } from "../chips/family.ts";
import type { OperationOptions } from "../progress.ts";
import type { Loader } from "./loader.ts";

/** Reads a word once, however often it is asked for. */
export type ReadWord = (address: number) => Promise<number>;

/** UART_CLKDIV's whole part. */
const CLKDIV_MASK = 0xf_ffff;
/** How far a measured crystal may be off, in megahertz, before a note says so. */
const CRYSTAL_TOLERANCE = 1;

/**
 * The frequency of the crystal, in megahertz: the record's, or the one of its
 * candidates that the UART's divider comes nearest to.
 */
export async function crystalMhz(
  loader: Loader,
  readWord: ReadWord,
  options: OperationOptions = {},
): Promise<number> {
  const { crystal, registers } = loader.chip;
  if (crystal.kind === "fixed") return crystal.mhz;
  const divider = await readWord(registers.uartClkDiv) & CLKDIV_MASK;
  const measured = loader.link.baudRate * divider / 1e6 / crystal.divider;
  const nearest = nearestCandidate(crystal, measured);
  if (Math.abs(nearest - measured) > CRYSTAL_TOLERANCE) {
    options.onProgress?.({
      kind: "note",
      port: loader.port,
      message: `The crystal seems to have ${
        measured.toFixed(2)
      } MHz: ${nearest} MHz is assumed`,
    });
  }
  return nearest;
}

function nearestCandidate(
  { candidates }: MeasuredCrystal,
  measured: number,
): number {
  return candidates.reduce((nearest, candidate) =>
    Math.abs(candidate - measured) < Math.abs(nearest - measured)
      ? candidate
      : nearest
  );
}
