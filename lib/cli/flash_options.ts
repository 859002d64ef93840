/**
 * Options of the verbs that talk to a flash chip.
 *
 * @module
 */

import {
  type Device,
  type FlashId,
  parseSpiConnection,
  type SpiConnection,
} from "../../mod.ts";
import { parseFlashSize } from "../chips/flash_size.ts";
import type { Options } from "./command.ts";
import { flag, setting } from "./options.ts";
import type { Screen } from "./screen.ts";
import { hexDigits, sizeName } from "./text.ts";

/** Where the flash chip is. */
export const SPI_OPTIONS = {
  spiConnection: setting<SpiConnection | undefined>({
    flags: "-sc, --spi-connection <pins>",
    summary: "where the flash chip is: SPI, HSPI or five GPIOs CLK,Q,D,HD,CS",
    fallback: undefined,
    parse: parseSpiConnection,
  }),
} satisfies Options;

/** Options of the verbs that erase. */
export const ERASE_OPTIONS = {
  ...SPI_OPTIONS,
  force: flag(
    "--force",
    "erase although secure boot or flash encryption is on",
  ),
} satisfies Options;

/** Options of the verbs that use the status registers. */
export const STATUS_OPTIONS = {
  ...SPI_OPTIONS,
  bytes: setting({
    flags: "--bytes <count>",
    summary: "how many status registers, 1 to 3 (default: 2)",
    fallback: 2,
    parse: parseRegisterCount,
  }),
} satisfies Options;

/** Says how large the flash is, where a verb is to go up to its end. */
export async function tellFlashSize(
  device: Device,
  screen: Screen,
): Promise<void> {
  const { size } = await device.flashId();
  screen.line(`Detected flash size: ${sizeName(size)}`);
}

/** Says what flash chip there is. */
export async function tellFlashId(
  device: Device,
  screen: Screen,
): Promise<FlashId> {
  const id = await device.flashId();
  screen.line(`Manufacturer: ${hexDigits(id.manufacturer, 2)}`);
  screen.line(`Device: ${hexDigits(id.device, 4)}`);
  screen.line(`Detected flash size: ${sizeName(id.size)}`);
  return id;
}

/** The size in bytes that `--flash-size` names, if it names one. */
export function namedFlashSize(
  { flashSize }: { readonly flashSize: string },
): number | undefined {
  const named = flashSize !== "keep" && flashSize !== "detect";
  return named ? parseFlashSize(flashSize) : undefined;
}

function parseRegisterCount(text: string): number {
  if (/^[123]$/.test(text)) return Number(text);
  throw new SyntaxError(`"${text}" is not 1, 2 or 3`);
}
