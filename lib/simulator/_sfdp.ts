import { encodeUint32 } from "../bytes.ts";

/** "SFDP", little-endian. */
const SIGNATURE = 0x5044_4653;
/** Revision 1.0, one parameter header. */
const HEADER = 0xff00_0100;
/** Basic table, revision 1.0, nine words. */
const BASIC_TABLE = 0x0901_0000;
const BASIC_TABLE_AT = 0x30;

/**
 * Builds a JESD216 (2011) table: header, one parameter header and the basic
 * flash parameters, of which only the density depends on the size.
 */
export function buildSfdp(size: number): Uint8Array {
  const table = new Uint8Array(BASIC_TABLE_AT + 9 * 4).fill(0xff);
  table.set(
    encodeUint32(SIGNATURE, HEADER, BASIC_TABLE, 0xff00_0000 | BASIC_TABLE_AT),
  );
  table.set(
    encodeUint32(
      0xfff1_20e5, // 4 KiB erase by 20h, three address bytes, dual and quad reads
      size * 8 - 1, // density in bits, less one
      0x6b08_eb44, // 1-4-4 by EBh, 1-1-4 by 6Bh
      0xbb42_3b08, // 1-1-2 by 3Bh, 1-2-2 by BBh
      0xffff_ffee, // neither 2-2-2 nor 4-4-4
      0xff00_ffff,
      0xff00_ffff,
      0x520f_200c, // erase 4 KiB by 20h, 32 KiB by 52h
      0xff00_d810, // erase 64 KiB by D8h
    ),
    BASIC_TABLE_AT,
  );
  return table;
}
