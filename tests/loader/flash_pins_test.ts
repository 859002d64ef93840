import assert from "node:assert/strict";
import { chipById } from "../../lib/chips/registry.ts";
import {
  formatSpiConnection,
  parseSpiConnection,
  spiAttachWord,
} from "../../lib/loader/flash_pins.ts";

const PINS = { clk: 6, q: 17, d: 8, hd: 11, cs: 16 };

Deno.test("parseSpiConnection reads names and GPIOs in esptool's order, and formatSpiConnection writes them", () => {
  assert.equal(parseSpiConnection("spi"), "SPI");
  assert.equal(parseSpiConnection("HSPI"), "HSPI");
  assert.deepEqual(parseSpiConnection("0x6, 17,8,0b1011,0o20"), PINS);
  assert.deepEqual(parseSpiConnection(formatSpiConnection(PINS)), PINS);
  for (
    const wrong of ["", "VSPI", "1,2,3,4", "1,2,3,4,5,6", "1,2,3,4,x", ",,,,"]
  ) {
    assert.throws(() => parseSpiConnection(wrong), SyntaxError, wrong);
  }
});

Deno.test("spiAttachWord packs pins as esptool sends them", () => {
  const word = (chip: string, text: string) =>
    spiAttachWord(chipById(chip), parseSpiConnection(text));
  // Captured from esptool 5.6.0: `--spi-connection`, and SPI_ATTACH's word.
  assert.equal(word("esp32", "SPI"), 0);
  assert.equal(word("esp32", "HSPI"), 1);
  assert.equal(word("esp32", "6,17,8,11,16"), 0x0b40_8446);
  assert.equal(word("esp32", "6,17,8,11,33"), 0x0b84_8446);
  assert.equal(word("esp32s3", "6,17,8,19,11"), 0x132c_8446);
  for (
    const [chip, pins, wrong] of [
      ["esp32", "6,17,8,11,30", /not 30/],
      ["esp32c3", "6,17,8,11,22", /0 to 21, not 22/],
      ["esp32s3", "6,17,8,47,11", /HD can be GPIO 46 at most/],
      ["esp32s3", "6,17,8,11,25", /not 25/],
    ] as const
  ) {
    assert.throws(() => word(chip, pins), {
      name: "RangeError",
      message: wrong,
    });
  }
  for (const [chip, pins] of [["esp8266", "HSPI"], ["esp32c3", "HSPI"]]) {
    assert.throws(() => word(chip ?? "", pins ?? ""), { code: "chip-lacks" });
  }
  assert.throws(() => word("esp32c6", "6,17,8,11,16"), { code: "chip-lacks" });
});
