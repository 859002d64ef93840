import { readUint32 } from "../bytes.ts";

/** What a stub says when it runs: "OHAI". */
export const STUB_GREETING: Uint8Array = Uint8Array.of(0x4f, 0x48, 0x41, 0x49);

/**
 * Whether a program in RAM is a flasher stub. It cannot be run here, but every
 * stub holds its greeting: as four bytes on Xtensa, on RISC-V in the upper
 * immediate of a LUI instruction.
 */
export function holdsGreeting(program: Uint8Array): boolean {
  const greeting = readUint32(STUB_GREETING);
  // The lower immediate is signed, so the upper one is rounded.
  const lui = (greeting + 0x800 & 0xffff_f000 | 0x37) >>> 0;
  for (let at = 0; at + 4 <= program.length; at++) {
    const word = readUint32(program, at);
    if (word === greeting || (word & 0xffff_f07f) >>> 0 === lui) return true;
  }
  return false;
}
