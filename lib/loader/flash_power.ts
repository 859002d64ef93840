/**
 * `esp32p4-flash-power`: ESP32-P4 v3.1 and v3.2 come up with their flash's
 * supply off, so that a flash chip for 1.8 V is not given more by mistake.
 *
 * Sources: ESP32-P4 Technical Reference Manual, chapter PMU; what esptool 5.6
 * does to such a chip.
 *
 * @module
 */

import { delay } from "../clock.ts";
import type { CommandOptions } from "./link.ts";
import { readRevision } from "./identity.ts";
import type { Loader } from "./loader.ts";

/** The minor version of major version 3 whose ROM can do this itself. */
const ROM_DOES_FROM = 2;
const MAJOR = 3;
const MINORS: readonly number[] = [1, ROM_DOES_FROM];
/** EFUSE_RD_REPEAT_DATA1: the bit that lets v3.2's ROM do it. */
const ROM_DOES = { address: 0x5012_d034, mask: 0x1_0000 } as const;
/** LP_SYSTEM_REG_ANA_XPD_PAD_GROUP. */
const PAD_GROUP = 0x5011_010c;
/** PMU_EXT_LDO_P0_0P1A_ANA, and its current limit's bit. */
const LDO_ANALOG = { address: 0x5011_51bc, limit: 1 << 27 } as const;
/** PMU_EXT_LDO_P0_0P1A: tied to the input, and the voltage to aim at. */
const LDO = { address: 0x5011_51b8, tied: 1 << 7, target: 0xff << 23 } as const;
/** PMU_DATE, whose two lowest bits force the supply on. */
const FORCE = { address: 0x5011_53fc, on: 3 } as const;
/** How long pads and regulator need, in milliseconds. */
const PADS_SETTLE = 10;
const LDO_SETTLE = 1;

/** Switches the flash's supply on where a chip has left it off. */
export async function powerFlash(
  loader: Loader,
  options: CommandOptions = {},
): Promise<void> {
  if (!loader.chip.quirks.includes("esp32p4-flash-power")) return;
  const { major, minor } = await readRevision(loader, options);
  if (major !== MAJOR || !MINORS.includes(minor)) return;
  const change = async (address: number, clear: number, set: number) => {
    const word = await loader.readReg(address, options);
    await loader.writeReg(address, (word & ~clear | set) >>> 0, options);
  };
  if (minor === ROM_DOES_FROM) {
    const fuses = await loader.readReg(ROM_DOES.address, options);
    // What the ROM has forced on it may not force on again at the next reset.
    if ((fuses & ROM_DOES.mask) !== 0) {
      const forced = await loader.readReg(FORCE.address, options) & FORCE.on;
      if (forced === FORCE.on) await change(FORCE.address, FORCE.on, 0);
      return;
    }
  }
  const { clock } = loader.link;
  await loader.writeReg(PAD_GROUP, 1, options);
  await delay(clock, PADS_SETTLE, options);
  await change(LDO_ANALOG.address, 0, LDO_ANALOG.limit);
  await change(LDO.address, 0, LDO.tied);
  await change(FORCE.address, 0, FORCE.on);
  await delay(clock, LDO_SETTLE, options);
  await change(LDO_ANALOG.address, LDO_ANALOG.limit, 0);
  await change(LDO.address, LDO.target, 0);
  // The voltage that an eFuse names is taken when the regulator is let go.
  await change(LDO.address, 0, LDO.tied);
  await change(LDO.address, LDO.tied, 0);
}
