/** From a crash's registers and stack to the calls that led there. */

import type { FrameRule, FrameTable } from "../image/dwarf_frames.ts";

/** What a crash report says. */
export interface CrashState {
  /** The address of the instruction that crashed. */
  readonly pc: number;
  /** Registers by their DWARF numbers. */
  readonly registers: ReadonlyMap<number, number>;
  /** Words of memory by their address. */
  readonly memory: ReadonlyMap<number, number>;
}

/** The calls, as far as they could be followed. */
export interface Unwound {
  /** Return addresses, the innermost first. */
  readonly returns: readonly number[];
  /** Where the stack of the last caller begins: what is above it has not been looked at. */
  readonly stackPointer: number;
  /** Whether the outermost function was reached: its return address is 0. */
  readonly complete: boolean;
}

/** RISC-V psABI: the DWARF number of a register is its own, and these stay the same over a call. */
const STACK_POINTER = 2;
const MAX_FRAMES = 64;

/** Follows the return addresses by the program's unwind data. */
export function unwind(frames: FrameTable, crash: CrashState): Unwound {
  const returns: number[] = [];
  let { pc, registers } = crash;
  let complete = false;
  while (!complete && returns.length < MAX_FRAMES) {
    const isCrash = returns.length === 0;
    const rule = frames.find(isCrash ? pc : pc - 1);
    const caller = rule && callerOf(rule, registers, crash.memory);
    const next = rule && caller?.get(rule.returnRegister);
    if (rule === undefined || caller === undefined || next === undefined) break;
    // Only the function that crashed may have its return address, and its caller's stack pointer, where they were.
    const goesOn = rule.saved.has(rule.returnRegister) &&
      stackOf(caller) > stackOf(registers);
    if (!isCrash && !goesOn) break;
    registers = caller;
    pc = next;
    complete = next === 0;
    if (!complete) returns.push(next);
  }
  return { returns, stackPointer: stackOf(registers), complete };
}

/** The registers as they were when a function was called; `undefined` if its frame cannot be found. */
function callerOf(
  { cfaRegister, cfaOffset, saved }: FrameRule,
  registers: ReadonlyMap<number, number>,
  memory: ReadonlyMap<number, number>,
): ReadonlyMap<number, number> | undefined {
  const base = registers.get(cfaRegister);
  if (base === undefined) return undefined;
  const frame = (base + cfaOffset) >>> 0;
  const caller = new Map(registers);
  for (const [register, offset] of saved) {
    const value = offset === undefined
      ? undefined
      : memory.get((frame + offset) >>> 0);
    if (value === undefined) caller.delete(register);
    else caller.set(register, value);
  }
  return caller.set(STACK_POINTER, frame);
}

function stackOf(registers: ReadonlyMap<number, number>): number {
  return registers.get(STACK_POINTER) ?? 0;
}
