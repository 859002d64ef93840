/**
 * A build's firmware as its description names it.
 *
 * @module
 */

import { EspError } from "../errors.ts";

/** A build of which the files have not been read. */
export interface BuildDescription {
  /** The family's name as the build spells it. */
  readonly chip?: string | undefined;
  /** The flash parameters, as the build spells them. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Addresses, and paths that are relative to the description. */
  readonly files: readonly DescribedFile[];
}

/** A file of a build. */
export interface DescribedFile {
  /** Where in flash, in bytes. */
  readonly address: number;
  /** Its path, relative to the description's folder. */
  readonly path: string;
  /** Whether the chip encrypts it. */
  readonly encrypt: boolean;
}

/** Says that a build's description cannot be used. */
export function buildError(
  path: string,
  why: string,
  cause?: unknown,
): EspError {
  return new EspError(`Cannot read "${path}": ${why}`, {
    code: "file-invalid",
    cause,
  });
}
