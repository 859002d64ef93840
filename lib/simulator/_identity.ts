import type { ChipFamily } from "../chips/family.ts";
import { MAGIC_ADDRESS } from "../chips/registry.ts";
import { parseRevision } from "./_parse_options.ts";
import { securityFields } from "./_security.ts";
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
      ...securityFields(chip, options),
      ...(revision === undefined ? {} : parseRevision(revision)),
      ...fields,
    },
  });
  for (const [address, value] of Object.entries(silicon.words)) {
    const old = words.get(Number(address)) ?? 0;
    words.set(Number(address), (old | value) >>> 0);
  }
  words.set(MAGIC_ADDRESS, silicon.magic);
  const { crystalMhz = silicon.crystalMhz } = options;
  const { crystalGuess } = silicon;
  if (crystalGuess?.kind === "register") {
    words.set(crystalGuess.address, crystalMhz << crystalGuess.shift);
  } else if (crystalGuess?.kind === "calibrated") {
    // The count is of crystal cycles.
    const { calibration } = crystalGuess;
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
  /** How the host is connected. */
  readonly usb: VirtualBoardOptions["usb"];
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
  const { portVariable } = chip.usb ?? {};
  const port = state.usb === "otg"
    ? portVariable?.otg
    : state.usb === "jtag"
    ? portVariable?.jtag
    : 0;
  if (portVariable !== undefined && port !== undefined) {
    memory.fix(portVariable.address, port);
  }
  if (watchdog?.resets) installWatchdog(memory, watchdog, state.onBite);
}
