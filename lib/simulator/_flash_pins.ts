/**
 * The pins that a flash chip is wired to.
 *
 * @module
 */

/** CLK, Q, D, HD and CS, as GPIO numbers. */
export type FlashPins = readonly number[];

/** What SPI_ATTACH's word says. */
const DEFAULT_PINS = 0;
const HSPI = 1;
const PIN_BITS = 6;
const PIN_COUNT = 5;
/** CLK, Q, D, CS, HD from the lowest bits up, as places in {@linkcode FlashPins}. */
const WORD_ORDER = [0, 1, 2, 4, 3];

/** The pins that a chip connects by name: its package's own, and HSPI's. */
export interface NamedPins {
  /** What the ROM connects unless it is told otherwise. */
  readonly spi: FlashPins;
  /** What the word 1 stands for, where a chip has it. */
  readonly hspi?: FlashPins;
}

/**
 * Parses a wiring: `SPI`, `HSPI`, or five numbers `CLK,Q,D,HD,CS`.
 *
 * @throws {SyntaxError} If it is none.
 */
export function parseFlashPins(
  text: string,
  named: NamedPins | undefined,
): FlashPins | undefined {
  if (text === "SPI") return named?.spi;
  if (text === "HSPI" && named?.hspi !== undefined) return named.hspi;
  const pins = text.split(",").map(Number);
  if (pins.length === PIN_COUNT && pins.every(Number.isInteger)) return pins;
  throw new SyntaxError(
    `Cannot wire flash to "${text}": it looks like "SPI" or "6,7,8,9,11" (CLK,Q,D,HD,CS)`,
  );
}

/** The pins that SPI_ATTACH's word stands for; `undefined` for the package's own where they are not known. */
export function pinsOfWord(
  word: number,
  named: NamedPins | undefined,
): FlashPins | undefined {
  if (word === DEFAULT_PINS) return named?.spi;
  if (word === HSPI && named?.hspi !== undefined) return named.hspi;
  const pins = new Array<number>(PIN_COUNT).fill(0);
  WORD_ORDER.forEach((place, index) => {
    pins[place] = word >>> PIN_BITS * index & 2 ** PIN_BITS - 1;
  });
  return pins;
}
