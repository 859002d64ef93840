import type { WatchdogRegisters } from "../chips/family.ts";
import type { MemoryMap } from "./memory_map.ts";

const ENABLE = 2 ** 31;
/** What the first stage does when its time is over: bits 28 to 30 of CONFIG0; 0 is nothing. */
const STAGE0_SHIFT = 28;

/**
 * The RTC watchdog, as far as a host uses it: to reset a chip that has no EN
 * line. It bites when its registers are locked again, its time being over soon
 * after.
 */
export function installWatchdog(
  memory: MemoryMap,
  registers: WatchdogRegisters,
  bite: () => void,
): void {
  const unlocked = () =>
    memory.read(registers.writeProtect, 4).some((byte, i) =>
      byte !== (registers.key >>> 8 * i & 0xff)
    ) === false;
  const guarded = (address: number) => ({
    write: (value: number) => unlocked() ? value : memory.readWord(address),
  });
  memory.define(registers.config0, guarded(registers.config0));
  memory.define(registers.config1, guarded(registers.config1));
  memory.define(registers.writeProtect, {
    write: (value) => {
      const config = memory.readWord(registers.config0);
      const armed = (config & ENABLE) !== 0 &&
        (config >>> STAGE0_SHIFT & 7) !== 0;
      if (armed && value !== registers.key) bite();
      return value;
    },
  });
}
