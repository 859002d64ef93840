/**
 * How a flash chip is driven: on how many lines, and at which voltage.
 *
 * Sources: ESP32 Technical Reference Manual, chapters "eFuse Controller" and
 * "Low-Power Management"; ESP32-S3 Technical Reference Manual, chapter "eFuse
 * Controller"; the datasheets' "Strapping Pins".
 *
 * @module
 */

import type { FlashSupplyRegisters } from "../chips/family.ts";
import type { OperationOptions } from "../progress.ts";
import type { ReadWord } from "./crystal.ts";
import { type ReadField, withFields } from "./identity.ts";
import type { Loader } from "./loader.ts";

/** What a chip says of its flash's lines and supply; absent where a chip does not say it. */
export interface FlashSupply {
  /** Data lines: `quad` for four, `octal` for eight. */
  readonly type?: "quad" | "octal";
  /** The supply's voltage, and what has set it. */
  readonly voltage?: FlashVoltage;
}

/** The voltage of the flash's supply. */
export interface FlashVoltage {
  /** The voltage; `OFF` where the chip does not supply the flash. */
  readonly value: "1.8V" | "1.9V" | "3.3V" | "OFF";
  /** What has set it: a register, the eFuses, or a strapping pin. */
  readonly source: "register" | "efuse" | "strap";
}

/** Bits of RTC_CNTL_SDIO_CONF. */
const SDIO_CONF = {
  on: 2 ** 31,
  high19: 3 * 2 ** 29,
  force: 1 << 22,
} as const;

/** Reads what the chip says of its flash's lines and supply. */
export async function readFlashSupply(
  loader: Loader,
  options: OperationOptions = {},
): Promise<FlashSupply> {
  const { efuse: { fields }, flashSupply, registers: { strap } } = loader.chip;
  return await withFields(
    loader,
    "read the flash's supply",
    options,
    async (read, readWord) => {
      const type = fields["flashOctal"] === undefined
        ? undefined
        : await read("flashOctal") === 1
        ? "octal"
        : "quad";
      const voltage = flashSupply === undefined || strap === undefined
        ? undefined
        : await readVoltage(read, readWord, flashSupply, strap.address);
      return { ...(type && { type }), ...(voltage && { voltage }) };
    },
  );
}

async function readVoltage(
  read: ReadField,
  readWord: ReadWord,
  { strapMask, override }: FlashSupplyRegisters,
  strap: number,
): Promise<FlashVoltage> {
  const forced = override === undefined ? 0 : await readWord(override);
  if ((forced & SDIO_CONF.force) !== 0) {
    const value = (forced & SDIO_CONF.high19) !== 0
      ? "1.9V"
      : (forced & SDIO_CONF.on) !== 0
      ? "1.8V"
      : "OFF";
    return { value, source: "register" };
  }
  if (await read("flashVoltageForced") === 1) {
    const value = await read("flashVoltageOn") === 0
      ? "OFF"
      : await read("flashVoltageHigh") === 0
      ? "1.8V"
      : "3.3V";
    return { value, source: "efuse" };
  }
  const low = (await readWord(strap) & strapMask) !== 0;
  return { value: low ? "1.8V" : "3.3V", source: "strap" };
}
