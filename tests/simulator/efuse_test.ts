import assert from "node:assert/strict";
import { parseMac } from "../../lib/bytes.ts";
import { esp32 } from "../../lib/chips/esp32.ts";
import { esp32c3 } from "../../lib/chips/esp32c3.ts";
import { esp8266 } from "../../lib/chips/esp8266.ts";
import { buildIdentityWords } from "../../lib/simulator/efuse.ts";

Deno.test("buildIdentityWords burns what the captured ESP32 and ESP32-C3 hold", () => {
  const words32 = buildIdentityWords(esp32, {
    mac: parseMac("24:0a:c4:00:01:10"),
    fields: { majorRevision: 3 },
    macCrc: { block: "block0", word: 2, shift: 16, width: 8 },
  });
  assert.equal(words32.get(0x3ff5_a004), 0xc400_0110);
  assert.equal(words32.get(0x3ff5_a008), 0x00b9_240a);
  assert.equal(words32.get(0x3ff5_a00c), 0x8000);
  assert.equal(words32.get(0x3ff5_a014), 0x10_0000);
  assert.equal(words32.get(0x3ff6_607c), 0x8000_0000);
  const wordsC3 = buildIdentityWords(esp32c3, {
    mac: parseMac("a0:76:4e:00:01:20"),
    fields: { minorRevision: 3 },
  });
  assert.equal(wordsC3.get(0x6000_8844), 0x4e00_0120);
  assert.equal(wordsC3.get(0x6000_8848), 0xa076);
  assert.equal(wordsC3.get(0x6000_8850), 0xc_0000);
});

Deno.test("buildIdentityWords spreads an ESP8266's address over its OTP words", () => {
  const rows: [string, number, number, number][] = [
    ["18:fe:34:12:34:56", 0x5600_0000, 0x0000_1234, 0],
    ["ac:d0:74:12:34:56", 0x5600_0000, 0x0001_1234, 0],
    ["5c:cf:7f:12:34:56", 0x5600_0000, 0x0000_1234, 0x5ccf7f],
  ];
  for (const [mac, word0, word1, word3] of rows) {
    const words = buildIdentityWords(esp8266, {
      mac: parseMac(mac),
      fields: {},
    });
    assert.deepEqual([...words.values()], [word0, word1, 0, word3], mac);
  }
});

Deno.test("buildIdentityWords refuses fields and values that do not exist", () => {
  const mac = parseMac("240ac4000110");
  for (
    const fields of [{ nothing: 1 }, { majorRevision: 4 }, { package: 16 }]
  ) {
    assert.throws(() => buildIdentityWords(esp32, { mac, fields }), RangeError);
  }
});
