import assert from "node:assert/strict";
import { explainBootLine } from "../../lib/monitor/explain_boot_line.ts";

/** Lines of logs in Espressif's documents, in issues and as users post them. */
const CASES: readonly [line: string, words: RegExp][] = [
  // ESP8266
  [
    " ets Jan  8 2013,rst cause:1, boot mode:(3,7)",
    /power came on; it starts the program in flash/,
  ],
  ["ets Jan  8 2014,rst cause 1, boot mode:(3,7)", /power came on; it starts/],
  [
    "ets Jan  8 2013,rst cause:2, boot mode:(1,7)",
    /reset pin.*; it waits for a download over the UART: GPIO0 was low/,
  ],
  [" ets Jan  8 2013,rst cause:4, boot mode:(3,6)", /hardware watchdog/],
  [
    " ets Jan  8 2013,rst cause:2, boot mode:(7,7)",
    /SDIO host: GPIO15 was high/,
  ],
  [
    "load 0x40100000, len 24236, room 16",
    /loads 24236 bytes of the program to 0x4010_0000/,
  ],
  ["chksum 0xb7", /checksum of what has been loaded/],
  ["csum 0x46", /same as the last chksum/],
  ["csum err", /damaged/],
  ["ets_main.c", /gives up/],
  ["wdt reset", /hardware watchdog/],
  [
    "Fatal exception 28(LoadProhibitedCause):",
    /a load from an address that may not be read/,
  ],
  ["Fatal exception (0):", /illegal instruction/],
  ["Exception (29):", /a store to an address/],
  ["Exception (9):", /not a multiple of its size/],
  ["Soft WDT reset", /ran too long/],
  // ESP32 and later
  [
    "rst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)",
    /power came on.*; it starts the program in flash/,
  ],
  [
    "rst:0x10 (RTCWDT_RTC_RESET),boot:0x33 (SPI_FAST_FLASH_BOOT)",
    /RTC watchdog: the start took too long/,
  ],
  ["rst:0xc (SW_CPU_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)", /own program/],
  [
    "rst:0xf (RTCWDT_BROWN_OUT_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)",
    /voltage was too low/,
  ],
  [
    "rst:0x1 (POWERON_RESET),boot:0x3 (DOWNLOAD_BOOT(UART0/UART1/SDIO_REI_REO_V2))",
    /it waits for a download$/,
  ],
  ["rst:0x15 (USB_UART_CHIP_RESET),boot:0xc (SPI_FAST_FLASH_BOOT)", /USB port/],
  [
    "rst:0x99 (NEW_RESET),boot:0xc (SPI_FAST_FLASH_BOOT)",
    /for NEW_RESET; it starts/,
  ],
  ["rst:0x1 (POWERON),boot:0x2 (HSPI_FLASH_BOOT)", /not supported/],
  ["load:0x3fff0030,len:1184", /a part of the bootloader to 0x3fff_0030/],
  ["load:0xffffffff,len:-1", /erased here, or cannot be read/],
  ["entry 0x400805e4", /starts the bootloader at 0x4008_05e4/],
  ["configsip: 0, SPIWP:0xee", /usual pins/],
  ["configsip: 1, SPIWP:0xee", /HSPI pins/],
  ["mode:DIO, clock div:2", /DIO mode at a clock divided by 2/],
  ["flash read err, 1000", /no bootloader at 0x0000_1000/],
  ["ets_main.c 371 ", /gives up/],
  ["invalid header: 0xffffffff", /erased/],
  ["invalid header: 0x0f0100eb", /is none/],
  ["csum err:0x7a!=0x5f", /damaged/],
  ["waiting for download", /loader waits/],
  ["Falling back to built-in command interpreter.", /BASIC/],
  ["Brownout detector was triggered", /voltage fell/],
  ["E BOD: Brownout detector was triggered", /voltage fell/],
  [
    "Guru Meditation Error: Core  0 panic'ed (LoadProhibited). Exception was unhandled.",
    /crashed on core 0: it read from an address/,
  ],
  [
    "Guru Meditation Error: Core  1 panic'ed (Interrupt wdt timeout on CPU1). ",
    /crashed on core 1: interrupts/,
  ],
  [
    "Guru Meditation Error: Core  0 panic'ed (Store access fault). Exception was unhandled.",
    /wrote to an address/,
  ],
  [
    "Guru Meditation Error: Core  0 panic'ed (Cache disabled but cached memory region accessed). ",
    /cache was off/,
  ],
  [
    "Guru Meditation Error: Core 0 panic'ed (IllegalInstruction). Exception was unhandled.",
    /no instruction/,
  ],
  [
    "Guru Meditation Error of type StoreProhibited occurred on core  0. Exception was unhandled.",
    /crashed on core 0: it wrote to/,
  ],
  [
    "***ERROR*** A stack overflow in task main has been detected.",
    /stack of the task "main"/,
  ],
  ["abort() was called at PC 0x42067cd5 on core 0", /abort\(\)/],
  [
    "E (31) flash_parts: partition 0 invalid magic number 0xffff",
    /no partition table: the flash is erased/,
  ],
  [
    "E (39) esp_image: image at 0x10000 has invalid magic byte",
    /no program in the partition at 0x0001_0000/,
  ],
  [
    "E (10) task_wdt: Task watchdog got triggered. The following tasks did not reset the watchdog in time:",
    /ran too long/,
  ],
];

for (const [line, words] of CASES) {
  Deno.test(`explainBootLine explains "${line}"`, () => {
    assert.match(explainBootLine(line) ?? "nothing", words);
    assert.doesNotMatch(explainBootLine(line) ?? "", /undefined|NaN|\.$/);
  });
}

Deno.test("explainBootLine tells the pin of the boot mode where it knows the chip", () => {
  const line = "rst:0x1 (POWERON),boot:0x4 (DOWNLOAD(USB/UART0/1))";
  assert.match(
    explainBootLine(line, "esp32c3") ?? "",
    /GPIO9 was low at reset$/,
  );
  assert.match(explainBootLine(line) ?? "", /it waits for a download$/);
  const forced = "rst:0x3 (RTC_SW_SYS_RST),boot:0x8 (DOWNLOAD(USB/UART0))";
  assert.match(
    explainBootLine(forced, "esp32s3") ?? "",
    /GPIO0 was high at reset$/,
  );
});

for (
  const line of [
    "",
    "Hello world!",
    "I (345) main: load: 5, entry 3",
    "Guru Meditation Error: Core  0 panic'ed (Something new). ",
    "Exception (99):",
  ]
) {
  Deno.test(`explainBootLine has nothing to say about "${line}"`, () => {
    assert.equal(explainBootLine(line), undefined);
  });
}
