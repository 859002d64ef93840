import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fc from "npm:fast-check@4.10.2";
import { ImageError } from "../../lib/errors.ts";
import { encodeUf2, isUf2, parseUf2 } from "../../lib/image/uf2.ts";

/** A block of 512 bytes from the words and bytes that it begins with. */
function block(...hex: string[]): Uint8Array {
  const bytes = new Uint8Array(512);
  bytes.set(Uint8Array.fromHex(hex.join("")));
  bytes.set(Uint8Array.fromHex("306fb10a"), 508);
  return bytes;
}

function join(...blocks: Uint8Array[]): Uint8Array {
  return Uint8Array.from(blocks.flatMap((bytes) => [...bytes]));
}

const MAGIC = "5546320a57515d9e";
const ESP32 = "b0215f1c";
const ESP32_ID = 0x1c5f_21b0;

/** As esptool 5.6's `merge-bin --format uf2` has written two files. */
const MERGED = join(
  block(
    `${MAGIC}0060000000100000050000000000000001000000${ESP32}`,
    "0102030405",
    "00100000050000007cfdd07889b3295d6a550914ab35e068",
  ),
  block(
    `${MAGIC}00600000008000000d0000000000000001000000${ESP32}`,
    "68656c6c6f20776f726c642121",
    "008000000d000000570599d420acc25723b337b0db95c7c7",
  ),
);
const FILES = [
  { address: 0x1000, data: Uint8Array.of(1, 2, 3, 4, 5) },
  { address: 0x8000, data: new TextEncoder().encode("hello world!!") },
];
/** The first of the files with `--md5-disable --chunk-size 4`. */
const CHUNKED = join(
  block(
    `${MAGIC}0020000000100000040000000000000002000000${ESP32}`,
    "01020304",
  ),
  block(
    `${MAGIC}0020000004100000010000000100000002000000${ESP32}`,
    "05",
  ),
);

function refusal(bytes: Uint8Array): string {
  try {
    parseUf2(bytes);
  } catch (error) {
    assert(error instanceof ImageError);
    return `${error.message} (${error.offset})`;
  }
  return "accepted";
}

/** `bytes` with some of them replaced. */
function changed(bytes: Uint8Array, offset: number, hex: string): Uint8Array {
  const copy = bytes.slice();
  copy.set(Uint8Array.fromHex(hex), offset);
  return copy;
}

Deno.test("encodeUf2 writes what esptool writes", () => {
  assert.deepEqual(encodeUf2(FILES, { familyId: ESP32_ID }), MERGED);
  assert.deepEqual(
    encodeUf2(FILES.slice(0, 1), {
      familyId: ESP32_ID,
      chunkSize: 4,
      md5: false,
    }),
    CHUNKED,
  );
});

Deno.test("encodeUf2 fills blocks to the end, 24 bytes less with MD5 digests", () => {
  const files = [{ address: 0, data: new Uint8Array(477) }];
  const sizes = (bytes: Uint8Array) =>
    [16, 512 + 16].map((at) => new DataView(bytes.buffer).getUint32(at, true));
  const familyId = ESP32_ID;
  assert.deepEqual(sizes(encodeUf2(files, { familyId, md5: false })), [476, 1]);
  assert.deepEqual(sizes(encodeUf2(files, { familyId })), [452, 25]);
});

Deno.test("encodeUf2 refuses chunks that fit no block, and addresses past 32 bits", () => {
  for (const chunkSize of [0, -4, 3, 453, 456, NaN, 4.5]) {
    assert.throws(
      () => encodeUf2(FILES, { familyId: ESP32_ID, chunkSize }),
      new RangeError(
        `Cannot encode UF2: chunks of ${chunkSize} bytes are no multiple of 4 up to 452`,
      ),
    );
  }
  assert.throws(
    () =>
      encodeUf2([{ address: 0xffff_fffe, data: new Uint8Array(4) }], {
        familyId: ESP32_ID,
      }),
    /^RangeError: Cannot encode UF2: 4 bytes at 0xffff_fffe go past/,
  );
});

Deno.test("parseUf2 reads what esptool writes", () => {
  assert.deepEqual(parseUf2(MERGED), {
    families: [{ familyId: ESP32_ID, segments: FILES }],
    skippedBlocks: 0,
  });
  assert.deepEqual(parseUf2(CHUNKED).families[0]?.segments, FILES.slice(0, 1));
});

Deno.test("parseUf2 tells families apart, and leaves out what is not for flash", () => {
  const image = parseUf2(join(
    block(`${MAGIC}0020000000100000010000000000000002000000${ESP32}aa`),
    block(`${MAGIC}00200000001000000100000000000000010000006ca02bd4bb`),
    block(`${MAGIC}0120000000100000010000000100000002000000${ESP32}cc`),
    block(`${MAGIC}0000000000100000010000000000000001000000ffffffffdd`),
  ));
  assert.deepEqual(image, {
    families: [
      {
        familyId: ESP32_ID,
        segments: [{ address: 0x1000, data: Uint8Array.of(0xaa) }],
      },
      {
        familyId: 0xd42b_a06c,
        segments: [{ address: 0x1000, data: Uint8Array.of(0xbb) }],
      },
      { segments: [{ address: 0x1000, data: Uint8Array.of(0xdd) }] },
    ],
    skippedBlocks: 1,
  });
});

/** Two blocks of two bytes, each with a tag at the end of its room as the specification has it. */
function specified(address: number, size: number, digest: string): Uint8Array {
  const tag = new Uint8Array(8);
  new DataView(tag.buffer).setUint32(0, address, true);
  new DataView(tag.buffer).setUint32(4, size, true);
  const first = block(
    `${MAGIC}0060000000100000020000000000000002000000${ESP32}0102`,
  );
  const second = block(
    `${MAGIC}0060000002100000020000000100000002000000${ESP32}0304`,
  );
  return join(
    ...[first, second].map((bytes) =>
      changed(bytes, 484, tag.toHex() + digest)
    ),
  );
}

Deno.test("parseUf2 checks an MD5 digest of a region of several blocks", () => {
  const digest = createHash("md5").update(Uint8Array.of(1, 2, 3, 4))
    .digest("hex");
  assert.equal(refusal(specified(0x1000, 4, digest)), "accepted");
  assert.equal(
    refusal(specified(0x1000, 4, "00".repeat(16))),
    "Cannot parse UF2: the MD5 digest of 4 bytes at 0x0000_1000 is wrong (0)",
  );
  for (
    const [address, size] of [[0x1000, 5], [0xfff, 4], [0x1004, 1]] as const
  ) {
    assert.match(
      refusal(specified(address, size, digest)),
      /which it does not have/,
    );
  }
});

Deno.test("parseUf2 does not hash regions that overlap", () => {
  const good = specified(0x1000, 4, "00".repeat(16));
  assert.equal(
    refusal(changed(good, 512 + 484, "02100000")),
    "Cannot parse UF2: the MD5 digest of 4 bytes at 0x0000_1000 is wrong (0)",
  );
  const digest = createHash("md5").update(Uint8Array.of(1, 2, 3, 4))
    .digest("hex");
  assert.equal(
    refusal(
      changed(specified(0x1000, 4, digest), 512 + 484, "0210000001000000"),
    ),
    "Cannot parse UF2: the regions of its MD5 digests overlap (512)",
  );
});

Deno.test("parseUf2 says what is wrong, and in which block", () => {
  const cases: [string, Uint8Array][] = [
    ["0 bytes are not whole blocks of 512 (0)", new Uint8Array()],
    ["1023 bytes are not whole blocks of 512 (1023)", MERGED.subarray(1)],
    ["a block lacks its magic numbers (0)", changed(MERGED, 0, "00")],
    ["a block lacks its magic numbers (0)", changed(MERGED, 4, "00")],
    ["a block lacks its magic numbers (512)", changed(MERGED, 1023, "00")],
    [
      "a block has flags that are not known: 0x6002 (0)",
      changed(MERGED, 8, "02"),
    ],
    [
      "it carries files for a file system, not flash (0)",
      changed(MERGED, 9, "70"),
    ],
    [
      "453 bytes at 0x0000_1000 do not fit their block's 452 (0)",
      changed(MERGED, 16, "c501"),
    ],
    [
      "the MD5 digest of 5 bytes at 0x0000_1000 is wrong (0)",
      changed(MERGED, 32, "ff"),
    ],
    [
      "block 1 of 1 stands where 0 of 1 should (0)",
      changed(MERGED, 20, "01"),
    ],
    ["it ends after block 0 of 2 (512)", CHUNKED.subarray(0, 512)],
    [
      "block 1 of 2 stands where 0 of 2 should (0)",
      CHUNKED.subarray(512),
    ],
    [
      "block 1 of 3 stands where 1 of 2 should (512)",
      changed(CHUNKED, 512 + 24, "03"),
    ],
    [
      "two blocks are for 0x0000_1003 (512)",
      changed(CHUNKED, 512 + 12, "03"),
    ],
  ];
  for (const [expected, bytes] of cases) {
    assert.equal(refusal(bytes), `Cannot parse UF2: ${expected}`);
  }
});

Deno.test("parseUf2 refuses a block past the last address", () => {
  assert.equal(
    refusal(changed(CHUNKED, 12, "fdffffff")),
    "Cannot parse UF2: 4 bytes at 0xffff_fffd go past the last address of 32 bits (0)",
  );
});

Deno.test("isUf2 tells blocks from other bytes", () => {
  assert.equal(isUf2(MERGED), true);
  assert.equal(isUf2(MERGED.subarray(0, 7)), false);
  assert.equal(isUf2(changed(MERGED, 4, "00")), false);
});

Deno.test("parseUf2 gives back what encodeUf2 was given", () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 1200 }), {
        minLength: 1,
        maxLength: 4,
      }),
      fc.integer({ min: 4, max: 113 }).map((words) => words * 4),
      fc.boolean(),
      (contents, chunkSize, md5) => {
        const files = contents.map((data, i) => ({
          address: i * 0x1000,
          data,
        }));
        const familyId = ESP32_ID;
        const bytes = encodeUf2(files, { familyId, chunkSize, md5 });
        assert.deepEqual(parseUf2(bytes), {
          families: [{ familyId, segments: files }],
          skippedBlocks: 0,
        });
      },
    ),
    { numRuns: 30 },
  );
});
