/**
 * The boot flash: write, read, compare, erase.
 *
 * @module
 */

import { alignUp, formatAddress } from "../bytes.ts";
import { ChipError } from "../errors.ts";
import type { OperationOptions } from "../progress.ts";
import {
  FLASH_DEFL_BEGIN,
  type FlashRange,
  SPI_ATTACH,
  SPI_SET_PARAMS,
} from "../protocol/commands.ts";
import { deflate } from "./_deflate.ts";
import { readPackets, readSlowly } from "./_flash_reader.ts";
import { deflatedSource, plainSource } from "./_flash_source.ts";
import { sendToFlash } from "./_flash_writer.ts";
import { operate } from "./_operation.ts";
import { spiAttachWord, type SpiConnection } from "./flash_pins.ts";
import type { Loader } from "./loader.ts";
import { erasedSizeOf } from "./quirks.ts";

/** Options of {@linkcode attachFlash}. */
export interface AttachFlashOptions extends OperationOptions {
  /**
   * Where the flash is.
   *
   * @default The package's own pins
   */
  readonly connection?: SpiConnection | undefined;
  /** The flash's size in bytes, where it is known. */
  readonly size?: number | undefined;
}

/** What is written into flash. */
export interface FlashWriteParams {
  /** Where; for a ROM, on a sector of 4 KiB. */
  readonly address: number;
  /** What. */
  readonly data: Uint8Array;
  /** A zlib stream of exactly `data`, where it has been made already. */
  readonly deflated?: Uint8Array | undefined;
  /** Whether the chip encrypts it on its way into flash. */
  readonly encrypted?: boolean | undefined;
}

/** Options of {@linkcode writeFlash}. */
export interface WriteFlashOptions extends OperationOptions {
  /**
   * Whether to send a zlib stream, if that is shorter. By default where the
   * loader can inflate, but not in secure download mode.
   */
  readonly compress?: boolean | undefined;
}

/** What {@linkcode writeFlash} has done. */
export interface FlashWriteResult {
  /** Bytes written. */
  readonly bytes: number;
  /** Bytes sent for them, compressed or padded, without headers and repetitions. */
  readonly wireBytes: number;
  /** How long it took, in milliseconds. */
  readonly ms: number;
}

const SECTOR_SIZE = 0x1000;
/** Where addresses of three bytes end, which is as far as a ROM reaches. */
export const THREE_BYTE_END = 0x100_0000;

/**
 * Connects the flash to the loader's driver, which must be done once before
 * anything else, and tells the driver its size.
 *
 * @throws {ChipError} `chip-lacks` if the chip or its ROM cannot use other pins.
 * @throws {RangeError} If the chip has no such pin.
 */
export async function attachFlash(
  loader: Loader,
  options: AttachFlashOptions = {},
): Promise<void> {
  const { connection, size } = options;
  const word = spiAttachWord(loader.chip, connection ?? "SPI");
  const { clock } = loader.link;
  await operate(clock, "attach the flash", options, async (signal) => {
    // A stub has attached it to its default pins when it started.
    if (loader.has(SPI_ATTACH) || word !== 0) {
      if (!loader.isStub || connection !== undefined) {
        await loader.spiAttach(word, { signal });
      }
    } else {
      // The ESP8266's ROM attaches with the first FLASH_BEGIN, even of nothing.
      const blockSize = loader.flashBlockSize;
      await loader.flashBegin({ size: 0, blocks: 0, blockSize, offset: 0 }, {
        signal,
      });
    }
    if (size !== undefined && loader.has(SPI_SET_PARAMS)) {
      await loader.spiSetParams(size, { signal });
    }
  });
}

/**
 * Erases what it needs to and writes. Nothing is compared afterwards.
 *
 * @throws {RangeError} If a ROM is to write to an address that is not on a sector.
 * @throws {CommandError} If the device refused three times.
 */
export async function writeFlash(
  loader: Loader,
  write: FlashWriteParams,
  options: WriteFlashOptions = {},
): Promise<FlashWriteResult> {
  const { address, data, encrypted = false } = write;
  const { clock } = loader.link;
  const what = `write flash at ${formatAddress(address)}`;
  checkRange(loader, what, { address, size: data.length });
  if (!loader.isStub && address % SECTOR_SIZE !== 0) {
    throw new RangeError(
      `Cannot ${what}: a ROM writes from the start of a 4 KiB sector only`,
    );
  }
  const started = clock.now();
  return await operate(clock, what, options, async (signal) => {
    const stream = await deflatedIfShorter(loader, write, options);
    signal?.throwIfAborted();
    noteMoreErased(loader, { address, size: data.length }, options);
    const blockSize = loader.flashBlockSize;
    const params = { address, data, blockSize, encrypted };
    using source = stream === undefined
      ? plainSource(params)
      : deflatedSource(params, stream);
    const total = data.length;
    await sendToFlash({
      loader,
      source,
      address,
      total,
      options: { ...options, signal },
    });
    const wireBytes = stream?.length ?? source.blocks * params.blockSize;
    return { bytes: total, wireBytes, ms: clock.now() - started };
  });
}

async function deflatedIfShorter(
  loader: Loader,
  { data, deflated, encrypted }: FlashWriteParams,
  { compress }: WriteFlashOptions,
): Promise<Uint8Array | undefined> {
  const able = loader.has(FLASH_DEFL_BEGIN);
  if (compress === true && !able) {
    throw new ChipError(
      `Cannot write compressed: the ${loader.chip.name} ROM cannot inflate`,
      { code: "chip-lacks", hint: "Use the flasher stub." },
    );
  }
  // Whether a ROM inflates in secure download mode, and what it makes of a
  // stream that it is to encrypt as well, is not documented.
  const doubtful = !loader.isStub && (loader.secureDownload || encrypted);
  const wanted = compress ?? !doubtful;
  if (!wanted || !able || data.length === 0) return undefined;
  const stream = deflated ?? await deflate(data);
  return stream.length < data.length ? stream : undefined;
}

/**
 * Reads flash. A stub's answer is compared with the digest that it sends; a
 * ROM reads 64 bytes at a time, without a digest.
 *
 * @param size In bytes.
 * @throws {VerifyError} If what came is not what the stub has read.
 * @throws {FrameError} `reply-invalid` if a packet is damaged.
 * @throws {ChipError} `chip-lacks` from a ROM that cannot read, the ESP8266's.
 */
export async function readFlash(
  loader: Loader,
  address: number,
  size: number,
  options: OperationOptions = {},
): Promise<Uint8Array> {
  const what = `read flash at ${formatAddress(address)}`;
  checkRange(loader, what, { address, size });
  const { clock, timeouts } = loader.link;
  const range = { address, size };
  return await operate(clock, what, options, (signal) => {
    const inner = { ...options, signal };
    if (!loader.isStub) return readSlowly(loader, range, inner);
    return loader.link.exchange((line) =>
      readPackets(line, loader.port, range, {
        ...inner,
        timeout: timeouts.default,
      })
    );
  });
}

/**
 * Lets the device compute the MD5 digest of a range of flash.
 *
 * @returns 32 lower-case hex digits.
 * @throws {ChipError} `chip-lacks` from the ESP8266's ROM.
 */
export async function flashMd5(
  loader: Loader,
  address: number,
  size: number,
  options: OperationOptions = {},
): Promise<string> {
  const what = `compute the digest of flash at ${formatAddress(address)}`;
  const range = { address, size };
  checkRange(loader, what, range);
  return await operate(
    loader.link.clock,
    what,
    options,
    (signal) => loader.spiFlashMd5(range, { signal }),
  );
}

/**
 * Erases the whole flash.
 *
 * @throws {ChipError} `chip-lacks` from a ROM.
 */
export async function eraseFlash(
  loader: Loader,
  options: OperationOptions = {},
): Promise<void> {
  await operate(
    loader.link.clock,
    "erase the flash",
    options,
    (signal) => loader.eraseFlash({ signal }),
  );
}

/**
 * Erases whole sectors.
 *
 * @param address A multiple of 4 KiB.
 * @param size A multiple of 4 KiB.
 * @throws {RangeError} If one of them is not.
 */
export async function eraseRegion(
  loader: Loader,
  address: number,
  size: number,
  options: OperationOptions = {},
): Promise<void> {
  const what = `erase flash at ${formatAddress(address)}`;
  const range = { address, size };
  checkRange(loader, what, range);
  if (address % SECTOR_SIZE !== 0 || size % SECTOR_SIZE !== 0) {
    throw new RangeError(
      `Cannot ${what}: address and size (${size}) must be multiples of 4 KiB`,
    );
  }
  if (size === 0) return;
  await operate(loader.link.clock, what, options, async (signal) => {
    noteMoreErased(loader, range, options);
    reportErase(loader, range, 0, options);
    if (loader.isStub) {
      await loader.eraseRegion(range, { signal });
    } else {
      // A ROM has no command to erase, but erases before data that need not come.
      const blockSize = loader.flashBlockSize;
      const blocks = Math.ceil(size / blockSize);
      await loader.flashBegin({ size, blocks, blockSize, offset: address }, {
        signal,
      });
    }
    reportErase(loader, range, size, options);
  });
}

function checkRange(
  loader: Loader,
  what: string,
  { address, size }: FlashRange,
): void {
  const sound = Number.isInteger(address) && Number.isInteger(size) &&
    address >= 0 && size >= 0 && address + size <= 2 ** 32;
  if (!sound) {
    throw new RangeError(
      `Cannot ${what}: ${size} bytes from there are no range of flash`,
    );
  }
  const { chip, isStub } = loader;
  const end = address + size;
  if (end <= THREE_BYTE_END || isStub && chip.flash.beyond16MB) return;
  throw new ChipError(
    `Cannot ${what}: the ${chip.name}${
      isStub ? "" : " ROM"
    } reaches only the first 16 MB of flash`,
    {
      code: "chip-lacks",
      hint: chip.flash.beyond16MB && !loader.secureDownload
        ? "Use the flasher stub."
        : "Write, read and erase below 0x0100_0000 only.",
    },
  );
}

function reportErase(
  loader: Loader,
  { address, size }: FlashRange,
  done: number,
  { onProgress }: OperationOptions,
): void {
  onProgress?.({
    kind: "erase",
    port: loader.port,
    address,
    done,
    total: size,
  });
}

/** Says so if a ROM erases behind what it is asked for. */
function noteMoreErased(
  { chip, isStub, port }: Loader,
  { address, size }: FlashRange,
  { onProgress }: OperationOptions,
): void {
  if (isStub) return;
  const end = address + alignUp(size, SECTOR_SIZE);
  const more = address + erasedSizeOf(chip, address, size) - end;
  if (more <= 0) return;
  const from = formatAddress(end);
  const message =
    `The ${chip.name} ROM erases ${more} bytes more than it is asked to, from ${from} on`;
  onProgress?.({ kind: "note", port, message });
}
