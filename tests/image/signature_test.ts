import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { findSignatures } from "../../lib/image/signature.ts";

const IMAGE = Uint8Array.from({ length: 0x1230 }, (_, i) => i * 7);
/** What a signature over the padded image is about. */
const PADDED = new Uint8Array(0x2000).fill(0xff);
PADDED.set(IMAGE);

/** A block as ESP-IDF's "Secure Boot v2" has it, from what it begins with. */
function block(start: string): Uint8Array {
  const bytes = new Uint8Array(1216);
  bytes.set(Uint8Array.fromHex(start));
  const view = new DataView(bytes.buffer);
  view.setUint32(1196, crc32(bytes.subarray(0, 1196)), true);
  return bytes;
}

function digest(hash: "sha256" | "sha384", bytes: Uint8Array): string {
  return createHash(hash).update(bytes).digest("hex");
}

function join(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

Deno.test("findSignatures finds blocks behind the padding, and knows their schemes", () => {
  const sha256 = digest("sha256", PADDED);
  const file = join(
    PADDED,
    block(`e7020000${sha256}8b19`),
    block(`e7030000${sha256}02`),
    block(`e7030100${digest("sha384", PADDED)}03`),
    block(`e7020000${sha256}`),
  );
  assert.deepEqual(findSignatures(file, IMAGE.length), [
    { version: 2, scheme: "rsa-3072", offset: 0x2000, isDigestValid: true },
    { version: 2, scheme: "ecdsa-p256", offset: 0x24c0, isDigestValid: true },
    { version: 2, scheme: "ecdsa-p384", offset: 0x2980, isDigestValid: true },
  ]);
});

Deno.test("findSignatures finds a block without padding, and sees another image's digest", () => {
  const file = join(IMAGE, block(`e7030000${digest("sha256", PADDED)}01`));
  assert.deepEqual(findSignatures(file, IMAGE.length), [{
    version: 2,
    scheme: "ecdsa-p192",
    offset: IMAGE.length,
    isDigestValid: false,
  }]);
});

Deno.test("findSignatures does not know every scheme", () => {
  const file = join(PADDED, block(`e7030000${digest("sha256", PADDED)}09`));
  const [found] = findSignatures(file, IMAGE.length);
  assert.deepEqual(found, { version: 2, offset: 0x2000, isDigestValid: true });
});

Deno.test("findSignatures leaves out a block with a wrong CRC, another magic or an end", () => {
  const good = block(`e7020000${digest("sha256", PADDED)}`);
  for (const [at, value] of [[0, 0xe8], [1, 4], [600, 1], [1196, 0]] as const) {
    const bad = good.slice();
    bad[at] = value;
    assert.deepEqual(findSignatures(join(PADDED, bad), IMAGE.length), []);
  }
  const short = join(PADDED, good.subarray(0, 1215));
  assert.deepEqual(findSignatures(short, IMAGE.length), []);
});

Deno.test("findSignatures finds a signature of version 1 right behind the image", () => {
  const signature = Uint8Array.from({ length: 64 }, (_, i) => i);
  const file = join(IMAGE, new Uint8Array(4), signature);
  assert.deepEqual(findSignatures(file, IMAGE.length), [{
    version: 1,
    scheme: "ecdsa-p256",
    offset: IMAGE.length,
  }]);
  assert.deepEqual(findSignatures(file, IMAGE.length + 4), []);
  for (const fill of [0, 0xff]) {
    const padded = join(
      IMAGE,
      new Uint8Array(4),
      new Uint8Array(64).fill(fill),
    );
    assert.deepEqual(findSignatures(padded, IMAGE.length), []);
  }
});
