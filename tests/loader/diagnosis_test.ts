import assert from "node:assert/strict";
import {
  diagnoseConnect,
  isReadable,
  parseBootLog,
} from "../../lib/loader/diagnosis.ts";

const ESP32_FLASH =
  "ets Jul 29 2019 12:21:46\r\n\r\nrst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\r\nconfigsip: 0, SPIWP:0xee\r\nclk_drv:0x00,q_drv:0x00,d_drv:0x00,cs0_drv:0x00,hd_drv:0x00,wp_drv:0x00\r\nmode:DIO, clock div:2\r\nload:0x3fff0030,len:1184\r\n";
const ESP32_DOWNLOAD =
  "ets Jun  8 2016 00:22:57\r\n\r\nrst:0x1 (POWERON_RESET),boot:0x3 (DOWNLOAD_BOOT(UART0/UART1/SDIO_REI_REO_V2))\r\nwaiting for download\r\n";
const ESP32C3_FLASH =
  "ESP-ROM:esp32c3-api1-20210207\r\nBuild:Feb  7 2021\r\nrst:0x1 (POWERON),boot:0xc (SPI_FAST_FLASH_BOOT)\r\n";
const ESP32C3_DOWNLOAD =
  "ESP-ROM:esp32c3-api1-20210207\r\nBuild:Feb  7 2021\r\nrst:0x1 (POWERON),boot:0x4 (DOWNLOAD(USB/UART0/1))\r\nwaiting for download\r\n";
const ESP8266_FLASH =
  "\r\n ets Jan  8 2013,rst cause:2, boot mode:(3,6)\r\n\r\nload 0x4010f000, len 3460, room 16 \r\n";
const ESP8266_DOWNLOAD =
  "\r\n ets Jan  8 2013,rst cause:2, boot mode:(1,7)\r\n";
const BROWNOUT =
  "rst:0xf (RTCWDT_BROWN_OUT_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\r\nBrownout detector was triggered\r\n";
const PANIC =
  "Guru Meditation Error: Core  0 panic'ed (LoadProhibited). Exception was unhandled.\r\nCore 0 register dump:\r\n";

function bytes(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

function diagnose(...logs: string[]) {
  return diagnoseConnect({
    port: "COM7",
    canReset: true,
    logs: logs.map(bytes),
  });
}

Deno.test("parseBootLog reads the mode, its name and the cause", () => {
  assert.deepEqual(parseBootLog(bytes(ESP32_FLASH)), {
    resets: 1,
    mode: 0x13,
    modeName: "SPI_FAST_FLASH_BOOT",
    cause: "POWERON_RESET",
    download: false,
  });
  assert.deepEqual(parseBootLog(bytes(ESP8266_FLASH)), {
    resets: 1,
    mode: 3,
    cause: "2",
    download: false,
  });
  assert.equal(parseBootLog(bytes("Hello\r\n")), undefined);
});

Deno.test("parseBootLog knows download mode by every ROM's words", () => {
  for (
    const log of [
      ESP32_DOWNLOAD,
      ESP32C3_DOWNLOAD,
      ESP8266_DOWNLOAD,
      "rst:0x1 (POWERON_RESET),boot:0xf (UART_BOOT(UART0))\r\n",
      "rst:0x1 (POWERON),boot:0x2 (UART0_BOOT)\r\nwait uart0 download\r\n",
      "boot:0x23\r\nwaiting for download\r\n",
    ]
  ) {
    assert.equal(parseBootLog(bytes(log))?.download, true, log);
  }
  for (const log of [ESP32C3_FLASH, BROWNOUT, ESP8266_FLASH]) {
    assert.equal(parseBootLog(bytes(log))?.download, false, log);
  }
});

Deno.test("isReadable tells text from noise", () => {
  assert.ok(isReadable(bytes(ESP32_FLASH)));
  assert.ok(!isReadable(Uint8Array.of(0xe0, 0x1c, 0xfe, 0x00, 0x80, 0x7c)));
});

Deno.test("diagnoseConnect names the cause for each log", () => {
  const cases = [
    [[""], "no-serial-data", "Cannot connect to COM7: no serial data received"],
    [
      ["", ESP32_FLASH],
      "wrong-boot-mode",
      "Cannot connect to COM7: wrong boot mode 0x13 (SPI_FAST_FLASH_BOOT, reset cause POWERON_RESET), the chip is not in download mode",
    ],
    [
      [ESP32C3_FLASH],
      "wrong-boot-mode",
      "Cannot connect to COM7: wrong boot mode 0xc (SPI_FAST_FLASH_BOOT, reset cause POWERON), the chip is not in download mode",
    ],
    [
      [ESP32_DOWNLOAD],
      "no-sync-reply",
      "Cannot connect to COM7: the chip is in download mode, but no sync reply came: the TX path to the chip seems to be down",
    ],
    // One of the resets worked: the straps are not the trouble.
    [
      [ESP32_FLASH, ESP32_DOWNLOAD, ESP32_FLASH],
      "no-sync-reply",
      "Cannot connect to COM7: the chip is in download mode, but no sync reply came: the TX path to the chip seems to be down",
    ],
    [
      [ESP32_FLASH + PANIC],
      "chip-panicked",
      `Cannot talk to the chip on COM7: its program crashed, "Guru Meditation Error: Core  0 panic'ed (LoadProhibited). Exception was unhandled."`,
    ],
    [
      [BROWNOUT.repeat(4)],
      "boot-loop",
      "Cannot connect to COM7: the chip resets again and again in boot mode 0x13, 4 times in one attempt, cause RTCWDT_BROWN_OUT_RESET",
    ],
    [
      ["I (412) wifi: connected\r\n"],
      "no-sync-reply",
      'Cannot connect to COM7: the chip sends text, but no sync reply: "I (412) wifi: connected"',
    ],
    [
      ["\xe0\x1c\xfe\x00\x80\x7c"],
      "no-sync-reply",
      "Cannot connect to COM7: the chip sends 6 unreadable bytes, and no sync reply",
    ],
  ] as const;
  for (const [logs, code, message] of cases) {
    const error = diagnose(...logs);
    assert.deepEqual([error.code, error.message], [code, message]);
    assert.ok(error.hint !== undefined);
  }
});

Deno.test("diagnoseConnect reads an ESP8266's log at its own speed", () => {
  const noise = "\x8e\xfe\x02\x9c\xf2";
  const of = (slowLog: string) =>
    diagnoseConnect({
      port: "COM7",
      canReset: true,
      logs: [bytes(noise)],
      slowLog: bytes(slowLog),
    });
  assert.equal(of(ESP8266_FLASH).code, "wrong-boot-mode");
  assert.equal(
    of(ESP8266_FLASH).message,
    "Cannot connect to COM7: wrong boot mode 0x3 (reset cause 2), the chip is not in download mode",
  );
  assert.equal(of(ESP8266_DOWNLOAD).code, "no-sync-reply");
  assert.equal(of(ESP8266_FLASH.repeat(3)).code, "boot-loop");
});

Deno.test("diagnoseConnect asks for a hand where there are no lines", () => {
  const error = diagnoseConnect({ port: "COM7", canReset: false, logs: [] });
  assert.match(error.hint ?? "", /by hand/);
});
