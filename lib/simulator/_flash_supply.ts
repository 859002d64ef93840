/**
 * The supply of the flash chip, on chips that come up with it off.
 *
 * @module
 */

import type { ChipFamily } from "../chips/family.ts";
import { readField } from "./_security.ts";
import { siliconOf, type SupplyBits } from "./_silicon.ts";
import type { MemoryMap } from "./memory_map.ts";

/** Whether the flash chip has its supply now. */
export function isFlashPowered(chip: ChipFamily, memory: MemoryMap): boolean {
  const { flashSupply } = siliconOf(chip);
  if (flashSupply === undefined) return true;
  const { revisions, switches, romDoes } = flashSupply;
  const field = (name: string) => readField(chip, memory, name);
  const revision = field("majorRevision") * 100 + field("minorRevision");
  if (!revisions.includes(revision)) return true;
  const isSet = ({ address, mask }: SupplyBits) =>
    (memory.readWord(address) & mask) === mask;
  const byRom = revision === revisions.at(-1) && isSet(romDoes);
  return byRom || switches.every(isSet);
}
