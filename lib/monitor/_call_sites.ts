/** Whether an address is behind a call: what a return address is. */

import type { ElfMachine } from "../image/elf.ts";
import { viewOf } from "../bytes.ts";

/**
 * Whether the instruction that ends at `at` is a call.
 *
 * Sources: RISC-V Unprivileged ISA, chapters "RV32I" and "C" (JAL and JALR with
 * rd = ra, C.JAL, C.JALR); Xtensa ISA Reference Manual (CALL0 to CALL12, CALLX0
 * to CALLX12).
 */
export function endsCall(
  machine: ElfMachine,
  code: Uint8Array,
  at: number,
): boolean {
  return machine === "riscv"
    ? endsRiscvCall(viewOf(code), at)
    : endsXtensaCall(code, at);
}

function endsRiscvCall(code: DataView, at: number): boolean {
  if (at < 2 || at % 2 !== 0) return false;
  const half = code.getUint16(at - 2, true);
  const compressed = (half & 0xe003) === 0x2001 || // c.jal
    (half & 0xf07f) === 0x9002 && half !== 0x9002; // c.jalr; 0x9002 is c.ebreak
  if (compressed) return true;
  if (at < 4) return false;
  const word = code.getUint32(at - 4, true);
  return (word & 0xfff) === 0x0ef || // jal ra
    (word & 0x7fff) === 0x00e7; // jalr ra
}

function endsXtensaCall(code: Uint8Array, at: number): boolean {
  if (at < 3) return false;
  const [first = 0, second = 0, third = 0] = code.subarray(at - 3, at);
  return (first & 0x0f) === 0x05 || // call0, 4, 8, 12
    (first & 0xcf) === 0xc0 && (second & 0xf0) === 0 && third === 0; // callx…
}
