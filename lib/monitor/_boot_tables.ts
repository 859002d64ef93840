/**
 * What numbers and names in boot logs and crash reports mean.
 *
 * Sources: ESP8266 "Reset Causes and Common Fatal Exception Causes"; Xtensa ISA
 * Reference Manual, "Exception Causes" (EXCCAUSE); the reset reasons of
 * ESP-IDF's `esp_rom` headers (Apache-2.0); esptool's and ESP-IDF's
 * documentation, "Boot Mode Selection" and "Fatal Errors".
 */

/** Meanings by number. */
export type Meanings = Readonly<Record<number, string>>;

/** `rst cause:` of the ESP8266's ROM. */
export const ESP8266_RESETS: Meanings = {
  0: "of a cause that the ROM does not know",
  1: "because the power came on",
  2: "by its reset pin (EN or RST), or woke from deep sleep",
  3: "by its own program",
  4: "by the hardware watchdog: the program hung, or did not start at all",
};

/** The three low bits of the first number of `boot mode:`, which are GPIO15, GPIO0 and GPIO2. */
export const ESP8266_MODES: Meanings = {
  0: "is in no usable boot mode: GPIO0 and GPIO2 were low",
  1: "waits for a download over the UART: GPIO0 was low",
  2: "is in no usable boot mode: GPIO2 was low, and must be high",
  3: "starts the program in flash",
  4: "waits for an SDIO host: GPIO15 was high, and must be low",
  5: "waits for an SDIO host: GPIO15 was high, and must be low",
  6: "waits for an SDIO host: GPIO15 was high, and must be low",
  7: "waits for an SDIO host: GPIO15 was high, and must be low",
};

/** `rst:0x…` of the ROMs from the ESP32 on. */
export const RESETS: Meanings = {
  0x01: "because the power came on, or by its EN pin",
  0x03: "by its own program, all of the chip",
  0x04: "by the old watchdog",
  0x05: "as it woke from deep sleep",
  0x06: "by the SDIO host",
  0x07: "by the watchdog of timer group 0, ESP-IDF's task watchdog",
  0x08: "by the watchdog of timer group 1, ESP-IDF's interrupt watchdog",
  0x09: "by the RTC watchdog, all but the RTC",
  0x0a: "by the intrusion detector",
  0x0b: "by the watchdog of timer group 0, this CPU alone",
  0x0c: "by its own program, as after a panic or esp_restart()",
  0x0d: "by the RTC watchdog, this CPU alone",
  0x0e: "by the other CPU, as at every start of the second core",
  0x0f: "because its supply voltage was too low: check power supply and cable",
  0x10:
    "by the RTC watchdog: the start took too long, often for want of a program in flash",
  0x11: "by the watchdog of timer group 1, this CPU alone",
  0x12: "by the super watchdog",
  0x13: "because of a glitch on its clock",
  0x14: "because of an error in its eFuses",
  0x15: "over its USB port (USB-Serial/JTAG)",
  0x16: "over JTAG through its USB port",
  0x17: "because of a glitch on its supply",
  0x18: "over JTAG, this CPU alone",
  0x1a: "because its CPU locked up: an exception inside an exception",
};

/** Names that a ROM gives to boot modes, in the order in which they are looked for. */
export const MODE_NAMES: readonly (readonly [name: RegExp, words: string])[] = [
  [/DOWNLOAD/, "it waits for a download"],
  [/SPI_FAST_FLASH_BOOT/, "it starts the program in flash"],
  [
    /SPI_FLASH_BOOT|HSPI_FLASH_BOOT/,
    "it starts from flash in a mode that is not supported: check the boot strap pins",
  ],
  [
    /SDIO|ATE_BOOT|RESERVE|INVALID|LEGACY/,
    "this boot mode is not for programs in flash: check the boot strap pins",
  ],
];

/** The pins that a chip samples at reset, by their bits in `boot:0x…`. */
export const BOOT_STRAPS: Readonly<
  Record<string, { readonly boot: number; readonly pin: string }>
> = {
  esp32: { boot: 0x10, pin: "GPIO0" },
  esp32s2: { boot: 0x08, pin: "GPIO0" },
  esp32s3: { boot: 0x08, pin: "GPIO0" },
  esp32c2: { boot: 0x08, pin: "GPIO9" },
  esp32c3: { boot: 0x08, pin: "GPIO9" },
  esp32c6: { boot: 0x08, pin: "GPIO9" },
  esp32c61: { boot: 0x08, pin: "GPIO9" },
  esp32h2: { boot: 0x08, pin: "GPIO9" },
  esp32c5: { boot: 0x08, pin: "GPIO28" },
  esp32p4: { boot: 0x08, pin: "GPIO35" },
};

/** EXCCAUSE of the Xtensa chips. */
export const XTENSA_EXCEPTIONS: Meanings = {
  0: "illegal instruction: the program jumped to what is no code, or ends in __builtin_trap(), such as a function without its return",
  1: "a system call instruction",
  2: "an instruction could not be fetched: the program jumped to an address without memory",
  3: "a load or store failed: an access of 8 or 16 bits to memory that takes 32 bits only, such as flash or IRAM",
  4: "a level-1 interrupt",
  5: "a stack adjustment (MOVSP)",
  6: "a division by zero",
  8: "a privileged instruction",
  9: "a load or store at an address that is not a multiple of its size",
  12: "a bus error while an instruction was fetched",
  13: "a bus error in a load or store",
  14: "a bus address error while an instruction was fetched",
  15: "a bus address error in a load or store",
  16: "an instruction at an address that is not mapped",
  17: "an instruction at an address that is mapped twice",
  18: "an instruction at a privileged address",
  20:
    "an instruction from memory that holds no code: a wild function pointer, or a damaged stack",
  24: "a load or store at an address that is not mapped",
  25: "a load or store at an address that is mapped twice",
  26: "a load or store at a privileged address",
  28: "a load from an address that may not be read, such as a null pointer",
  29: "a store to an address that may not be written, such as a null pointer",
  32: "the coprocessor is disabled",
};

/** What stands in brackets behind `panic'ed`. */
export const PANICS: readonly (readonly [name: RegExp, words: string])[] = [
  [
    /^Illegal ?Instruction/i,
    "it met what is no instruction: a wild jump, damaged code, or a function without its return",
  ],
  [
    /^Instr(uction )?Fetch ?(Prohibited|Error)/i,
    "it jumped to an address that holds no code: a wild function pointer, or a damaged stack",
  ],
  [
    /^Instruction access fault/i,
    "it jumped to an address that holds no code: a wild function pointer, or a damaged stack",
  ],
  [/^Instruction address misaligned/i, "it jumped to an odd address"],
  [
    /^Load ?Prohibited|^Load access fault/i,
    "it read from an address that may not be read, such as a null pointer (EXCVADDR or MTVAL says which)",
  ],
  [
    /^Store ?Prohibited|^Store(\/AMO)? access fault/i,
    "it wrote to an address that may not be written, such as a null pointer (EXCVADDR or MTVAL says which)",
  ],
  [
    /^Load ?Store ?Alignment|address misaligned/i,
    "it read or wrote at an address that is not a multiple of the size",
  ],
  [
    /^Load ?Store ?Error/i,
    "it read or wrote less than 32 bits in memory that takes 32 bits only, such as IRAM",
  ],
  [/^Integer ?Divide ?By ?Zero/i, "it divided by zero"],
  [
    /^Interrupt wdt timeout/i,
    "interrupts were off, or an interrupt routine ran, for too long",
  ],
  [/^Task watchdog/i, "a task did not let others run in time"],
  [
    /^Cache disabled/i,
    "it touched flash or external RAM while the cache was off, as during a write to flash: code and data for that time belong into internal RAM",
  ],
  [
    /^Cache error/i,
    "it touched flash or external RAM while the cache was off, or an address that is not mapped",
  ],
  [
    /^Unhandled debug exception/i,
    "it met a breakpoint without a debugger, or ran over the end of a task's stack",
  ],
  [
    /^Breakpoint/i,
    "it met a breakpoint without a debugger, or a failed check of the compiler's",
  ],
  [
    /^Double ?exception|^Unhandled double/i,
    "an exception was raised inside an exception's routine, often after the stack ran over",
  ],
  [
    /^Coprocessor/i,
    "it used the floating-point unit where that is not allowed, as in an interrupt",
  ],
  [
    /^(Memory|PMS|PMP|World|APM)\b.*(fault|violation|protection)/i,
    "it touched memory that is protected",
  ],
  [
    /^Stack protection fault/i,
    "a task's stack ran over, or its stack pointer left the stack",
  ],
  [/^Stack (canary|smash)/i, "a task's stack ran over"],
  [/^Environment call/i, "it made a system call that nobody handles"],
  [/^abort/i, "it gave up by abort()"],
];
