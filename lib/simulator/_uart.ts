import { BITS_PER_BYTE } from "./timing.ts";

/** Two speeds closer than this hear each other perfectly. */
const TOLERANCE = 0.02;

/** What SYNC's payload begins with. */
const SYNC_HEAD = [0x07, 0x07, 0x12, 0x20] as const;

/** Whether two ends at these speeds hear each other. */
export function isSameSpeed(baudRate: number, other: number): boolean {
  return Math.abs(baudRate / other - 1) < TOLERANCE;
}

/** Whether bytes hold the beginning of a SYNC, by which a ROM measures the line. */
export function holdsSync(bytes: Uint8Array): boolean {
  let at = -1;
  do {
    at = bytes.indexOf(SYNC_HEAD[0], at + 1);
    if (SYNC_HEAD.every((byte, i) => bytes[at + i] === byte)) return true;
  } while (at !== -1);
  return false;
}

/**
 * What a receiver at `toBaud` makes of bytes that were sent back to back at
 * `fromBaud`, 8N1: the sender's bits are sampled in the middle of the
 * receiver's, so the garbage is the one that a real UART would show.
 */
export function resample(
  bytes: Uint8Array,
  fromBaud: number,
  toBaud: number,
): Uint8Array {
  const ratio = fromBaud / toBaud;
  if (isSameSpeed(fromBaud, toBaud) || bytes.length === 0) return bytes;
  const level = (bit: number) => lineLevel(bytes, bit);
  const total = bytes.length * BITS_PER_BYTE;
  const heard = new Uint8Array(Math.ceil(total / ratio / 9) + 1);
  let length = 0;
  for (let at = 0;;) {
    const start = nextLow(level, at, total);
    if (start === undefined) return heard.subarray(0, length);
    let byte = 0;
    for (let bit = 0; bit < 8; bit++) {
      byte |= level(Math.floor(start + (1.5 + bit) * ratio)) << bit;
    }
    heard[length++] = byte;
    // The receiver looks for the next start bit from the middle of the stop bit on.
    at = start + 9.5 * ratio;
  }
}

/** The sender's line during bit number `bit`: a start bit, eight data bits from the lowest, a stop bit; high when idle. */
function lineLevel(bytes: Uint8Array, bit: number): number {
  const byte = bytes[Math.floor(bit / BITS_PER_BYTE)];
  const position = bit % BITS_PER_BYTE;
  if (byte === undefined || position === BITS_PER_BYTE - 1) return 1;
  return position === 0 ? 0 : byte >> (position - 1) & 1;
}

/** When the line next falls or is low, in the sender's bits. */
function nextLow(
  level: (bit: number) => number,
  from: number,
  total: number,
): number | undefined {
  if (from < total && level(Math.floor(from)) === 0) return from;
  for (let bit = Math.floor(from) + 1; bit < total; bit++) {
    if (level(bit) === 0) return bit;
  }
  return undefined;
}

/** What UART_CLKDIV reads. */
export function uartClkDiv(
  clockHz: number,
  baudRate: number,
  fraction: boolean,
): number {
  if (!fraction) return Math.floor(clockHz / baudRate);
  const sixteenths = Math.floor(clockHz * 16 / baudRate);
  return ((sixteenths & 15) << 20 | sixteenths >> 4) >>> 0;
}
