/**
 * The supply of an ESP32's flash chip, from the chip's own regulator.
 *
 * @module
 */

import { ChipError } from "../errors.ts";
import type { ResetOptions } from "./reset.ts";
import type { Loader } from "./loader.ts";

/** What VDD_SDIO is to be: 1.8 V, the most that the regulator can make of it, or no supply by the chip. */
export type VddSdio = "1.8V" | "1.9V" | "OFF";

/**
 * RTC_CNTL_SDIO_CONF_REG (ESP32 TRM, chapter 31): RTC_CNTL_SDIO_FORCE and
 * RTC_CNTL_SDIO_PD_EN, so that the register decides and not the strap and the
 * eFuse; RTC_CNTL_XPD_SDIO_VREG switches the regulator on, and the three
 * RTC_CNTL_DREF fields turn it up. RTC_CNTL_SDIO_TIEH, for 3.3 V, stays zero.
 */
const FORCED = 1 << 22 | 1 << 21;
const POWER_UP = 1 << 31;
const TURNED_UP = 0b111111 << 25;

const VALUES: Readonly<Record<VddSdio, number>> = {
  "1.8V": (FORCED | POWER_UP) >>> 0,
  "1.9V": (FORCED | POWER_UP | TURNED_UP) >>> 0,
  OFF: FORCED,
};

/**
 * Sets the supply of the flash chip until the next reset.
 *
 * @throws {ChipError} `chip-lacks` if the chip is no ESP32.
 */
export async function overrideVddSdio(
  loader: Loader,
  value: VddSdio,
  { signal, onProgress }: ResetOptions = {},
): Promise<void> {
  const { chip, port } = loader;
  const { sdioConf } = chip.registers;
  if (sdioConf === undefined) {
    throw new ChipError(
      `Cannot set VDD_SDIO to ${value}: the ${chip.name} has no such regulator`,
      { code: "chip-lacks", hint: "Leave --override-vddsdio out." },
    );
  }
  await loader.writeReg(sdioConf, VALUES[value], { signal });
  onProgress?.({ kind: "note", port, message: `VDD_SDIO is set to ${value}` });
}
