/** How values are written in debug data. Source: DWARF 5, section 7.5.6. */

import { DwarfCursor } from "./_dwarf_cursor.ts";

/** Where texts are that stand elsewhere. */
export interface DwarfTexts {
  /** `.debug_str`. */
  readonly str: Uint8Array;
  /** `.debug_line_str`. */
  readonly lineStr: Uint8Array;
}

/** What the size of some forms depends on. */
export interface FormSizes {
  /** The version of the unit. */
  readonly version: number;
  /** Bytes of an address. */
  readonly addressSize: number;
}

const FORM = {
  addr: 0x01,
  block2: 0x03,
  block4: 0x04,
  data2: 0x05,
  data4: 0x06,
  string: 0x08,
  block: 0x09,
  block1: 0x0a,
  data1: 0x0b,
  sdata: 0x0d,
  strp: 0x0e,
  udata: 0x0f,
  refAddr: 0x10,
  refUdata: 0x15,
  secOffset: 0x17,
  exprloc: 0x18,
  strx: 0x1a,
  addrx: 0x1b,
  lineStrp: 0x1f,
  loclistx: 0x22,
  rnglistx: 0x23,
} as const;

/** Bytes of the forms that always have as many. */
const SIZES: ReadonlyMap<number, number> = new Map([
  [0x05, 2], // data2
  [0x06, 4], // data4
  [0x07, 8], // data8
  [0x0b, 1], // data1
  [0x0c, 1], // flag
  [0x0e, 4], // strp
  [0x11, 1], // ref1
  [0x12, 2], // ref2
  [0x13, 4], // ref4
  [0x14, 8], // ref8
  [0x17, 4], // sec_offset
  [0x19, 0], // flag_present
  [0x1c, 4], // ref_sup4
  [0x1d, 4], // strp_sup
  [0x1e, 16], // data16
  [0x1f, 4], // line_strp
  [0x20, 8], // ref_sig8
  [0x21, 0], // implicit_const: the value is in the abbreviation
  [0x24, 8], // ref_sup8
  [0x25, 1], // strx1
  [0x26, 2], // strx2
  [0x27, 3], // strx3
  [0x28, 4], // strx4
  [0x29, 1], // addrx1
  [0x2a, 2], // addrx2
  [0x2b, 3], // addrx3
  [0x2c, 4], // addrx4
]);

/**
 * Goes past a value.
 *
 * @throws {ImageError} If the form is not known.
 */
export function skipForm(
  cursor: DwarfCursor,
  form: number,
  sizes: FormSizes,
): void {
  const size = SIZES.get(form);
  if (size !== undefined) return cursor.skip(size);
  switch (form) {
    case FORM.addr:
      return cursor.skip(sizes.addressSize);
    case FORM.refAddr:
      return cursor.skip(sizes.version <= 2 ? sizes.addressSize : 4);
    case FORM.block1:
      return cursor.skip(cursor.u8());
    case FORM.block2:
      return cursor.skip(cursor.u16());
    case FORM.block4:
      return cursor.skip(cursor.u32());
    case FORM.block:
    case FORM.exprloc:
      return cursor.skip(cursor.uleb());
    case FORM.string:
      return cursor.skipString();
    case FORM.sdata:
    case FORM.udata:
    case FORM.refUdata:
    case FORM.strx:
    case FORM.addrx:
    case FORM.loclistx:
    case FORM.rnglistx:
      return void cursor.uleb();
    default:
      throw cursor.error(`form 0x${form.toString(16)} is not known`);
  }
}

/** Reads a number, or goes past what is none. */
export function readNumber(
  cursor: DwarfCursor,
  form: number,
  sizes: FormSizes,
): number | undefined {
  switch (form) {
    case FORM.data1:
      return cursor.u8();
    case FORM.data2:
      return cursor.u16();
    case FORM.data4:
    case FORM.secOffset:
      return cursor.u32();
    case FORM.udata:
      return cursor.uleb();
    default:
      return void skipForm(cursor, form, sizes);
  }
}

/** Reads a text, or goes past what is none, or needs a table that only split files have. */
export function readText(
  cursor: DwarfCursor,
  form: number,
  sizes: FormSizes,
  texts: DwarfTexts,
): string | undefined {
  switch (form) {
    case FORM.string:
      return cursor.string();
    case FORM.strp:
      return new DwarfCursor(texts.str, ".debug_str", cursor.u32()).string();
    case FORM.lineStrp:
      return new DwarfCursor(texts.lineStr, ".debug_line_str", cursor.u32())
        .string();
    default:
      return void skipForm(cursor, form, sizes);
  }
}
