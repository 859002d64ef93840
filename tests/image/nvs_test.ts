import assert from "node:assert/strict";
import fc from "npm:fast-check@4.10.2";
import { ImageError } from "../../lib/errors.ts";
import {
  buildNvs,
  decryptNvs,
  deriveNvsKeys,
  encodeNvsKeys,
  encryptNvs,
  formatNvsCsv,
  generateNvsKeys,
  i64,
  i8,
  type NvsValue,
  type NvsValueLike,
  parseNvs,
  parseNvsCsv,
  parseNvsKeys,
  parseNvsValue,
  u16,
  u64,
  u8,
} from "../../lib/image/mod.ts";
import { xtsDecrypt, xtsEncrypt } from "../../lib/image/_xts.ts";
import { anyContents } from "./_nvs_values.ts";
import {
  NVS_CSV,
  NVS_KEYS,
  NVS_LINES,
  NVS_LINES_ENCRYPTED,
  NVS_LINES_V1,
  NVS_SIZE,
  partitionOf,
  setHeader,
} from "./_nvs_vectors.ts";

const CONTENTS = {
  wifi: { ssid: "workshop", chan: u8(6), tok: Uint8Array.of(1, 2, 3) },
};

const PARSED = new Map([
  [
    "wifi",
    new Map<string, NvsValue>([
      ["ssid", { kind: "string", value: "workshop" }],
      ["chan", { kind: "u8", value: 6n }],
      ["tok", { kind: "blob", value: Uint8Array.of(1, 2, 3) }],
    ]),
  ],
]);

const size = NVS_SIZE;

Deno.test("buildNvs builds what ESP-IDF's tool builds", () => {
  const build = (options: object) =>
    buildNvs(CONTENTS, { size, ...options }).toHex();
  assert.equal(build({}), partitionOf(NVS_LINES).toHex());
  assert.equal(build({ version: 1 }), partitionOf(NVS_LINES_V1).toHex());
  assert.equal(
    build({ keys: NVS_KEYS }),
    partitionOf(NVS_LINES_ENCRYPTED).toHex(),
  );
});

Deno.test("parseNvs reads what ESP-IDF's tool builds", () => {
  const parsed = parseNvs(partitionOf(NVS_LINES));
  assert.deepEqual(parsed, {
    version: 2,
    contents: PARSED,
    pages: [
      { offset: 0, state: "active", sequence: 0, written: 7, erased: 0 },
      { offset: 0x1000, state: "empty", written: 0, erased: 0 },
      { offset: 0x2000, state: "empty", written: 0, erased: 0 },
    ],
    issues: [],
  });
  const first = parseNvs(partitionOf(NVS_LINES_V1));
  assert.equal(first.version, 1);
  assert.deepEqual(first.contents, PARSED);
  const encrypted = partitionOf(NVS_LINES_ENCRYPTED);
  assert.deepEqual(parseNvs(encrypted, { keys: NVS_KEYS }).contents, PARSED);
});

Deno.test("parseNvsCsv reads rows, formatNvsCsv writes them", () => {
  assert.deepEqual(parseNvsCsv(NVS_CSV), PARSED);
  assert.equal(formatNvsCsv(PARSED), NVS_CSV);
});

Deno.test("parseNvs passes over erased entries, halves and wrong checksums", () => {
  const states = (hex: string) =>
    partitionOf(NVS_LINES.with(1, hex.padEnd(64, "f")));
  const keysOf = (partition: Uint8Array) => {
    const { contents, issues } = parseNvs(partition);
    return [
      [...contents.get("wifi")?.keys() ?? []],
      issues.map(({ offset, message }) => `${offset}: ${message}`),
    ];
  };
  // Two bits per entry from the low end: the string's two entries erased.
  assert.deepEqual(keysOf(states("82ea")), [["chan", "tok"], []]);
  // The string's second entry is not marked as written.
  assert.deepEqual(keysOf(states("baea")), [
    ["chan", "tok"],
    ["96: An item is not written to its end"],
  ]);
  // The blob's chunk is erased, its index is not.
  assert.deepEqual(keysOf(states("aae0")), [
    ["ssid", "chan"],
    ["256: A blob lacks some of its data"],
  ]);
  const broken = partitionOf(NVS_LINES);
  broken[5 * 32 + 24] = 7;
  broken[4 * 32] = 0;
  assert.deepEqual(keysOf(broken), [["tok"], [
    "96: An item's data have a wrong checksum",
    "160: An entry has a wrong checksum",
  ]]);
});

Deno.test("parseNvs takes the newest of a key that is there twice, whatever the pages' order", () => {
  for (const [first, second] of [[0, 1], [1, 0]] as const) {
    const partition = new Uint8Array(size).fill(0xff);
    for (const sequence of [first, second]) {
      const built = buildNvs({ w: { k: u8(sequence) } }, { size });
      const offset = sequence === first ? 0 : 0x1000;
      partition.set(built.subarray(0, 0x1000), offset);
      setHeader(partition, offset, { sequence });
    }
    const { contents } = parseNvs(partition);
    assert.deepEqual(contents.get("w")?.get("k"), u8(1));
  }
});

Deno.test("parseNvs refuses what is no partition, and asks for keys", () => {
  const refused = (
    bytes: Uint8Array,
    message: RegExp,
    keys?: typeof NVS_KEYS,
  ) =>
    assert.throws(() => parseNvs(bytes, { keys }), (error) => {
      assert.ok(error instanceof ImageError);
      assert.match(`${error.message}. ${error.hint}`, message);
      return true;
    });
  refused(new Uint8Array(), /0 bytes are not/);
  refused(partitionOf(NVS_LINES).subarray(1), /12287 bytes are not/);
  refused(new Uint8Array(0x3000), /no page has a valid header/);
  refused(partitionOf(NVS_LINES_ENCRYPTED), /It may be encrypted/);
  refused(partitionOf(NVS_LINES), /may not be its keys/, NVS_KEYS);
  const later = partitionOf(NVS_LINES);
  setHeader(later, 0, { version: 0xfd });
  refused(later, /page at 0x0000_0000 is of version 3/);
});

Deno.test("parseNvs reads an empty partition", () => {
  const parsed = parseNvs(new Uint8Array(0x2000).fill(0xff));
  assert.equal(parsed.contents.size, 0);
  assert.deepEqual(parsed.pages.map(({ state }) => state), ["empty", "empty"]);
});

Deno.test("buildNvs refuses bad sizes, names, values, and what does not fit", () => {
  const refused = (
    contents: Record<string, Record<string, NvsValueLike>>,
    error: object,
    options: object = {},
  ) => assert.throws(() => buildNvs(contents, { size, ...options }), error);
  refused({}, { name: "RangeError", message: /5000 bytes/ }, { size: 5000 });
  refused({}, RangeError, { size: 0 });
  refused({ sixteen_letters_: {} }, { name: "RangeError", message: /15/ });
  refused({ w: { "": u8(1) } }, RangeError);
  refused({ w: { "ä": u8(1) } }, RangeError);
  refused({ w: { k: "a\0b" } }, { name: "RangeError", message: /w\/k: / });
  refused({ w: { k: 6 as unknown as NvsValue } }, {
    name: "TypeError",
    message: /w\/k: .*u8\(6\)/,
  });
  refused({ w: { k: { kind: "f32", value: 1 } as unknown as NvsValue } }, {
    name: "TypeError",
  });
  refused({ w: { k: "x".repeat(4000) } }, {
    name: "RangeError",
    message: /w\/k: a string of 4001 bytes/,
  });
  refused({ w: { k: new Uint8Array(1985) } }, RangeError, { version: 1 });
  refused({ w: { k: new Uint8Array(8000) } }, {
    name: "ImageError",
    message: /do not fit 12288 bytes, of which a page must stay empty/,
  });
  refused({ w: { k: new Uint8Array(4000) } }, ImageError, { size: 0x1000 });
  const many = Object.fromEntries(
    Array.from({ length: 255 }, (_, i) => [`n${i}`, {}]),
  );
  refused(many, { name: "RangeError", message: /254 are allowed/ });
});

Deno.test("buildNvs stores the longest string that a device can", () => {
  const value = "x".repeat(3999);
  const partition = buildNvs({ w: { a: u8(1), k: value } }, { size });
  assert.deepEqual(parseNvs(partition).contents.get("w")?.get("k"), {
    kind: "string",
    value,
  });
});

Deno.test("integers are checked, and their value is not in the message", () => {
  assert.equal(i8(-128).value, -128n);
  assert.equal(u64(2n ** 64n - 1n).value, 18446744073709551615n);
  assert.equal(i64(-(2n ** 63n)).value, -9223372036854775808n);
  for (
    const wrong of [
      () => u8(256),
      () => u8(-1),
      () => i8(128),
      () => u16(1.5),
      () => u16(NaN),
      () => u64(2 ** 60),
      () => i64(2n ** 63n),
    ]
  ) {
    assert.throws(wrong, { name: "RangeError", message: /no whole number/ });
  }
  assert.throws(
    () => u8(7777),
    (error) => error instanceof Error && !error.message.includes("7777"),
  );
});

Deno.test("parseNvsCsv says where it is wrong, and tells no value", () => {
  const rows = (text: string) => `key,type,encoding,value\n${text}`;
  const cases: [text: string, message: RegExp][] = [
    ["", /no column "key"/],
    ["key,type,value\n", /no column "encoding"/],
    [rows("a,data,u8,1\n"), /line 2, key "a": it is above the first namespace/],
    [rows("w,namespace,,\na,data,u8,secret\n"), /line 3.*not a whole number/],
    [rows("w,namespace,,\na,data,u8,777\n"), /line 3.*from 0 to 255/],
    [rows("w,namespace,,\na,data,hex2bin,5ecre7\n"), /not pairs of hex/],
    [rows("w,namespace,,\na,data,base64,secret?\n"), /not base64/],
    [rows("w,namespace,,\na,data,f32,secret\n"), /the encoding "f32"/],
    [rows("w,namespace,,\na,secret,u8,1\n"), /the type "secret" is none/],
    [rows("w,namespace,,\na,file,string,secret\n"), /files cannot be read/],
    [rows("w,namespace,,\na,data,u8,1\na,data,u8,2\n"), /line 4.*twice/],
    [rows("w,namespace,,\na,data,string,x,secret\n"), /5 cells, not 4/],
    [rows('w,namespace,,\na,data,string,"secret\n'), /its quotes are wrong/],
    [rows("w,namespace,,\na,data,blob_fill(2;0xFF),secret\n"), /longer/],
    [rows("w,namespace,,\na,data,blob_fill(999999999;0xFF),\n"), /longer/],
    [rows("sixteen_letters_,namespace,,\n"), /15 ASCII/],
  ];
  for (const [text, message] of cases) {
    assert.throws(() => parseNvsCsv(text), (error) => {
      assert.ok(error instanceof SyntaxError, text);
      assert.match(error.message, message);
      assert.doesNotMatch(error.message.replace('type "secret"', ""), /secret/);
      return true;
    });
  }
});

Deno.test("parseNvsValue reads every encoding, of text and of files", () => {
  const hex = (encoding: string, value: string | Uint8Array) => {
    const parsed = parseNvsValue(encoding, value);
    return parsed.kind === "blob" ? parsed.value.toHex() : parsed.value;
  };
  const bytes = new TextEncoder().encode("0x10");
  assert.equal(hex("u16", bytes), 16n);
  assert.equal(hex("i8", "-0x10"), -16n);
  assert.equal(hex("STRING", bytes), "0x10");
  assert.equal(hex("binary", bytes), "30783130");
  assert.equal(hex("base64", "AQID\n"), "010203");
  assert.equal(hex("blob_fill(3;0xa5)", "x"), "78a5a5");
  assert.equal(hex("blob_sz_fill(3;0xA5)", "x"), "0100000078a5a5");
  assert.throws(
    () => parseNvsValue("string", Uint8Array.of(0xff)),
    SyntaxError,
  );
});

Deno.test("key partitions: made by chance, written, read, checked", () => {
  const [one, two] = [generateNvsKeys(), generateNvsKeys()];
  assert.notDeepEqual(one, two);
  assert.notDeepEqual(one.encryptionKey, one.tweakKey);
  const bytes = encodeNvsKeys(NVS_KEYS);
  assert.equal(bytes.length, 4096);
  assert.deepEqual(parseNvsKeys(bytes), NVS_KEYS);
  assert.deepEqual(parseNvsKeys(bytes.subarray(0, 68)), NVS_KEYS);
  assert.throws(() => parseNvsKeys(bytes.subarray(0, 67)), ImageError);
  bytes[0] = 1;
  assert.throws(() => parseNvsKeys(bytes), {
    name: "ImageError",
    message: /checksum is wrong/,
  });
  assert.throws(() => deriveNvsKeys(new Uint8Array(31)), RangeError);
});

Deno.test("xtsEncrypt is XTS-AES-256 of IEEE 1619, vector 10, as far as its two first blocks", () => {
  // The vector's data unit number is 0xff; 32-byte units have their address there.
  const keys = {
    encryptionKey: Uint8Array.fromHex(
      "2718281828459045235360287471352662497757247093699959574966967627",
    ),
    tweakKey: Uint8Array.fromHex(
      "3141592653589793238462643383279502884197169399375105820974944592",
    ),
  };
  const data = Uint8Array.from({ length: 32 }, (_, i) => i);
  const encrypted = xtsEncrypt({ data, address: 0xff }, keys);
  assert.equal(
    encrypted.toHex(),
    "1c3b3a102f770386e4836c99e370cf9bea00803f5e482357a4ae12d414a3e63b",
  );
  assert.deepEqual(xtsDecrypt({ data: encrypted, address: 0xff }, keys), data);
});

Deno.test("parseNvs reads what buildNvs builds, encrypted or not, and parseNvsCsv what formatNvsCsv formats", () => {
  fc.assert(
    fc.property(anyContents, fc.boolean(), (contents, encrypted) => {
      const keys = encrypted ? NVS_KEYS : undefined;
      const partition = buildNvs(contents, { size: 0x8_0000, keys });
      const parsed = parseNvs(partition, { keys });
      assert.deepEqual(parsed.contents, contents);
      assert.deepEqual(parsed.issues, []);
      assert.deepEqual(parseNvsCsv(formatNvsCsv(contents)), contents);
    }),
    { numRuns: 60 },
  );
});

Deno.test("decryptNvs undoes encryptNvs, whatever the bytes", () => {
  fc.assert(
    fc.property(
      anyContents,
      fc.uint8Array(),
      fc.nat(),
      (contents, noise, at) => {
        const partition = buildNvs(contents, { size: 0x8_0000 });
        partition.set(noise, at % 0x1000);
        const back = decryptNvs(encryptNvs(partition, NVS_KEYS), NVS_KEYS);
        assert.equal(back.toHex(), partition.toHex());
      },
    ),
    { numRuns: 20 },
  );
});
