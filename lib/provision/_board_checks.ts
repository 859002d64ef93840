/** Whether a board is one that the job is for. */

import type { ChipFamily } from "../chips/family.ts";
import { ChipError, type EspErrorCode } from "../errors.ts";
import type { BoardRun } from "./_board_run.ts";
import type { PreparedFirmware, PreparedJob } from "./firmware.ts";

/**
 * Finds the firmware for a board, and refuses boards that it is not for.
 *
 * @throws {ChipError} `chip-mismatch`, `flash-unknown` or `flash-too-small`.
 */
export function checkBoard(
  { port, flash, identity }: BoardRun,
  chip: ChipFamily,
  job: PreparedJob,
): PreparedFirmware {
  const refuse = (why: string, code: EspErrorCode, hint?: string) =>
    new ChipError(`Cannot provision ${port}: ${why}`, {
      code,
      hint: `Nothing has been written. ${
        hint ?? "Check which board is plugged in here."
      }`,
    });
  const firmware = job.firmware.find((entry) => entry.chip.id === chip.id);
  if (firmware === undefined) {
    const known = job.firmware.map((entry) => entry.chip.name).join(", ");
    throw refuse(
      `it is an ${chip.name}, the job has firmware for ${known}`,
      "chip-mismatch",
    );
  }
  const { major = 0, minor = 0 } = identity?.revision ?? {};
  if (major * 100 + minor < firmware.minRevision) {
    const least = `v${Math.floor(firmware.minRevision / 100)}.${
      firmware.minRevision % 100
    }`;
    throw refuse(
      `its revision is v${major}.${minor}, the job needs ${least}`,
      "chip-mismatch",
    );
  }
  const size = flash?.size;
  if (size === undefined) {
    throw refuse(
      "its flash chip's id does not tell its size",
      "flash-unknown",
      "Check the flash chip and its solder.",
    );
  }
  if (size < firmware.minFlashSize) {
    throw refuse(
      `its flash has ${size} bytes, the job needs ${firmware.minFlashSize}`,
      "flash-too-small",
    );
  }
  return firmware;
}
