/**
 * FORCE_DOWNLOAD_BOOT: what a program sets to have the next reset end in the
 * loader, whatever the straps say.
 *
 * @module
 */

import type { ChipFamily } from "../chips/family.ts";
import { type ResetCause, siliconOf } from "./_silicon.ts";
import type { MemoryMap } from "./memory_map.ts";

/** The flag, which outlives some resets. */
export class ForcedDownload {
  /** Whether it is set. */
  isSet = false;
  readonly #chip: ChipFamily;
  readonly #memory: MemoryMap;

  constructor(chip: ChipFamily, memory: MemoryMap) {
    this.#chip = chip;
    this.#memory = memory;
  }

  /** Becomes what the chip finds after a reset. */
  reset(cause: ResetCause): void {
    const { forceDownloadBoot: flag } = this.#chip.registers;
    if (cause === "watchdog" && flag !== undefined) {
      const { keepsForcedDownload = false } = siliconOf(this.#chip);
      const word = this.#memory.readWord(flag.address);
      this.isSet = keepsForcedDownload && (word & flag.mask) !== 0;
    } else if (cause !== "software") {
      this.isSet = false;
    }
  }

  /** Shows it in its register, once the others have been cleared. */
  show(): void {
    const { forceDownloadBoot: flag } = this.#chip.registers;
    if (flag === undefined || !this.isSet) return;
    this.#memory.writeWord(flag.address, flag.mask);
  }
}
