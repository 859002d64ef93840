import assert from "node:assert/strict";
import { xtsCipher } from "../../lib/simulator/_flash_cipher.ts";
import { noise, withDevice } from "./_board.ts";

const KEY = noise(32, 9);

Deno.test("Device.writeFlash lets the chip encrypt, whatever the file's size", async () => {
  const board = {
    chip: "esp32c3",
    flashKey: KEY,
    fields: { flashCryptCount: 1 },
  };
  await withDevice(board, async (device, { board: { flash } }) => {
    const [plain, sealed] = [noise(100), noise(4099, 2)];
    const written = await device.writeFlash([
      [0x1_0000, plain],
      [0x2_0000, { data: sealed, encrypt: true }],
    ]);
    assert.deepEqual(
      written.map(({ size, encrypted, verified }) => [
        size,
        encrypted,
        verified,
      ]),
      [[100, false, true], [4112, true, false]],
    );
    assert.deepEqual(flash.read(0x1_0000, 100), plain);
    const padded = new Uint8Array(4112).fill(0xff);
    padded.set(sealed);
    assert.deepEqual(
      flash.read(0x2_0000, 4112),
      xtsCipher(KEY)(0x2_0000, padded),
    );
  });
});

Deno.test("Device.writeFlash tells why a chip cannot encrypt, unless told that it does not matter", async () => {
  await withDevice({ chip: "esp32" }, async (device, { board }) => {
    const files = { 0x1_0010: noise(64) };
    await assert.rejects(device.writeFlash(files, { encrypt: true }), {
      code: "security-active",
      message:
        /FLASH_CRYPT_CONFIG is not 0xf; no flash encryption key is burnt; 64 bytes at 0x0001_0010 is not on a multiple of 32/,
    });
    assert.deepEqual(board.traffic.requests("FLASH_DEFL_BEGIN"), []);
    const ignoring = { encrypt: true, ignoreEncryptionFuses: true };
    const [written] = await device.writeFlash(files, ignoring);
    assert.equal(written?.encrypted, true);
  });
});

for (
  const [what, fields, address, force] of [
    ["secure boot V1's bootloader", { secureBootV1: 1 }, 0x1000, true],
    [
      "plain bytes to a chip that decrypts them",
      { flashCryptCount: 7, manualEncryptDisabled: 1 },
      0x1_0000,
      true,
    ],
    ["above secure boot V1's bootloader", { secureBootV1: 1 }, 0x8000, false],
    [
      "plain bytes to a chip in development mode",
      { flashCryptCount: 1 },
      0x1_0000,
      false,
    ],
  ] as const
) {
  Deno.test(`Device.writeFlash ${force ? "must be forced to write" : "writes"} ${what}`, async () => {
    await withDevice({ chip: "esp32", fields }, async (device, { board }) => {
      const data = noise(64);
      if (force) {
        await assert.rejects(device.writeFlash({ [address]: data }), {
          code: "security-active",
        });
      }
      await device.writeFlash({ [address]: data }, { force });
      assert.deepEqual(board.flash.read(address, 64), data);
    });
  });
}

Deno.test("Device.writeFlash keeps away from the Key Manager's recovery data", async () => {
  const fields = { flashCryptCount: 1, forceKeyManager: 2 };
  await withDevice({ chip: "esp32p4", fields }, async (device) => {
    await assert.rejects(device.writeFlash({ 0x1000: noise(64) }), {
      code: "security-active",
      message: /Key Manager/,
    });
    await device.writeFlash({ 0x2000: noise(64) });
  });
});

for (const fields of [{ secureBootV1: 1 }, { flashCryptCount: 1 }]) {
  const [name] = Object.keys(fields);
  Deno.test(`Device must be forced to erase with ${name}`, async () => {
    await withDevice({ chip: "esp32", fields }, async (device, { board }) => {
      board.flash.load(0, noise(0x1000));
      const refused = { code: "security-active" };
      await assert.rejects(device.eraseFlash(), refused);
      await assert.rejects(device.eraseRegion(0, 0x1000), refused);
      assert.deepEqual(board.flash.read(0, 0x1000), noise(0x1000));
      await device.eraseRegion(0, 0x1000, { force: true });
      assert.ok(board.flash.isErased(0, 0x1000));
      await device.eraseFlash({ force: true });
    });
  });
}

Deno.test("Device.getSecurityInfo reads an ESP32's eFuses, and says what an ESP8266 lacks", async () => {
  const fields = { secureBootV1: 1, flashCryptCount: 7, jtagDisabled: 1 };
  await withDevice({ chip: "esp32", fields }, async (device) => {
    assert.deepEqual(await device.getSecurityInfo(), {
      flags: 0x81,
      flashCryptCount: 7,
      keyPurposes: [],
    });
    assert.deepEqual(await device.readFlashSecurity(), {
      secureBoot: true,
      secureBootV1: true,
      encrypted: true,
      canEncrypt: true,
      usesKeyManager: false,
    });
  });
  await withDevice({ chip: "esp8266" }, async (device) => {
    await assert.rejects(device.getSecurityInfo());
  });
});
