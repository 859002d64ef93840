/**
 * The pins that a flash chip is connected to, where they are not the usual ones.
 *
 * @module
 */

import type { ChipFamily } from "../chips/family.ts";
import { ChipError } from "../errors.ts";

/** GPIO numbers of the five lines to a flash chip. */
export interface FlashPins {
  /** Clock. */
  readonly clk: number;
  /** Data out of the flash. */
  readonly q: number;
  /** Data into the flash. */
  readonly d: number;
  /** Hold. */
  readonly hd: number;
  /** Chip select. */
  readonly cs: number;
}

/** How the flash is connected: to the package's own pins (`SPI`), to those of HSPI, or to others. */
export type SpiConnection = "SPI" | "HSPI" | FlashPins;

const SPI_WORD = 0;
const HSPI_WORD = 1;
/** Where each pin stands in SPI_ATTACH's word. */
const SHIFTS = { clk: 0, q: 6, d: 12, cs: 18, hd: 24 } as const;

/**
 * Parses a connection: `SPI`, `HSPI`, or five numbers `CLK,Q,D,HD,CS`.
 *
 * @throws {SyntaxError} If the text is none.
 */
export function parseSpiConnection(text: string): SpiConnection {
  const name = text.toUpperCase();
  if (name === "SPI" || name === "HSPI") return name;
  const pins = text.split(",").map((pin) => pin.trim());
  if (pins.length !== 5 || !pins.every(isNumber)) {
    throw new SyntaxError(
      `"${text}" is not SPI, HSPI or five GPIO numbers CLK,Q,D,HD,CS`,
    );
  }
  const [clk = 0, q = 0, d = 0, hd = 0, cs = 0] = pins.map(Number);
  return { clk, q, d, hd, cs };
}

function isNumber(text: string): boolean {
  return /^(0x[0-9a-f]+|0o[0-7]+|0b[01]+|\d+)$/i.test(text);
}

/** A connection as {@linkcode parseSpiConnection} takes it. */
export function formatSpiConnection(connection: SpiConnection): string {
  if (typeof connection === "string") return connection;
  const { clk, q, d, hd, cs } = connection;
  return [clk, q, d, hd, cs].join();
}

/**
 * SPI_ATTACH's word for a connection.
 *
 * @throws {ChipError} `chip-lacks` if the chip cannot use other pins.
 * @throws {RangeError} If the chip has no such pin.
 */
export function spiAttachWord(
  { name, flashPins }: ChipFamily,
  connection: SpiConnection,
): number {
  if (connection === "SPI") return SPI_WORD;
  const wanted = formatSpiConnection(connection);
  if (
    flashPins === undefined || connection === "HSPI" && !flashPins.hasHspi
  ) {
    throw new ChipError(
      `Cannot connect the flash to ${wanted}: the ${name} cannot`,
      { code: "chip-lacks" },
    );
  }
  if (connection === "HSPI") return HSPI_WORD;
  const { ranges, highestHd = Infinity } = flashPins;
  const exists = (pin: number) =>
    ranges.some(([start, end]) => pin >= start && pin < end);
  const wrong = Object.values(connection).find((pin) => !exists(pin)) ??
    (connection.hd > highestHd ? connection.hd : undefined);
  if (wrong !== undefined) {
    const list = ranges.map(([start, end]) => `${start} to ${end - 1}`).join();
    throw new RangeError(
      wrong === connection.hd && exists(wrong)
        ? `Cannot connect the flash to ${wanted}: HD can be GPIO ${highestHd} at most`
        : `Cannot connect the flash to ${wanted}: the ${name} can use GPIO ${list}, not ${wrong}`,
    );
  }
  return Object.entries(SHIFTS).reduce(
    (word, [pin, shift]) => word | connection[pin as keyof FlashPins] << shift,
    0,
  );
}

/** Which of a connection's pins the chip's USB port needs. */
export function usbPinsOf(
  { flashPins }: ChipFamily,
  connection: SpiConnection,
): number[] {
  if (typeof connection === "string") return [];
  const { usb = [] } = flashPins ?? {};
  return Object.values(connection).filter((pin) => usb.includes(pin));
}
