/**
 * What a chip family is, as data: no functions, no inheritance. A record
 * leaves out what its chip lacks.
 *
 * @module
 */

import { checkChip } from "./_check_chip.ts";
import type { FamilyStub, RomLoader } from "./loaders.ts";

export type {
  EarlierStub,
  FamilyStub,
  NoSecureBootStub,
  PointerStart,
  RomLoader,
  SecureBootStub,
} from "./loaders.ts";

/** How a family is told from the others. */
export type ChipDetection = MagicDetection | ChipIdDetection;

/** Told by the word at 0x4000_1000, which differs from ROM to ROM. */
export interface MagicDetection {
  /** Tells this variant from the other. */
  readonly kind: "magic";
  /** Every value that a ROM of the family has there. */
  readonly values: readonly number[];
}

/** Told by the chip id that GET_SECURITY_INFO answers. */
export interface ChipIdDetection {
  /** Tells this variant from the other. */
  readonly kind: "chip-id";
  /** The id; the same as in an image's extended header. */
  readonly id: number;
}

/** Where the controller of the boot flash has its registers; all are addresses. */
export interface SpiRegisters {
  /** Command: bit 18 starts a user-defined transfer and clears when it is done. */
  readonly cmd: number;
  /** The address phase's content. */
  readonly addr: number;
  /** Which phases a transfer has. */
  readonly usr: number;
  /** Lengths of the address and dummy phases; on the ESP8266 of the data phases too. */
  readonly usr1: number;
  /** The command phase's length and content. */
  readonly usr2: number;
  /** Bits to send, less one; absent on the ESP8266. */
  readonly mosiDlen?: number;
  /** Bits to receive, less one; absent on the ESP8266. */
  readonly misoDlen?: number;
  /** The first word of the data buffer. */
  readonly w0: number;
  /** How far a 24-bit address stands from bit 0 of `addr`: 8 where it is sent from the top bit down. */
  readonly addressShift: 0 | 8;
}

/** The registers of the watchdog that runs while the loader waits; all but `key` are addresses. */
export interface WatchdogRegisters {
  /** WDTCONFIG0: enable, stage actions. */
  readonly config0: number;
  /** WDTCONFIG1: the first stage's time. */
  readonly config1: number;
  /** WDTWPROTECT: takes the key. */
  readonly writeProtect: number;
  /** What unlocks the other registers. */
  readonly key: number;
  /** Whether it can reset the chip out of the loader, where no EN line is wired. */
  readonly resets: boolean;
}

/** The super watchdog's registers; it resets a chip that sits in the loader over USB-Serial/JTAG. */
export interface SuperWatchdogRegisters {
  /** The address of SWD_CONF. */
  readonly config: number;
  /** The address of SWD_WPROTECT. */
  readonly writeProtect: number;
  /** What unlocks SWD_CONF. */
  readonly key: number;
  /** SWD_AUTO_FEED_EN: the bit of SWD_CONF with which it feeds itself. */
  readonly autoFeed: number;
}

/** A register, and the bits of it that are meant. */
export interface RegisterBits {
  /** The register's address. */
  readonly address: number;
  /** The bits. */
  readonly mask: number;
}

/** Registers that the loader reads or writes; all are addresses. */
export interface ChipRegisters {
  /** UART_CLKDIV of UART 0: the crystal's frequency follows from it. */
  readonly uartClkDiv: number;
  /** UART_DATE of UART 0: a word that any chip lets itself be asked, as a probe that changes nothing. */
  readonly uartDate: number;
  /** RTC_CNTL_SDIO_CONF, which sets the supply of the flash chip, where the chip has it. */
  readonly sdioConf?: number;
  /** The flash controller. */
  readonly spi: SpiRegisters;
  /** The RTC watchdog (timer group 0's on the ESP32-H4). */
  readonly watchdog?: WatchdogRegisters;
  /** The super watchdog. */
  readonly superWatchdog?: SuperWatchdogRegisters;
  /** FORCE_DOWNLOAD_BOOT, which a program sets to come up in the loader, where the chip has it. */
  readonly forceDownloadBoot?: RegisterBits;
  /** GPIO_STRAP, and the pin that must have been high to boot from flash. */
  readonly strap?: RegisterBits;
}

/** What a range of addresses is. */
export type MemoryKind = "rom" | "iram" | "dram" | "irom" | "drom" | "rtc";

/** A range of addresses, half-open. */
export interface MemoryRegion {
  /** What it is. */
  readonly kind: MemoryKind;
  /** The first address. */
  readonly start: number;
  /** The first address behind it. */
  readonly end: number;
}

/** How a family's images and flash parameters are encoded. */
export interface FlashEncoding {
  /** Where the ROM looks for the first image, in bytes from the start of flash. */
  readonly bootloaderOffset: number;
  /** Flash sizes by name, as the high nibble of the image header's byte 3. */
  readonly sizes: Readonly<Record<string, number>>;
  /** Flash frequencies by name, as the low nibble of the image header's byte 3. */
  readonly frequencies: Readonly<Record<string, number>>;
  /** What a step of an image's legacy minimum revision is worth: 100 for a major, 1 for a minor one. */
  readonly legacyRevisionStep?: 100 | 1;
  /** Whether flash behind the first 16 MB can be reached, which takes addresses of four bytes. */
  readonly beyond16MB: boolean;
}

/** What a family's images are besides the flash parameters in their headers. */
export interface ImageFormat {
  /** The family's id in UF2 blocks. */
  readonly uf2FamilyId: number;
  /**
   * Sizes of the pages by which flash is mapped into memory, in bytes, the
   * default one first; absent where segments need no alignment.
   */
  readonly mmuPageSizes?: readonly number[];
  /**
   * How many bytes of its last page a mapped segment has at least, or the
   * chip's bootloader does not map that page; absent where one is enough.
   */
  readonly leastPageTail?: number;
  /** Whether secure boot v1 checks a signature behind the image. */
  readonly secureBootV1?: true;
  /** Flash sizes by name in an image of version 3, where they differ from those of the others. */
  readonly version3Sizes?: Readonly<Record<string, number>>;
  /** What addresses are called in a list of segments, in its order; an address may have several names. */
  readonly memoryTypes: readonly MemoryType[];
}

/** What a range of addresses is called, half-open. */
export interface MemoryType {
  /** The name: `IRAM`, `DROM`. */
  readonly name: string;
  /** The first address. */
  readonly start: number;
  /** The first address behind it. */
  readonly end: number;
}

/** Some bits of an eFuse (or OTP, or other read-only) word. */
export interface BitField {
  /** The block's name in {@linkcode EfuseLayout.blocks}. */
  readonly block: string;
  /** Which word of the block, from 0. */
  readonly word: number;
  /** How far the lowest bit is from bit 0. */
  readonly shift: number;
  /** How many bits. */
  readonly width: number;
}

/** A number made of bit fields, the first of which holds the lowest bits. */
export interface EfuseField {
  /** The bits. */
  readonly bits: readonly BitField[];
  /** What the bits stand for, where that is not their own value. */
  readonly map?: Readonly<Record<number, number>>;
}

/** A block of words that the loader may read. */
export interface EfuseBlock {
  /** The address of word 0. */
  readonly address: number;
  /** How many words. */
  readonly words: number;
}

/** The bounds of a value, both of them included. */
export interface ValueRange {
  /** The least; none by default. */
  readonly min?: number;
  /** The greatest; none by default. */
  readonly max?: number;
}

/** What the values of a field are called. */
export interface ValueLabels {
  /** A value's name. */
  readonly [value: number]: string;
  /** The name of every value that has none of its own; the value itself by default. */
  readonly other?: string;
}

/** A sentence about a chip and when it holds: the first rule that holds is taken. */
export interface TextRule {
  /** Fields and the value that each must have, or its bounds. */
  readonly when?: Readonly<Record<string, number | ValueRange>>;
  /** The text; `{field}` stands for the field's label, or its value if it has none. */
  readonly text: string;
}

/** Read-only words in the chip that say what it is. */
export interface EfuseLayout {
  /** Blocks by name. */
  readonly blocks: Readonly<Record<string, EfuseBlock>>;
  /** Fields by name. `majorRevision`, `minorRevision` and `package` mean the same in every record. */
  readonly fields: Readonly<Record<string, EfuseField>>;
  /** The six bytes of the MAC address, most significant first; absent where a quirk reads it. */
  readonly mac?: readonly BitField[];
  /** MAC_EXT: the two bytes that stand in the middle of an EUI-64, where the chip has one. */
  readonly macExtension?: readonly BitField[];
  /** The chip's own number, where it has one besides its MAC address. */
  readonly chipId?: EfuseField;
  /** What a field's values are called in a text. */
  readonly labels?: Readonly<Record<string, ValueLabels>>;
  /** The chip's full name; the last rule should hold always. */
  readonly description: readonly TextRule[];
  /** Features in their order: the first rule of a list that holds; a list of which none holds adds nothing. */
  readonly features: ReadonlyArray<readonly TextRule[]>;
}

/** How the crystal's frequency is known. */
export type Crystal = FixedCrystal | MeasuredCrystal;

/** The family always has the same crystal. */
export interface FixedCrystal {
  /** Tells this variant from the other. */
  readonly kind: "fixed";
  /** In megahertz. */
  readonly mhz: number;
}

/** The crystal follows from the UART's divider and the line's speed. */
export interface MeasuredCrystal {
  /** Tells this variant from the other. */
  readonly kind: "measured";
  /** What the UART's clock is to the crystal's: 2 on the ESP8266. */
  readonly divider: number;
  /** The frequencies that boards have, in megahertz. */
  readonly candidates: readonly number[];
}

/** Which GPIOs a flash chip can be connected to instead of the package's own. */
export interface FlashPinSupport {
  /** Numbers of GPIOs that exist, as half-open ranges. */
  readonly ranges: readonly (readonly [start: number, end: number])[];
  /** Whether HSPI's pins can be asked for by name. */
  readonly hasHspi?: true;
  /** The highest number that HD can have, where that is less. */
  readonly highestHd?: number;
  /** GPIOs that the chip's own USB port needs. */
  readonly usb?: readonly number[];
}

/** What the voltage of the flash's supply follows from, beside the eFuse fields `flashVoltage…`. */
export interface FlashSupplyRegisters {
  /** The bit of the strap register that is set for 1.8 V. */
  readonly strapMask: number;
  /** RTC_CNTL_SDIO_CONF, which can override both, where the chip has it. */
  readonly override?: number;
}

/** The low byte of a word in the ROM's data that says by which port the loader was entered. */
export interface PortVariable {
  /** The word's address. */
  readonly address: number;
  /** The byte when it was USB-OTG. */
  readonly otg?: number;
  /** The byte when it was USB-Serial/JTAG. */
  readonly jtag?: number;
}

/** How a family reaches a host by USB without an adapter. */
export interface UsbSupport {
  /** The USB-Serial/JTAG controller's product id (vendor 0x303A). */
  readonly jtagProductId?: number;
  /** The USB-OTG loader's product id (vendor 0x303A). */
  readonly otgProductId?: number;
  /** Bytes of data in a MEM_DATA packet over USB-OTG. */
  readonly otgBlockSize?: number;
  /** Where the ROM keeps which of its ports the loader talks to, where that is known. */
  readonly portVariable?: PortVariable;
}

/** What no field can say; each has one function in `lib/loader/quirks.ts`. */
export type Quirk =
  /** The MAC address is spread over OTP words, with an OUI that may be implied. */
  | "esp8266-otp-mac"
  /** The ROM erases more than FLASH_BEGIN asks for unless told less. */
  | "esp8266-erase-size"
  /** The ROM takes its crystal for another than it is, and must be told a speed to match. */
  | "esp32-rom-baud"
  /** The ROM takes every crystal for one of 40 MHz. */
  | "esp32c2-rom-baud"
  /** The ROM's crystal is what a clock register says, not what is on the board. */
  | "esp32c5-rom-baud"
  /** Some revisions come up with their flash's supply off. */
  | "esp32p4-flash-power"
  /** The first silicon answers a revision that it does not have. */
  | "esp32s3-eco0-revision";

/** A family of chips that share a ROM's habits. */
export interface ChipFamily {
  /** As on a command line: lower case, no hyphen. */
  readonly id: string;
  /** As in a datasheet. */
  readonly name: string;
  /** Where the record's facts come from. */
  readonly source: string;
  /** The chip id in an image's extended header; absent where images have none. */
  readonly imageChipId?: number;
  /** How it is told from the others. */
  readonly detect: ChipDetection;
  /** The ROM loader. */
  readonly rom: RomLoader;
  /** The flasher stub, where one has been published. */
  readonly stub?: FamilyStub;
  /** Registers. */
  readonly registers: ChipRegisters;
  /** The memory map. */
  readonly memory: readonly MemoryRegion[];
  /** Flash encodings. */
  readonly flash: FlashEncoding;
  /** Image formats. */
  readonly image: ImageFormat;
  /** Identity words. */
  readonly efuse: EfuseLayout;
  /** The crystal. */
  readonly crystal: Crystal;
  /** Other pins for the flash, where it can have others. */
  readonly flashPins?: FlashPinSupport;
  /** The flash's supply, where the chip has one for it. */
  readonly flashSupply?: FlashSupplyRegisters;
  /** USB, where the chip has it. */
  readonly usb?: UsbSupport;
  /** What no field can say. */
  readonly quirks: readonly Quirk[];
}

/**
 * Checks a record and freezes it.
 *
 * @throws {TypeError} If a region is empty or overlaps another of its kind, a
 * register is not on a word, a page size is no power of two, or a field goes
 * past its word or block.
 */
export function defineChip(family: ChipFamily): ChipFamily {
  checkChip(family);
  return deepFreeze(family);
}

function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null) {
    Object.freeze(value);
    Object.values(value).forEach(deepFreeze);
  }
  return value;
}
