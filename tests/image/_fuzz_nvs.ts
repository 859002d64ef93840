/**
 * What a fuzz run of NVS partitions, key partitions and CSV starts from, and
 * what it feeds. `parse` may throw an `ImageError`, or for text a `SyntaxError`;
 * a `RangeError` where a value is out of its range.
 */

import { concatBytes, viewOf } from "../../lib/bytes.ts";
import { ITEM_TYPE } from "../../lib/image/_nvs_item.ts";
import {
  ENTRIES_PER_PAGE,
  nvsCrc,
  pagesOf,
} from "../../lib/image/_nvs_page.ts";
import {
  buildNvs,
  editNvs,
  encodeNvsKeys,
  formatNvsCsv,
  type NvsContents,
  parseNvs,
  parseNvsCsv,
  parseNvsKeys,
  u8,
} from "../../lib/image/mod.ts";
import type { FuzzTarget } from "./_fuzz.ts";
import {
  NVS_CSV,
  NVS_KEYS,
  NVS_LINES,
  NVS_LINES_ENCRYPTED,
  NVS_LINES_V1,
  partitionOf,
} from "./_nvs_vectors.ts";

const FULL = buildNvs({
  a: Object.fromEntries(
    Array.from({ length: 100 }, (_, i) => [`n${i}`, u8(i)]),
  ),
  b: { blob: new Uint8Array(5000), text: "x".repeat(100) },
}, { size: 0x4000 });

const EDITED = editNvs(FULL, {
  a: { n1: null, n2: u8(200) },
  b: { blob: new Uint8Array(3000) },
}).partition;

/** The decoders of this folder's NVS modules. */
export const NVS_TARGETS: readonly FuzzTarget[] = [
  {
    name: "NVS partition",
    seeds: [partitionOf(NVS_LINES), partitionOf(NVS_LINES_V1), FULL, EDITED],
    parse(bytes) {
      const { contents } = parseNvs(bytes);
      formatNvsCsv(contents);
      const { partition } = editNvs(bytes, {
        w: { k: u8(1), text: "y".repeat(50) },
      });
      checkKept(contents, parseNvs(partition).contents);
    },
  },
  {
    name: "NVS partition with right checksums",
    seeds: [partitionOf(NVS_LINES), partitionOf(NVS_LINES_V1), FULL, EDITED],
    parse(bytes) {
      const mended = mendChecksums(bytes);
      parseNvs(mended);
      editNvs(mended, { w: { k: u8(1), blob: new Uint8Array(500) } });
    },
  },
  {
    name: "encrypted NVS partition",
    seeds: [partitionOf(NVS_LINES_ENCRYPTED)],
    parse: (bytes) =>
      void editNvs(bytes, { w: { k: u8(1) } }, { keys: NVS_KEYS }),
  },
  {
    name: "NVS keys",
    seeds: [encodeNvsKeys(NVS_KEYS), encodeNvsKeys(NVS_KEYS).subarray(0, 68)],
    parse: (bytes) => void parseNvsKeys(bytes),
  },
  {
    name: "NVS CSV",
    seeds: [
      NVS_CSV,
      'key,type,encoding,value\r\n# c\r\nw,namespace\r\np,data,string,"a\r\n""b"""\r\n',
      "key,type,encoding,value\nw,namespace,,\na,data,blob_fill(9;0xFF),x\nb,data,base64,AQID\nc,data,i64,-5\n",
    ].map((text) => new TextEncoder().encode(text)),
    parse: (bytes) =>
      void buildNvs(parseNvsCsv(new TextDecoder().decode(bytes)), {
        size: 0x4000,
      }),
  },
];

/** Gives all that looks like a page or an item the checksum that it should have, so that what is behind that is reached. */
function mendChecksums(bytes: Uint8Array): Uint8Array {
  const mended = bytes.slice();
  for (const page of pagesOf(mended)) {
    const header = viewOf(page.bytes);
    header.setUint32(28, nvsCrc(page.bytes.subarray(4, 28)), true);
    for (let index = 0; index < ENTRIES_PER_PAGE; index++) {
      const entry = page.entries(index);
      const known = Object.values(ITEM_TYPE).some((type) => type === entry[1]);
      if (!known) continue;
      const crc = nvsCrc(
        concatBytes([entry.subarray(0, 4), entry.subarray(8)]),
      );
      viewOf(entry).setUint32(4, crc, true);
    }
  }
  return mended;
}

/** Every key that was read before an edit must be there after it. */
function checkKept(before: NvsContents, after: NvsContents): void {
  for (const [name, values] of before) {
    for (const [key, { kind }] of values) {
      if (name === "w") continue;
      if (after.get(name)?.get(key)?.kind === kind) continue;
      throw new Error("An edit has lost a key");
    }
  }
}
