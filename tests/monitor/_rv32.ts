/** Runs RV32I programs, so that a test has registers and a stack that no decoder made. Source: RISC-V Unprivileged ISA. */

const EBREAK = 0x0010_0073;
const MAX_STEPS = 100_000;

export class Rv32 {
  pc: number;
  readonly x = new Int32Array(32);
  readonly #memory = new Map<number, number>();

  constructor(pc: number, stackPointer: number) {
    this.pc = pc;
    this.x[2] = stackPointer;
  }

  load(address: number, data: Uint8Array): void {
    data.forEach((byte, i) => this.#memory.set(address + i, byte));
  }

  word(address: number): number {
    return this.#read(address, 4) >>> 0;
  }

  /** Runs up to an EBREAK, and stays at it. */
  run(): void {
    for (let i = 0; i < MAX_STEPS; i++) {
      const word = this.word(this.pc);
      if (word === EBREAK) return;
      this.#step(word);
      this.x[0] = 0;
    }
    throw new Error("the program does not come to an end");
  }

  #step(word: number): void {
    const rd = word >>> 7 & 31;
    const a = this.x[word >>> 15 & 31] ?? 0;
    const b = this.x[word >>> 20 & 31] ?? 0;
    const funct3 = word >>> 12 & 7;
    const immediate = word >> 20;
    const next = this.pc + 4;
    let target = next;
    switch (word & 0x7f) {
      case 0x37:
        this.x[rd] = word & 0xffff_f000;
        break;
      case 0x17:
        this.x[rd] = this.pc + (word & 0xffff_f000);
        break;
      case 0x6f:
        target = this.pc + jumpOffset(word);
        this.x[rd] = next;
        break;
      case 0x67:
        target = a + immediate & ~1;
        this.x[rd] = next;
        break;
      case 0x63:
        if (branches(funct3, a, b)) target = this.pc + branchOffset(word);
        break;
      case 0x03:
        this.x[rd] = this.#load(funct3, a + immediate);
        break;
      case 0x23:
        this.#store(funct3, a + (word >> 25 << 5 | rd), b);
        break;
      case 0x13:
        this.x[rd] = calculate(
          funct3,
          a,
          immediate,
          funct3 === 5 && (word >>> 30 & 1) === 1,
        );
        break;
      case 0x33:
        this.x[rd] = calculate(funct3, a, b, (word >>> 30 & 1) === 1);
        break;
      default:
        throw new Error(`no instruction: 0x${word.toString(16)}`);
    }
    this.pc = target >>> 0;
  }

  #load(funct3: number, address: number): number {
    const value = this.#read(address >>> 0, 1 << (funct3 & 3));
    if (funct3 === 0) return value << 24 >> 24;
    if (funct3 === 1) return value << 16 >> 16;
    return value;
  }

  #store(funct3: number, address: number, value: number): void {
    for (let i = 0; i < 1 << funct3; i++) {
      this.#memory.set((address >>> 0) + i, value >>> 8 * i & 0xff);
    }
  }

  #read(address: number, size: number): number {
    let value = 0;
    for (let i = 0; i < size; i++) {
      value |= (this.#memory.get(address + i) ?? 0) << 8 * i;
    }
    return value;
  }
}

function calculate(
  funct3: number,
  a: number,
  b: number,
  other: boolean,
): number {
  switch (funct3) {
    case 0:
      return other ? a - b : a + b;
    case 1:
      return a << (b & 31);
    case 2:
      return a < b ? 1 : 0;
    case 3:
      return a >>> 0 < b >>> 0 ? 1 : 0;
    case 4:
      return a ^ b;
    case 5:
      return other ? a >> (b & 31) : a >>> (b & 31);
    case 6:
      return a | b;
    default:
      return a & b;
  }
}

function branches(funct3: number, a: number, b: number): boolean {
  const holds = funct3 < 2 ? a === b : funct3 < 6 ? a < b : a >>> 0 < b >>> 0;
  return holds !== ((funct3 & 1) === 1);
}

function branchOffset(word: number): number {
  return word >> 31 << 12 | (word >>> 7 & 1) << 11 | (word >>> 25 & 0x3f) << 5 |
    (word >>> 8 & 0xf) << 1;
}

function jumpOffset(word: number): number {
  return word >> 31 << 20 | (word >>> 12 & 0xff) << 12 |
    (word >>> 20 & 1) << 11 | (word >>> 21 & 0x3ff) << 1;
}
