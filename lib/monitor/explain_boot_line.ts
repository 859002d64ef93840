/**
 * What a line of a boot log or crash report means, in words.
 *
 * Sources: as {@linkcode explainBootLine} says.
 *
 * @module
 */

import { formatAddress } from "../bytes.ts";
import {
  BOOT_STRAPS,
  ESP8266_MODES,
  ESP8266_RESETS,
  MODE_NAMES,
  PANICS,
  RESETS,
  XTENSA_EXCEPTIONS,
} from "./_boot_tables.ts";

interface Rule {
  readonly pattern: RegExp;
  /** The words, or `undefined` if there is nothing to say. */
  explain(groups: readonly string[], chip?: string): string | undefined;
}

/** A length of -1: what erased flash reads as. */
const ERASED_LENGTH = "-1";
const ERASED_WORD = "ffffffff";

/** In the order in which they are tried. */
const RULES: readonly Rule[] = [
  {
    pattern: /rst cause:? ?(\d+), *boot mode:\((\d+),(\d+)\)/,
    explain: ([cause = "", mode = ""]) => {
      const reset = ESP8266_RESETS[Number(cause)] ?? "of an unknown cause";
      const boot = ESP8266_MODES[Number(mode) & 7] ?? "";
      return `The chip was reset ${reset}; it ${boot}`;
    },
  },
  {
    pattern:
      /rst:0x([0-9a-f]+)(?: \(([^)]*)\))?,boot:0x([0-9a-f]+)(?: \((.*)\))?/i,
    explain: ([reset = "", name = "", straps = "", mode = ""], chip) => {
      const cause = RESETS[parseInt(reset, 16)] ??
        `for ${name || "a reason that is not known"}`;
      return `The chip was reset ${cause}; ${
        bootMode(mode, parseInt(straps, 16), chip)
      }`;
    },
  },
  {
    pattern: /^load:0x([0-9a-f]+),len:(?:0x)?(-?[0-9a-f]+)/i,
    explain: ([address = "", size = ""]) =>
      address === ERASED_WORD || size === ERASED_LENGTH
        ? "The flash is erased here, or cannot be read in this mode"
        : `The ROM loads a part of the bootloader to ${place(address)}`,
  },
  {
    pattern: /^load 0x([0-9a-f]+), len (\d+), room \d+/i,
    explain: ([address = "", size = ""]) =>
      `The ROM loads ${size} bytes of the program to ${place(address)}`,
  },
  {
    pattern: /^entry 0x([0-9a-f]+)/i,
    explain: ([address = ""]) =>
      `The ROM starts the bootloader at ${place(address)}`,
  },
  {
    pattern: /^csum err/,
    explain: () =>
      "The image in flash is damaged: its checksum is another than the loaded data's. Write it again, in a flash mode that the chip can do",
  },
  {
    pattern: /^csum 0x([0-9a-f]+)/i,
    explain: () =>
      "The image's own checksum: the same as the last chksum if the flash was read well",
  },
  {
    pattern: /^chksum 0x([0-9a-f]+)/i,
    explain: () => "The checksum of what has been loaded so far",
  },
  {
    pattern: /^ets_main\.c *(\d*)/,
    explain: () =>
      "The ROM gives up: it found no program in flash that it can run. Write one, in a flash mode that the chip can do",
  },
  {
    pattern: /^flash read err, *(?:0x)?([0-9a-f]+)/i,
    explain: ([address = ""]) =>
      `The ROM found no bootloader at ${
        place(address)
      }: nothing, or something at another place or encrypted, was written, or the flash chip cannot be read`,
  },
  {
    pattern: /^invalid header: 0x([0-9a-f]+)/i,
    explain: ([word = ""]) =>
      word.toLowerCase() === ERASED_WORD
        ? "The flash is erased where the bootloader belongs, or cannot be read: write a bootloader"
        : "What stands in flash where the bootloader belongs is none: write one, at the right address",
  },
  {
    pattern: /^(?:E BOD: |.*)Brownout detector was triggered/i,
    explain: () =>
      "The supply voltage fell too low: check power supply, cable and what else draws current",
  },
  {
    pattern: /^waiting for (download|host)/,
    explain: ([what]) =>
      what === "host"
        ? "The ROM waits for an SDIO host: GPIO15 was high at reset"
        : "The ROM's loader waits for a tool such as espline",
  },
  {
    pattern: /Falling back to built-in command interpreter/,
    explain: () => "The ROM has nothing to run and shows its BASIC prompt",
  },
  {
    pattern: /^mode:(\w+), clock div:(\d+)/,
    explain: ([mode = "", divider = ""]) =>
      `The bootloader's header says that flash is read in ${mode} mode at ${
        divider === "1" ? "the full clock" : `a clock divided by ${divider}`
      }`,
  },
  {
    pattern: /^(?:configsip: (\d+), )?SPIWP:0x([0-9a-f]+)/,
    explain: ([pins]) =>
      pins === undefined || pins === "0"
        ? "The flash chip is on the usual pins"
        : pins === "1"
        ? "The flash chip is on the HSPI pins, by eFuse"
        : "The flash chip is on pins of its own, by eFuse",
  },
  {
    pattern:
      /Guru Meditation Error:? *(?:Core +(\d+) panic'ed|of type (\S+) occurred on core +(\d+))(?: \(([^)]*)\))?/,
    explain: ([core, type, otherCore, cause]) => {
      const name = cause ?? type ?? "";
      const words = PANICS.find(([pattern]) => pattern.test(name))?.[1];
      return words &&
        `The program crashed on core ${core ?? otherCore}: ${words}`;
    },
  },
  {
    pattern: /^(?:Fatal exception|Exception) ?\(?(\d+)\)?/,
    explain: ([number = ""]) => {
      const words = XTENSA_EXCEPTIONS[Number(number)];
      return words && `The program crashed: ${words}`;
    },
  },
  {
    pattern:
      /^(?:Soft WDT reset|Task watchdog got triggered|.*task_wdt: Task watchdog got triggered)/,
    explain: () =>
      "A part of the program ran too long without letting others run",
  },
  {
    pattern: /^(?:wdt reset|.*\bHardware WDT reset)/i,
    explain: () =>
      "The hardware watchdog has reset the chip: the program hung with interrupts off, or did not start at all",
  },
  {
    pattern: /stack overflow in task (\S+)/,
    explain: ([task = ""]) =>
      `The stack of the task "${task}" ran over: give it more, or put less on it`,
  },
  {
    pattern: /^Stack smashing protect failure/,
    explain: () => "A function wrote past the end of a local array",
  },
  {
    pattern: /^CORRUPT HEAP/,
    explain: () =>
      "Something wrote past the end of a block of the heap, or used it after it was freed",
  },
  {
    pattern: /^abort\(\) was called/,
    explain: () =>
      "The program gave up by abort(): a failed assertion, ESP_ERROR_CHECK or an uncaught exception",
  },
  {
    pattern: /invalid magic number 0x([0-9a-f]+)/i,
    explain: ([word = ""]) =>
      /^f+$/i.test(word)
        ? "There is no partition table: the flash is erased there"
        : "There is no partition table where it should be: write one, or check its offset",
  },
  {
    pattern: /image at 0x([0-9a-f]+) has invalid magic byte/i,
    explain: ([address = ""]) =>
      `There is no program in the partition at ${place(address)}: write one`,
  },
  {
    pattern: /No bootable app partitions/i,
    explain: () =>
      "The bootloader found no partition with a program that it can run: write one, or check the partition table",
  },
];

/**
 * Says what a line that a ROM, bootloader or crash handler prints means: why
 * the chip was reset, in what mode it starts, what is loaded, why it fails.
 *
 * Sources: ESP8266 "Reset Causes and Common Fatal Exception Causes", esptool's
 * "Boot Mode Selection", ESP-IDF's "Fatal Errors".
 *
 * @param text The line, without colours.
 * @param chip The chip family's id, such as `esp32c3`, which makes known what pins the boot mode is read from.
 * @returns A sentence without a final period; `undefined` if the line is none of these.
 *
 * @example Why did it restart?
 * ```ts
 * import { explainBootLine } from "@espline/espline/monitor";
 *
 * console.log(explainBootLine(" ets Jan  8 2013,rst cause:4, boot mode:(3,6)"));
 * ```
 */
export function explainBootLine(
  text: string,
  chip?: string,
): string | undefined {
  const line = text.trimStart();
  for (const { pattern, explain } of RULES) {
    const found = pattern.exec(line);
    if (found !== null) return explain(found.slice(1), chip);
  }
  return undefined;
}

function bootMode(name: string, straps: number, chip = ""): string {
  const words = MODE_NAMES.find(([pattern]) => pattern.test(name))?.[1];
  if (words === undefined) return `its boot mode is 0x${straps.toString(16)}`;
  const strap = BOOT_STRAPS[chip];
  if (strap === undefined || !name.includes("DOWNLOAD")) return words;
  return `${words}, because ${strap.pin} was ${
    straps & strap.boot ? "high" : "low"
  } at reset`;
}

function place(digits: string): string {
  return formatAddress(parseInt(digits, 16));
}
