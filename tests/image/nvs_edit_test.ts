import assert from "node:assert/strict";
import fc from "npm:fast-check@4.10.2";
import { ImageError } from "../../lib/errors.ts";
import {
  buildNvs,
  editNvs,
  type NvsEdit,
  type NvsPartition,
  type NvsValue,
  parseNvs,
  u16,
  u8,
} from "../../lib/image/mod.ts";
import { anyName, anyValue } from "./_nvs_values.ts";
import { NVS_KEYS, NVS_LINES, partitionOf, setHeader } from "./_nvs_vectors.ts";

const FREEING = 0xffff_fff8;
const FULL = 0xffff_fffc;
const PAGE = 0x1000;

/** Each key with its value, for comparing. */
function flat(partition: Uint8Array, keys?: typeof NVS_KEYS): string[] {
  const { contents, issues } = parseNvs(partition, { keys });
  assert.deepEqual(issues, []);
  return [...contents].flatMap(([namespace, values]) =>
    [...values].map(([key, { kind, value }]) =>
      `${namespace}/${key} ${kind} ${
        value instanceof Uint8Array ? value.toHex() : value
      }`
    )
  ).sort();
}

function offsets({ sectors }: NvsEdit): number[] {
  return sectors.map(({ offset }) => offset);
}

/** The hex of one entry, or of the header (-2) or the states (-1). */
function entry(partition: Uint8Array, index: number, page = 0): string {
  const start = page * PAGE + 64 + index * 32;
  return partition.slice(start, start + 32).toHex();
}

/** Numbers that fill that many entries. */
function numbers(count: number): Record<string, NvsValue> {
  return Object.fromEntries(
    Array.from({ length: count }, (_, i) => [`n${i}`, u8(i % 256)]),
  );
}

Deno.test("editNvs writes a new value behind the old one, and marks that as erased", () => {
  const before = partitionOf(NVS_LINES);
  const edit = editNvs(before, { wifi: { chan: u8(11) } });
  assert.deepEqual(flat(edit.partition), [
    "wifi/chan u8 11",
    "wifi/ssid string workshop",
    "wifi/tok blob 010203",
  ]);
  // Entry 3 erased (00), entry 7 written (10), all others as they were.
  assert.equal(entry(edit.partition, -1).slice(0, 8), "2aaaffff");
  assert.equal(entry(edit.partition, 3), NVS_LINES[5]);
  const written = entry(edit.partition, 7);
  assert.match(written, /^010101ff.{8}6368616e0{24}0bf{14}$/);
  assert.deepEqual(edit.sectors, [{
    offset: 0,
    data: edit.partition.subarray(0, PAGE),
    needsErase: false,
  }]);
  assert.equal(before.toHex(), partitionOf(NVS_LINES).toHex());
});

Deno.test("editNvs changes nothing where nothing is to be changed", () => {
  const before = partitionOf(NVS_LINES);
  const edit = editNvs(before, {
    wifi: {
      chan: u8(6),
      ssid: "workshop",
      tok: Uint8Array.of(1, 2, 3),
      x: null,
    },
    none: { x: null },
    empty: {},
  });
  assert.deepEqual(edit.sectors, []);
  assert.equal(edit.partition.toHex(), before.toHex());
});

Deno.test("editNvs erases a key, with all entries of a blob", () => {
  const edit = editNvs(partitionOf(NVS_LINES), { wifi: { tok: null } });
  assert.equal(
    entry(edit.partition, -1).slice(0, 8),
    "aa00ffff".replace("aa00", "aac0"),
  );
  assert.equal(flat(edit.partition).length, 2);
  assert.deepEqual(edit.sectors.map(({ needsErase }) => needsErase), [false]);
});

Deno.test("editNvs replaces a value of another type, and numbers a blob's chunks anew", () => {
  const first = editNvs(partitionOf(NVS_LINES), {
    wifi: { chan: "auto", tok: Uint8Array.of(9) },
  });
  assert.deepEqual(flat(first.partition), [
    "wifi/chan string auto",
    "wifi/ssid string workshop",
    "wifi/tok blob 09",
  ]);
  // String (2), chunk 0x80 (2), index with its first chunk's number.
  assert.match(entry(first.partition, 9), /^01420280/);
  assert.match(entry(first.partition, 11), /^014801ff.*0180ffff$/);
  const second = editNvs(first.partition, { wifi: { tok: Uint8Array.of(8) } });
  assert.match(entry(second.partition, 12), /^01420200/);
});

Deno.test("editNvs gives a new namespace the lowest free number", () => {
  const before = buildNvs({ a: { k: u8(1) }, b: { k: u8(2) } }, {
    size: 0x3000,
  });
  const { partition } = editNvs(before, { c: { k: u16(3) } });
  assert.match(entry(partition, 4), /^000101ff.{8}63.*03f{14}$/);
  assert.match(entry(partition, 5), /^030201ff/);
  assert.deepEqual(flat(partition), ["a/k u8 1", "b/k u8 2", "c/k u16 3"]);
  const blank = new Uint8Array(0x3000).fill(0xff);
  assert.deepEqual(flat(editNvs(blank, { c: { k: u8(1) } }).partition), [
    "c/k u8 1",
  ]);
});

Deno.test("editNvs keeps to version 1 where it finds it", () => {
  const before = buildNvs({ w: { a: u8(1) } }, { size: 0x3000, version: 1 });
  const { partition } = editNvs(before, { w: { b: Uint8Array.of(1) } });
  assert.equal(parseNvs(partition).version, 1);
  assert.match(entry(partition, 2), /^014102ff/);
});

Deno.test("editNvs takes the next page when one is full, and writes that one back first", () => {
  const before = buildNvs({ w: numbers(125) }, { size: 0x4000 });
  const edit = editNvs(before, { w: { more: u8(1), n0: null } });
  assert.deepEqual(offsets(edit), [PAGE, 0]);
  assert.deepEqual(edit.sectors.map(({ needsErase }) => needsErase), [
    false,
    false,
  ]);
  assert.deepEqual(parseNvs(edit.partition).pages.map(({ state }) => state), [
    "full",
    "active",
    "empty",
    "empty",
  ]);
  assert.equal(flat(edit.partition).length, 125);
});

Deno.test("editNvs copies the page with the fewest entries when none but one is empty", () => {
  const before = buildNvs({ w: numbers(251) }, { size: 0x3000 });
  const edit = editNvs(before, { w: { n0: null, n1: u16(1) } });
  // Page 0 has lost two entries; page 2 takes what is left, page 0 is empty.
  assert.deepEqual(offsets(edit), [0x2000, PAGE, 0]);
  assert.deepEqual(edit.sectors.map(({ needsErase }) => needsErase), [
    false,
    false,
    true,
  ]);
  assert.deepEqual(
    parseNvs(edit.partition).pages.map(({ state, sequence }) =>
      `${state} ${sequence}`
    ),
    ["empty undefined", "full 1", "active 2"],
  );
  const kept = flat(before).filter((line) => !/\/n[01] /.test(line));
  assert.deepEqual(flat(edit.partition), [...kept, "w/n1 u16 1"].sort());
});

Deno.test("editNvs says that there is no room, and leaves the partition alone", () => {
  const before = buildNvs({ w: numbers(251) }, { size: 0x3000 });
  const copy = before.slice();
  assert.throws(() => editNvs(before, { w: { more: u8(1) } }), {
    name: "ImageError",
    message: /there is no room, 252 entries are written in 2 of 3 pages/,
  });
  assert.throws(() => editNvs(before, { w: { n0: "longer than one entry" } }), {
    name: "ImageError",
  });
  assert.deepEqual(before, copy);
  const small = buildNvs({ w: numbers(125) }, { size: 0x1000 });
  assert.throws(() => editNvs(small, { w: { more: u8(1) } }), ImageError);
});

Deno.test("editNvs changes an encrypted partition, and only the entries concerned", () => {
  const contents = { w: { a: "secret", b: new Uint8Array(100).fill(0xff) } };
  const before = buildNvs(contents, { size: 0x3000, keys: NVS_KEYS });
  const edit = editNvs(before, {
    w: { a: null, c: new Uint8Array(64).fill(255) },
  }, {
    keys: NVS_KEYS,
  });
  assert.deepEqual(edit.sectors.map(({ needsErase }) => needsErase), [false]);
  assert.deepEqual(flat(edit.partition, NVS_KEYS), [
    `w/b blob ${"ff".repeat(100)}`,
    `w/c blob ${"ff".repeat(64)}`,
  ]);
  assert.throws(() => editNvs(before, { w: { c: u8(1) } }), {
    name: "ImageError",
    hint: /encrypted/,
  });
});

Deno.test("editNvs erases what a loss of power has left half written, before it writes", () => {
  const before = partitionOf(NVS_LINES);
  // An entry that is not marked, and before it one that claims a second that is not there.
  before.set(Uint8Array.fromHex("0101"), 64 + 9 * 32);
  const broken = before.slice();
  const chunk = entry(before, 4);
  broken.set(Uint8Array.fromHex(chunk), 64 + 7 * 32);
  broken[33] = 0xaa; // entries 4 to 7 written; 7 is a chunk that lacks its data
  const { partition } = editNvs(broken, { wifi: { chan: u8(1) } });
  // Entries 7 and 8 with the half chunk, and 9, are erased; the value is in 10.
  assert.equal(entry(partition, -1).slice(0, 8), "2a2ae0ff");
  assert.match(entry(partition, 10), /^010101ff.{8}6368616e/);
  assert.deepEqual(flat(partition), [
    "wifi/chan u8 1",
    "wifi/ssid string workshop",
    "wifi/tok blob 010203",
  ]);
});

Deno.test("editNvs ends the copying of a page that a loss of power has ended", () => {
  // As after page 0 was marked and three of its entries were copied to page 2.
  const before = buildNvs({ w: numbers(200) }, { size: 0x3000 });
  const all = flat(before);
  setHeader(before, 0, { state: FREEING, sequence: 0 });
  setHeader(before, PAGE, { state: FULL, sequence: 1 });
  setHeader(before, 0x2000, { sequence: 2 });
  before.copyWithin(0x2000 + 64, 64, 64 + 3 * 32);
  before[0x2000 + 32] = 0b11_101010;
  assert.deepEqual(flat(before), all);
  const { partition } = editNvs(before, { w: { n7: u16(7) } });
  const wanted = all.with(all.indexOf("w/n7 u8 7"), "w/n7 u16 7").sort();
  assert.deepEqual(flat(partition), wanted);
  checkDevice(partition);
});

Deno.test("editNvs ends a writing back that broke off between two sectors", () => {
  const before = buildNvs({ w: numbers(251) }, { size: 0x3000 });
  const changes = { w: { n0: null, n1: u16(1) } };
  const edit = editNvs(before, changes);
  for (const torn of tornWrites(before, edit)) {
    const again = editNvs(torn, changes);
    assert.deepEqual(flat(again.partition), flat(edit.partition));
    checkDevice(again.partition);
  }
});

Deno.test("editNvs keeps all other keys, and leaves what a device can go on with, through any changes", () => {
  const changes = fc.array(
    fc.tuple(
      fc.constantFrom("a", "b", "c"),
      fc.oneof(fc.constantFrom("k", "l", "m", "n"), anyName),
      fc.option(anyValue, { freq: 4 }),
    ),
    { minLength: 1, maxLength: 25 },
  );
  const run = fc.property(
    changes,
    fc.integer({ min: 3, max: 6 }),
    fc.boolean(),
    (changes, pages, encrypted) => {
      const keys = encrypted ? NVS_KEYS : undefined;
      const model = new Map([["a", new Map<string, NvsValue>([["x", u8(1)]])]]);
      let partition: Uint8Array = buildNvs(model, { size: pages * PAGE, keys });
      for (const [namespace, key, value] of changes) {
        let edit: NvsEdit;
        try {
          edit = editNvs(partition, { [namespace]: { [key]: value } }, {
            keys,
          });
        } catch (error) {
          if (!(error instanceof ImageError)) throw error;
          assert.match(error.message, /no room/);
          continue;
        }
        checkSectors(partition, edit);
        for (const torn of tornWrites(partition, edit)) {
          const kept = parseNvs(torn, { keys }).contents;
          for (const [name, values] of model) {
            for (const [other, old] of values) {
              if (name === namespace && other === key) continue;
              assert.deepEqual(kept.get(name)?.get(other), old);
            }
          }
        }
        partition = edit.partition;
        const values = model.get(namespace) ?? new Map();
        if (value === null) values.delete(key);
        else model.set(namespace, values.set(key, value));
        const parsed = checkDevice(partition, keys);
        assert.deepEqual(parsed.contents, model);
      }
    },
  );
  fc.assert(run, { numRuns: 40 });
});

/** What a partition is after each sector but the last has been written back. */
function tornWrites(before: Uint8Array, { sectors }: NvsEdit): Uint8Array[] {
  let torn = before;
  return sectors.slice(0, -1).map(({ offset, data }) => {
    torn = torn.slice();
    torn.set(data, offset);
    return torn;
  });
}

/** What is not in a sector is as it was; a page that goes on is not erased. */
function checkSectors(before: Uint8Array, edit: NvsEdit): void {
  const patched = before.slice();
  for (const { offset, data, needsErase } of edit.sectors) {
    patched.set(data, offset);
    if (needsErase) {
      const header = (bytes: Uint8Array) =>
        bytes.slice(offset + 4, offset + 32).toHex();
      assert.notEqual(header(before), header(edit.partition));
    }
  }
  assert.equal(patched.toHex(), edit.partition.toHex());
}

/** What ESP-IDF's NVS counts on when it loads a partition. */
function checkDevice(
  partition: Uint8Array,
  keys?: typeof NVS_KEYS,
): NvsPartition {
  const parsed = parseNvs(partition, { keys });
  assert.deepEqual(parsed.issues, []);
  const used = parsed.pages.filter(({ state }) => state !== "empty");
  assert.ok(used.length < parsed.pages.length, "a page is empty");
  assert.ok(used.every(({ state }) => state === "full" || state === "active"));
  assert.equal(new Set(used.map(({ sequence }) => sequence)).size, used.length);
  return parsed;
}
