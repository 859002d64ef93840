/**
 * From the files of an operation to what of them belongs into a board's flash.
 *
 * @module
 */

import { CHIPS } from "../chips/registry.ts";
import {
  type FlashSecurity,
  readFlashSecurity,
} from "../loader/flash_security.ts";
import type { OperationOptions } from "../progress.ts";
import type { Connection } from "./_connection.ts";
import { type PlacedFile, unpackContainers } from "./flash_files.ts";
import {
  checkFit,
  checkParameters,
  type FlashParameterOptions,
  imageParameters,
  namedSize,
} from "./prepare_file.ts";

/** Files for a board, and what has to be known of it. */
export interface TakenFiles {
  /** The files by rising address, none of them a container. */
  readonly files: readonly PlacedFile[];
  /** What the flash chip's id says. */
  readonly flashSize: number | undefined;
  /** What the eFuses say of secure boot and flash encryption. */
  readonly security: FlashSecurity;
}

/**
 * Takes containers apart, and makes sure that all files fit into the flash.
 *
 * @throws {RangeError} If no chip knows a parameter, or files touch the same sector.
 * @throws {ImageError} If a container is malformed, or a file does not fit.
 */
export async function takeFiles(
  { loader, flash }: Connection,
  placed: readonly PlacedFile[],
  options: FlashParameterOptions & OperationOptions,
): Promise<TakenFiles> {
  checkParameters(options, CHIPS);
  const flashSize = await flash.require(options);
  const parameters = imageParameters({ loader, flashSize, options });
  const files = unpackContainers(placed, loader.chip, parameters);
  checkFit(files, await flash.useSize(namedSize(options), options));
  const security = await readFlashSecurity(loader, options);
  return { files, flashSize, security };
}
