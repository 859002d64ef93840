import assert from "node:assert/strict";
import { encodeUint32 } from "../../lib/bytes.ts";
import { chipById } from "../../lib/chips/registry.ts";
import { bootBanner, bootFromFlash } from "../../lib/simulator/boot_log.ts";
import { FlashMemory } from "../../lib/simulator/flash_memory.ts";

function flashWith(address: number, ...parts: Uint8Array[]): FlashMemory {
  const flash = new FlashMemory({ size: 0x40_0000 });
  let at = address;
  for (const part of parts) {
    flash.load(at, part);
    at += part.length;
  }
  return flash;
}

Deno.test("bootBanner names cause and mode as each ROM does", () => {
  const rows: [string, boolean, RegExp][] = [
    [
      "esp8266",
      true,
      /^\r\n ets Jan {2}8 2013,rst cause:2, boot mode:\(1,6\)\r\n/,
    ],
    ["esp8266", false, /boot mode:\(3,6\)/],
    [
      "esp32",
      true,
      /rst:0x1 \(POWERON_RESET\),boot:0x3 \(DOWNLOAD_BOOT\(.*\)\)\r\nwaiting for download\r\n$/,
    ],
    ["esp32", false, /boot:0x13 \(SPI_FAST_FLASH_BOOT\)\r\n$/],
    [
      "esp32s3",
      true,
      /boot:0x0 \(DOWNLOAD\(USB\/UART0\)\)\r\nwaiting for download/,
    ],
    [
      "esp32c3",
      false,
      /^ESP-ROM:esp32c3-api1-20210207\r\nBuild:Feb {2}7 2021\r\nrst:0x1 \(POWERON\),boot:0xc/,
    ],
  ];
  for (const [chip, download, pattern] of rows) {
    const options = { cause: "enable-pin", download } as const;
    assert.match(bootBanner(chipById(chip), options), pattern);
  }
});

Deno.test("bootFromFlash complains about erased flash as each ROM does", () => {
  const flash = new FlashMemory({ size: 0x40_0000 });
  for (const chip of ["esp32", "esp32c3", "esp32s3"]) {
    const { runs, text } = bootFromFlash(chipById(chip), flash);
    assert.equal(runs, false);
    assert.match(text, /^(invalid header: 0xffffffff\r\n)+$/);
  }
  const { runs, text } = bootFromFlash(chipById("esp8266"), flash);
  assert.equal(runs, false);
  assert.match(text, /rst cause:4, boot mode:\(3,6\)\r\n\r\nwdt reset/);
});

Deno.test("bootFromFlash loads an ESP32 image from its offset, mapped segments apart", () => {
  const flash = flashWith(
    0x1000,
    Uint8Array.of(0xe9, 2, 2, 0x20),
    encodeUint32(0x4008_0400),
    new Uint8Array(16),
    encodeUint32(0x3fff_0030, 4, 0, 0x400d_0020, 4, 0),
  );
  const { runs, text } = bootFromFlash(chipById("esp32"), flash);
  assert.equal(runs, true);
  assert.match(
    text,
    /mode:DIO, clock div:2\r\nload:0x3fff0030,len:4\r\nentry 0x40080400\r\n$/,
  );
});

Deno.test("bootFromFlash reads an ESP8266 image in chunks of sixteen, as its log shows", () => {
  // The lengths of a log that a user posted; only the checksums differ.
  const segments: [number, number][] = [[0x4010_0000, 25700], [
    0x3ffe_8000,
    848,
  ], [0x3ffe_8350, 184]];
  const parts = segments.flatMap(([address, size]) => [
    encodeUint32(address, size),
    new Uint8Array(size),
  ]);
  const end = 8 + segments.reduce((sum, [, size]) => sum + 8 + size, 0);
  const tail = new Uint8Array(16 - end % 16);
  const checksum = (byte: number) => {
    tail[tail.length - 1] = byte;
    return flashWith(
      0,
      Uint8Array.of(0xe9, 3, 0, 0, 0, 0, 0x10, 0x40),
      ...parts,
      tail,
    );
  };
  const { runs, text } = bootFromFlash(chipById("esp8266"), checksum(0xef));
  assert.equal(runs, true);
  const lines = text.split("\r\n").filter((line) => /^(load|tail)/.test(line));
  assert.deepEqual(lines, [
    ...["load 0x40100000, len 25700, room 16 ", "tail 4"],
    ...["load 0x3ffe8000, len 848, room 4 ", "tail 12"],
    ...["load 0x3ffe8350, len 184, room 12 ", "tail 12"],
  ]);
  const spoilt = bootFromFlash(chipById("esp8266"), checksum(0xee));
  assert.equal(spoilt.runs, false);
  assert.match(spoilt.text, /csum err\r\nets_main.c\r\n$/);
});
