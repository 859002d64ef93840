import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { esp32Cipher, xtsCipher } from "../../lib/simulator/_flash_cipher.ts";

const KEY = Uint8Array.from({ length: 64 }, (_, i) => i + 1);
const PLAIN = Uint8Array.from({ length: 0x150 }, (_, i) => i * 7 + 3);
const ADDRESS = 0x1_2340;

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

// Captured from espsecure 5.6.0: encrypt-flash-data --address 0x12340.
for (
  const [config, digest] of [
    [0xf, "d52f61e2a106c0a29ee3d02880c2f86cf6dce5e5668306c19927ae02a910f2b5"],
    [0x5, "72f507522fdfb22e831b6ab93cb24af5651886835a2a3498c78d95ed7caf0e85"],
    [0x3, "a3f877e2e6e8b605fbdc6953c71fad01a6a715bab03368fe5a610430e40a4b10"],
  ] as const
) {
  Deno.test(`esp32Cipher encrypts as an ESP32 with FLASH_CRYPT_CONFIG ${config} does`, () => {
    const cipher = esp32Cipher(KEY.subarray(0, 32), config);
    assert.equal(sha256(cipher(ADDRESS, PLAIN)), digest);
  });
}

for (
  const [size, digest] of [
    [32, "181dd0edbed2080a33caf80137670c86526a1bc0a9a69ee86be689fb5dff911e"],
    [64, "b406de4a226bdb11f716a004a470d1049b76102b31117a13aab669cdf5a71775"],
  ] as const
) {
  Deno.test(`xtsCipher encrypts as a chip with a key of ${size} bytes does`, () => {
    const cipher = xtsCipher(KEY.subarray(0, size));
    assert.equal(sha256(cipher(ADDRESS, PLAIN)), digest);
    // A piece of a unit comes out as it does in the whole.
    assert.deepEqual(
      cipher(ADDRESS + 0x30, PLAIN.subarray(0x30, 0x50)),
      cipher(ADDRESS, PLAIN).subarray(0x30, 0x50),
    );
  });
}
