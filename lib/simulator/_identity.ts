import type { ChipFamily } from "../chips/family.ts";
import { MAGIC_ADDRESS } from "../chips/registry.ts";
import { parseRevision } from "./_parse_options.ts";
import { siliconOf } from "./_silicon.ts";
import { uartClkDiv } from "./_uart.ts";
import { installWatchdog } from "./_watchdog.ts";
import type { VirtualBoardOptions } from "./board_options.ts";
import { buildIdentityWords } from "./efuse.ts";
import type { MemoryMap } from "./memory_map.ts";

/** TIMG_RTCCALICFG1: the count stands from bit 7 on. */
const CALIBRATION_SHIFT = 7;

/** Puts the words that say what the chip is into its address space. */
export function defineIdentity(
  chip: ChipFamily,
  memory: MemoryMap,
  mac: Uint8Array,
  options: VirtualBoardOptions,
): void {
  const silicon = siliconOf(chip);
  const { fields, revision, registers } = options;
  const words = buildIdentityWords(chip, {
    mac,
    macCrc: silicon.macCrc,
    fields: {
      ...silicon.fields,
      ...(revision === undefined ? {} : parseRevision(revision)),
      ...fields,
    },
  });
  for (const [address, value] of Object.entries(silicon.words)) {
    const old = words.get(Number(address)) ?? 0;
    words.set(Number(address), (old | value) >>> 0);
  }
  words.set(MAGIC_ADDRESS, silicon.magic);
  if (silicon.crystalGuess !== undefined) {
    // The count is of crystal cycles.
    const { calibration } = silicon.crystalGuess;
    const { crystalMhz = silicon.crystalMhz } = options;
    const count = (words.get(calibration) ?? 0) >>> CALIBRATION_SHIFT;
    const scaled = Math.round(count * crystalMhz / silicon.crystalMhz);
    words.set(calibration, scaled << CALIBRATION_SHIFT);
  }
  for (const [address, value] of Object.entries(registers ?? {})) {
    words.set(Number(address), value);
  }
  for (const [address, value] of words) memory.fix(address, value);
}

/** What the registers of a running chip depend on. */
export interface LiveState {
  /** The crystal, in hertz. */
  readonly crystalHz: number;
  /** The UART's speed, in baud. */
  readonly baudRate: () => number;
  /** Whether the straps said download mode. */
  readonly download: () => boolean;
  /** The watchdog's time is over. */
  readonly onBite: () => void;
}

/** Puts the registers that show the chip's state into its address space. */
export function defineRegisters(
  chip: ChipFamily,
  memory: MemoryMap,
  state: LiveState,
): void {
  const { uartClkDiv: divider, watchdog } = chip.registers;
  const { uartMultiple, uartFraction, strap } = siliconOf(chip);
  const clock = state.crystalHz * uartMultiple;
  memory.define(divider, {
    read: () => uartClkDiv(clock, state.baudRate(), uartFraction),
  });
  const pins = chip.registers.strap;
  if (strap !== undefined && pins !== undefined) {
    memory.define(pins.address, {
      read: () => state.download() ? strap & ~pins.mask : strap,
    });
  }
  if (watchdog?.resets) installWatchdog(memory, watchdog, state.onBite);
}
