/** A line program: the rows of a line table, made by a small machine. Source: DWARF 5, section 6.2. */

import type { DwarfCursor } from "./_dwarf_cursor.ts";
import type { LineHeader } from "./_dwarf_line_header.ts";

/** The machine's registers that matter here. */
export interface LineRow {
  address: number;
  /** The file's number in the unit. */
  file: number;
  /** 0 if no line is the origin. */
  line: number;
}

/** Told what a program does. */
export interface LineListener {
  /** A row: what stands in it is true from its address on. @returns Whether to stop. */
  row(row: Readonly<LineRow>): boolean;
  /** A sequence of rows ends before this address. @returns Whether to stop. */
  end(address: number): boolean;
  /** A file is named at this offset. */
  file?(offset: number): void;
}

const STANDARD = {
  copy: 1,
  advancePc: 2,
  advanceLine: 3,
  setFile: 4,
  constAddPc: 8,
  fixedAdvancePc: 9,
} as const;
const EXTENDED = { endSequence: 1, setAddress: 2, defineFile: 3 } as const;

/** Runs the program from where the cursor is, which must be the start of a sequence. */
export function runLineProgram(
  header: LineHeader,
  cursor: DwarfCursor,
  listener: LineListener,
): void {
  const machine = new LineMachine(header, cursor, listener);
  while (!cursor.isDone && !machine.step());
}

class LineMachine {
  readonly #header: LineHeader;
  readonly #cursor: DwarfCursor;
  readonly #listener: LineListener;
  readonly #row: LineRow = { address: 0, file: 1, line: 1 };
  #operation = 0;

  constructor(
    header: LineHeader,
    cursor: DwarfCursor,
    listener: LineListener,
  ) {
    this.#header = header;
    this.#cursor = cursor;
    this.#listener = listener;
  }

  /** Runs one opcode; yields whether to stop. */
  step(): boolean {
    const { opcodeBase, lineBase, lineRange } = this.#header;
    const opcode = this.#cursor.u8();
    if (opcode < opcodeBase) {
      return opcode === 0 ? this.#extended() : this.#standard(opcode);
    }
    const special = opcode - opcodeBase;
    this.#advance(Math.floor(special / lineRange));
    this.#row.line += lineBase + special % lineRange;
    return this.#listener.row(this.#row);
  }

  #standard(opcode: number): boolean {
    const cursor = this.#cursor;
    const { opcodeBase, lineRange, operands } = this.#header;
    switch (opcode) {
      case STANDARD.copy:
        return this.#listener.row(this.#row);
      case STANDARD.advancePc:
        this.#advance(cursor.uleb());
        return false;
      case STANDARD.advanceLine:
        this.#row.line += cursor.sleb();
        return false;
      case STANDARD.setFile:
        this.#row.file = cursor.uleb();
        return false;
      case STANDARD.constAddPc:
        this.#advance(Math.floor((255 - opcodeBase) / lineRange));
        return false;
      case STANDARD.fixedAdvancePc:
        this.#move(cursor.u16());
        this.#operation = 0;
        return false;
      default:
        for (let i = operands[opcode - 1] ?? 0; i > 0; i--) cursor.uleb();
        return false;
    }
  }

  #extended(): boolean {
    const cursor = this.#cursor;
    const size = cursor.uleb();
    const start = cursor.at;
    if (size === 0) return false;
    let stop = false;
    switch (cursor.u8()) {
      case EXTENDED.endSequence:
        stop = this.#listener.end(this.#row.address);
        Object.assign(this.#row, { address: 0, file: 1, line: 1 });
        this.#operation = 0;
        break;
      case EXTENDED.setAddress:
        this.#row.address = cursor.u32();
        this.#operation = 0;
        break;
      case EXTENDED.defineFile:
        this.#listener.file?.(cursor.at);
        break;
    }
    cursor.at = start;
    cursor.skip(size);
    return stop;
  }

  /** Goes on by instructions, or by operations within one. */
  #advance(operations: number): void {
    const { minLength, maxOperations } = this.#header;
    const total = this.#operation + operations;
    this.#move(minLength * Math.floor(total / maxOperations));
    this.#operation = total % maxOperations;
  }

  #move(bytes: number): void {
    this.#row.address = (this.#row.address + bytes) >>> 0;
  }
}
