/** The instructions of call frame information. Source: DWARF 5, sections 6.4.2 and 7.24. */

import type { DwarfCursor } from "./_dwarf_cursor.ts";

/** What is known at one address. */
export interface FrameState {
  /** The frame's address; `undefined` if it takes an expression. */
  cfa: { readonly register: number; readonly offset: number } | undefined;
  /** Where registers are saved, from the frame's address; `undefined` if one is lost. */
  saved: Map<number, number | undefined>;
}

/** A program, and how far to run it. */
export interface FrameProgram {
  readonly cursor: DwarfCursor;
  /** The function's address. */
  readonly start: number;
  /** The address whose state is wanted. */
  readonly address: number;
  /** Bytes of code, and bytes of the stack, in which the program counts. */
  readonly codeFactor: number;
  readonly dataFactor: number;
  /** What is so at the function's start. */
  readonly initial?: FrameState | undefined;
}

/** How many states may be remembered at once; compilers need one or two. */
const MAX_DEPTH = 64;

/** Runs a program up to an address. */
export function runFrameProgram(program: FrameProgram): FrameState {
  return new FrameMachine(program).run();
}

class FrameMachine {
  readonly #program: FrameProgram;
  readonly #cursor: DwarfCursor;
  readonly #remembered: FrameState[] = [];
  #state: FrameState;
  #at: number;

  constructor(program: FrameProgram) {
    this.#program = program;
    this.#cursor = program.cursor;
    this.#state = copy(program.initial ?? { cfa: undefined, saved: new Map() });
    this.#at = program.start;
  }

  run(): FrameState {
    // What follows an advance past the address is of later code.
    while (!this.#cursor.isDone && this.#at <= this.#program.address) {
      const opcode = this.#cursor.u8();
      this.#step(opcode >> 6, opcode & 0x3f);
    }
    return this.#state;
  }

  #step(high: number, low: number): void {
    const { dataFactor } = this.#program;
    switch (high) {
      case 1:
        return this.#advance(low);
      case 2:
        return void this.#state.saved.set(
          low,
          this.#cursor.uleb() * dataFactor,
        );
      case 3:
        return this.#restore(low);
      default:
        return this.#extended(low);
    }
  }

  #extended(opcode: number): void {
    const cursor = this.#cursor;
    const { saved } = this.#state;
    const { dataFactor } = this.#program;
    switch (opcode) {
      case 0x00: // nop
        return;
      case 0x01: // set_loc
        this.#at = cursor.u32();
        return;
      case 0x02: // advance_loc1, 2, 4
        return this.#advance(cursor.u8());
      case 0x03:
        return this.#advance(cursor.u16());
      case 0x04:
        return this.#advance(cursor.u32());
      case 0x05: // offset_extended
        return void saved.set(cursor.uleb(), cursor.uleb() * dataFactor);
      case 0x06: // restore_extended
        return this.#restore(cursor.uleb());
      case 0x07: // undefined
        return void saved.set(cursor.uleb(), undefined);
      case 0x08: // same_value
        return void saved.delete(cursor.uleb());
      case 0x09: // register: in another one, which nobody keeps
        saved.set(cursor.uleb(), undefined);
        return void cursor.uleb();
      case 0x0a: // remember_state
        if (this.#remembered.length >= MAX_DEPTH) {
          throw cursor.error("states are remembered without end");
        }
        return void this.#remembered.push(copy(this.#state));
      case 0x0b: // restore_state
        this.#state = this.#remembered.pop() ?? this.#state;
        return;
      case 0x11: // offset_extended_sf
        return void saved.set(cursor.uleb(), cursor.sleb() * dataFactor);
      default:
        return this.#frame(opcode);
    }
  }

  /** Instructions about the frame's address. */
  #frame(opcode: number): void {
    const cursor = this.#cursor;
    const { register = 0, offset = 0 } = this.#state.cfa ?? {};
    const { dataFactor } = this.#program;
    switch (opcode) {
      case 0x0c: // def_cfa
        this.#state.cfa = { register: cursor.uleb(), offset: cursor.uleb() };
        return;
      case 0x0d: // def_cfa_register
        this.#state.cfa = { register: cursor.uleb(), offset };
        return;
      case 0x0e: // def_cfa_offset
        this.#state.cfa = { register, offset: cursor.uleb() };
        return;
      case 0x0f: // def_cfa_expression
        this.#state.cfa = undefined;
        return cursor.skip(cursor.uleb());
      case 0x10: // expression
        this.#state.saved.set(cursor.uleb(), undefined);
        return cursor.skip(cursor.uleb());
      case 0x12: // def_cfa_sf
        this.#state.cfa = {
          register: cursor.uleb(),
          offset: cursor.sleb() * dataFactor,
        };
        return;
      case 0x13: // def_cfa_offset_sf
        this.#state.cfa = { register, offset: cursor.sleb() * dataFactor };
        return;
      case 0x2e: // GNU_args_size
        return void cursor.uleb();
      default:
        throw cursor.error(`instruction 0x${opcode.toString(16)} is not known`);
    }
  }

  #advance(units: number): void {
    this.#at += units * this.#program.codeFactor;
  }

  /** Gives a register the rule back that it has at the function's start. */
  #restore(register: number): void {
    const initial = this.#program.initial?.saved;
    if (initial?.has(register)) {
      this.#state.saved.set(register, initial.get(register));
    } else {
      this.#state.saved.delete(register);
    }
  }
}

function copy({ cfa, saved }: FrameState): FrameState {
  return { cfa, saved: new Map(saved) };
}
