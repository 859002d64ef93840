/**
 * What a virtual board is made of.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import type { Behavior } from "./behaviors.ts";
import type { FlashTiming, TimingMode } from "./timing.ts";

/**
 * The application's ear: called with what the host sends it, one call after the
 * other. `print` puts bytes on the line.
 */
export type VirtualApp = (
  bytes: Uint8Array,
  print: (bytes: Uint8Array) => Promise<void>,
) => void | Promise<void>;

/** What a board is made of. */
export interface VirtualBoardOptions {
  /** The chip's id or name, such as `esp32c3` or `ESP32-C3`. */
  readonly chip: string;
  /** The MAC address. @default A fixed one with one of Espressif's prefixes */
  readonly mac?: string | undefined;
  /** Added to the MAC address, so that the boards of a series differ. @default {0} */
  readonly index?: number | undefined;
  /** Such as `4MB` or `512KB`. @default {"4MB"} */
  readonly flashSize?: string | undefined;
  /** What the flash holds from address 0 on; the rest is erased. */
  readonly flash?: Uint8Array | undefined;
  /** The flash chip's JEDEC id. @default A GD25Q of the right size */
  readonly flashId?: number | undefined;
  /** The flash chip's SFDP table; an empty one for a chip without. */
  readonly sfdp?: Uint8Array | undefined;
  /**
   * The flash encryption key as `espsecure` takes it, in an eFuse block that
   * nobody can read any more: 32 bytes, or 64 for XTS-AES-256. Whether
   * encryption is on, `fields` say: `{ flashCryptCount: 1 }`.
   */
  readonly flashKey?: Uint8Array | undefined;
  /** Where the flash chip is: `SPI`, `HSPI`, or five GPIOs `CLK,Q,D,HD,CS`. @default {"SPI"} */
  readonly flashPins?: string | undefined;
  /** Becomes part of the board's `port`, to tell boards apart. */
  readonly name?: string | undefined;
  /** The chip's revision, such as `3.0`. @default A common one */
  readonly revision?: string | undefined;
  /** Other identity fields, by their names in the chip's record. */
  readonly fields?: Readonly<Record<string, number>> | undefined;
  /** Words that read otherwise than they would, by address. */
  readonly registers?: Readonly<Record<number, number>> | undefined;
  /** In megahertz. @default What most boards with the chip have */
  readonly crystalMhz?: number | undefined;
  /**
   * What holds IO0 when the modem lines do not: `download`, a jumper or a
   * thumb on the boot button; `run`, a circuit that lets nothing pull it low;
   * `auto`, the modem lines alone.
   *
   * @default `auto`, and `download` when the first host's link has no modem lines
   */
  readonly strap?: "auto" | "download" | "run" | undefined;
  /**
   * How the host is connected: by a serial adapter (`bridge`), or by the chip's
   * own USB-Serial/JTAG controller (`jtag`) or USB-OTG port (`otg`).
   *
   * @default {"bridge"}
   */
  readonly usb?: "bridge" | "jtag" | "otg" | undefined;
  /** Whether secure boot is on. @default {false} */
  readonly secureBoot?: boolean | undefined;
  /** Whether flash encryption is on, so that the chip decrypts what it runs. @default {false} */
  readonly flashEncryption?: boolean | undefined;
  /** Whether the ROM's loader is in secure download mode. @default {false} */
  readonly secureDownload?: boolean | undefined;
  /** Whether bytes and flash take time. @default {"instant"} */
  readonly timing?: TimingMode | undefined;
  /** What the flash chip takes for its work. @default {GD25Q32C_TIMING} */
  readonly flashTiming?: FlashTiming | undefined;
  /** What time is told by. @default {systemClock} */
  readonly clock?: Clock | undefined;
  /** Faults. */
  readonly behaviors?: readonly Behavior[] | undefined;
  /** What the application prints when it starts. */
  readonly appText?: string | undefined;
  /** What the application does with what it is sent. @default It reads nothing */
  readonly app?: VirtualApp | undefined;
  /** What a program in RAM that is no stub prints when it starts. */
  readonly ramText?: string | undefined;
}
