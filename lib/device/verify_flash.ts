/**
 * Comparing files with the flash, by MD5.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { VerifyError } from "../errors.ts";
import { flashMd5, readFlash } from "../loader/flash.ts";
import type { Loader } from "../loader/loader.ts";
import type { OperationOptions } from "../progress.ts";
import type { Connection } from "./_connection.ts";
import { takeFiles } from "./_take_files.ts";
import { type FlashParameterOptions, prepareFile } from "./prepare_file.ts";
import { describeFile, type PlacedFile } from "./flash_files.ts";

/** Options of {@linkcode Device.verifyFlash}. */
export interface VerifyFlashOptions
  extends OperationOptions, FlashParameterOptions {
  /**
   * Whether to read back what differs, so that the error can tell which bytes.
   *
   * @default {false}
   */
  readonly diff?: boolean | undefined;
}

/** A file that has been compared. */
export interface VerifiedFile {
  /** Where in flash, in bytes. */
  readonly address: number;
  /** The file's size as compared, in bytes. */
  readonly size: number;
  /** The MD5 digest of file and flash, as 32 lower-case hex digits. */
  readonly md5: string;
  /** What it is called. */
  readonly name?: string | undefined;
}

/** Compares files with the flash, up to the first that differs. */
export async function verifyFiles(
  connection: Connection,
  placed: readonly PlacedFile[],
  options: VerifyFlashOptions,
): Promise<VerifiedFile[]> {
  const { loader } = connection;
  const taken = await takeFiles(connection, placed, options);
  const { files, flashSize, security: { secureBoot } } = taken;
  const preparation = { loader, flashSize, secureBoot, options };
  const verified: VerifiedFile[] = [];
  for (const one of files) {
    const file = prepareFile(one, preparation);
    const { address, name, data: { length: size } } = file;
    const md5 = md5Of(file.data);
    await compare(loader, file, md5, options);
    verified.push({ address, size, md5, name });
  }
  return verified;
}

/** The MD5 digest of bytes, as 32 lower-case hex digits. */
export function md5Of(data: Uint8Array): string {
  return createHash("md5").update(data).digest("hex");
}

/** Whether the flash holds a file. */
export async function isInFlash(
  loader: Loader,
  { address, data }: PlacedFile,
  md5: string,
  options: OperationOptions,
): Promise<boolean> {
  return await flashMd5(loader, address, data.length, options) === md5;
}

/** @throws {VerifyError} If the flash does not hold the file. */
export async function compare(
  loader: Loader,
  file: PlacedFile,
  md5: string,
  options: VerifyFlashOptions,
): Promise<void> {
  const { address, data } = file;
  const actual = await flashMd5(loader, address, data.length, options);
  if (actual === md5) return;
  const blank = actual === md5Of(new Uint8Array(data.length).fill(0xff));
  const contents = options.diff
    ? await readFlash(loader, address, data.length, options)
    : undefined;
  throw new VerifyError(
    `Cannot verify ${describeFile(file)}: the flash ${
      blank ? "is empty there" : "holds something else"
    }`,
    {
      address,
      expected: md5,
      actual,
      ...(contents && { contents: { expected: data, actual: contents } }),
      hint:
        "Write it again; if that fails too, check the flash chip's supply, pins and protection.",
    },
  );
}
