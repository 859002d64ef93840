/**
 * Writing files to flash: checks, flash parameters, differences, MD5.
 *
 * @module
 */

import { eraseFlash, writeFlash } from "../loader/flash.ts";
import type { Loader } from "../loader/loader.ts";
import type { OperationOptions } from "../progress.ts";
import { ERASE_FLASH, SPI_FLASH_MD5 } from "../protocol/commands.ts";
import type { Connection } from "./_connection.ts";
import { changedPieces } from "./_flash_diff.ts";
import { checkErase, checkWrite } from "./_flash_guards.ts";
import { checkImages } from "./_image_checks.ts";
import { takeFiles } from "./_take_files.ts";
import {
  type FlashParameterOptions,
  fromSectorStart,
  namedSize,
  type PreparedPlace,
  prepareFile,
} from "./prepare_file.ts";
import { describeFile, type PlacedFile } from "./flash_files.ts";
import { compare, isInFlash, md5Of } from "./verify_flash.ts";

/** Options of {@linkcode Device.writeFlash}. */
export interface WriteFlashOptions
  extends OperationOptions, FlashParameterOptions {
  /**
   * Whether to send compressed data, for each file that becomes smaller by it.
   *
   * @default {true} where the loader can inflate
   */
  readonly compress?: boolean | undefined;
  /**
   * Whether to compare the MD5 digest of the flash with that of the file.
   * What the chip has encrypted cannot be compared.
   *
   * @default {true}
   */
  readonly verify?: boolean | undefined;
  /**
   * Whether to erase the whole chip first.
   *
   * @default {false}
   */
  readonly eraseAll?: boolean | undefined;
  /**
   * Whether to write an image that is for another chip or revision, and what
   * secure boot and flash encryption make dangerous.
   *
   * @default {false}
   */
  readonly force?: boolean | undefined;
  /**
   * Whether to leave out files that the flash holds already.
   *
   * @default {false}
   */
  readonly skipFlashed?: boolean | undefined;
  /**
   * Whether the chip encrypts what it writes, as if every file said so.
   *
   * @default {false}
   */
  readonly encrypt?: boolean | undefined;
  /**
   * Whether to write encrypted although the eFuses say that the chip could not
   * run it.
   *
   * @default {false}
   */
  readonly ignoreEncryptionFuses?: boolean | undefined;
  /**
   * Whether a file that is the same as its `previous` is taken to be in flash
   * without a look.
   *
   * @default {false}
   */
  readonly trustFlashContent?: boolean | undefined;
}

/** A piece of flash that has been written. */
export interface WrittenRange {
  /** Where in flash, in bytes. */
  readonly address: number;
  /** How many bytes. */
  readonly size: number;
  /** How many bytes of data were sent for it: fewer if they were compressed. */
  readonly wireBytes: number;
  /** How long the writing took, in milliseconds. */
  readonly ms: number;
}

/** A file that has been written. */
export interface WrittenFile {
  /** Where in flash, in bytes. */
  readonly address: number;
  /** The file's size as written, in bytes. */
  readonly size: number;
  /** How many bytes of data were sent for it: fewer if they were compressed. */
  readonly wireBytes: number;
  /** How long the writing took, in milliseconds. */
  readonly ms: number;
  /** The MD5 digest of what was written, before any encryption, as 32 lower-case hex digits. */
  readonly md5: string;
  /** Whether the flash's digest was compared with it; the ESP8266's ROM has none. */
  readonly verified: boolean;
  /** Whether nothing was written because the flash held the file already. */
  readonly skipped: boolean;
  /** Whether the chip has encrypted it. */
  readonly encrypted: boolean;
  /** What was really written: the whole file, or the sectors that differed from what was there. */
  readonly ranges: readonly WrittenRange[];
  /** The flash parameters that were put into it, if they were others: mode, then size and frequency, a byte each. */
  readonly flashParameters?: number;
  /** What it is called. */
  readonly name?: string | undefined;
}

/** Writes files, in the order of their addresses, having checked all of them first. */
export async function writeFiles(
  connection: Connection,
  placed: readonly PlacedFile[],
  options: WriteFlashOptions,
): Promise<WrittenFile[]> {
  const { loader } = connection;
  const taken = await takeFiles(connection, placed, options);
  const { flashSize, security } = taken;
  const files = options.encrypt
    ? taken.files.map((file) => ({ ...file, encrypt: true }))
    : taken.files;
  await checkWrite(loader, files, security, options);
  if (options.eraseAll) await checkErase(loader, options);
  if (!options.force) await checkImages(loader, files, options);
  const secureBoot = security.secureBoot || loader.secureDownload;
  const ready = files.map((file) => {
    const preparation = { loader, flashSize, secureBoot, options };
    return fromSectorStart(loader, prepareFile(file, preparation));
  });
  if (options.eraseAll) await eraseChip(loader, flashSize, options);
  const written: WrittenFile[] = [];
  for (const file of ready) {
    written.push(await writeAgainIfLost(connection, file, options));
  }
  return written;
}

/** Erases the whole flash chip. */
export async function eraseChip(
  loader: Loader,
  flashSize: number | undefined,
  options: OperationOptions,
): Promise<void> {
  const total = flashSize ?? 0;
  const event = {
    kind: "erase",
    port: loader.port,
    address: 0,
    total,
  } as const;
  // A loader that refuses has erased nothing.
  if (loader.has(ERASE_FLASH)) options.onProgress?.({ ...event, done: 0 });
  await eraseFlash(loader, options);
  options.onProgress?.({ ...event, done: total });
}

/** Not if it is encrypted: nothing could tell afterwards what is there. */
async function writeAgainIfLost(
  connection: Connection,
  file: PreparedPlace,
  options: WriteFlashOptions,
): Promise<WrittenFile> {
  if (file.encrypt) return await writeFile(connection.loader, file, options);
  return await connection.retried(options, async ({ loader, flash }) => {
    await flash.useSize(namedSize(options), options);
    return await writeFile(loader, file, options);
  });
}

async function writeFile(
  loader: Loader,
  file: PreparedPlace,
  options: WriteFlashOptions,
): Promise<WrittenFile> {
  const { encrypt: encrypted = false, flashParameters } = file;
  const md5 = md5Of(file.data);
  const canDigest = loader.has(SPI_FLASH_MD5) && !encrypted;
  if (!canDigest && (options.skipFlashed || file.previous !== undefined)) {
    const message = `All of ${
      describeFile(file)
    } is written, as nothing can be compared with what the flash holds`;
    options.onProgress?.({ kind: "note", port: loader.port, message });
  }
  const known = canDigest && !options.eraseAll
    ? await writeDifference(loader, file, md5, options)
    : NOTHING_KNOWN;
  const ranges = [...known.ranges];
  let verified = known.state === "verified";
  if (known.state === "unknown") {
    ranges.push(await writePiece(loader, file, options));
    verified = options.verify !== false && canDigest;
    if (verified) await compare(loader, file, md5, { ...options, diff: false });
  }
  return {
    address: file.address,
    size: file.data.length,
    md5,
    name: file.name,
    verified,
    encrypted,
    skipped: ranges.length === 0,
    ranges,
    wireBytes: ranges.reduce((sum, { wireBytes }) => sum + wireBytes, 0),
    ms: ranges.reduce((sum, { ms }) => sum + ms, 0),
    ...(flashParameters !== undefined && { flashParameters }),
  };
}

/** What has been written of a file, and whether the flash is known to hold it now. */
interface Difference {
  readonly ranges: readonly WrittenRange[];
  readonly state: "verified" | "trusted" | "unknown";
}

const NOTHING_KNOWN: Difference = { ranges: [], state: "unknown" };

/** Writes only what has to be, where something is known of the flash. */
async function writeDifference(
  loader: Loader,
  file: PlacedFile,
  md5: string,
  options: WriteFlashOptions,
): Promise<Difference> {
  const { previous } = file;
  if (previous === undefined && !options.skipFlashed) return NOTHING_KNOWN;
  const pieces = previous === undefined ? [] : changedPieces(file, previous);
  if (pieces.length === 0 && previous && options.trustFlashContent) {
    return { ranges: [], state: "trusted" };
  }
  const ranges: WrittenRange[] = [];
  for (const piece of pieces) {
    ranges.push(await writePiece(loader, piece, options));
  }
  if (await isInFlash(loader, file, md5, options)) {
    return { ranges, state: "verified" };
  }
  if (previous !== undefined) {
    const message = `The flash does not hold what ${
      describeFile(file)
    } was compared with: all of it is written`;
    options.onProgress?.({ kind: "note", port: loader.port, message });
  }
  return { ranges, state: "unknown" };
}

async function writePiece(
  loader: Loader,
  { address, data, deflated, encrypt: encrypted }: PlacedFile,
  options: WriteFlashOptions,
): Promise<WrittenRange> {
  const write = { address, data, deflated, encrypted };
  const { wireBytes, ms } = await writeFlash(loader, write, options);
  return { address, size: data.length, wireBytes, ms };
}
