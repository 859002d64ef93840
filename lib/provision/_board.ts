/**
 * What a line does with one board, from opening its port to letting go of it.
 *
 * @module
 */

import { ChipError } from "../errors.ts";
import type { Device } from "../device/device.ts";
import { portName, type PortTarget } from "../device/open.ts";
import { open } from "../device/open_device.ts";
import { BoardRun } from "./_board_run.ts";
import type { PreparedFirmware, PreparedJob } from "./firmware.ts";
import type { LineOptions } from "./line.ts";
import type { BoardResult } from "./result.ts";

/** Runs one board. Always resolves: what goes wrong is in the result. */
export async function runBoard(
  target: PortTarget,
  job: PreparedJob | undefined,
  options: LineOptions,
): Promise<BoardResult> {
  using run = new BoardRun(portName(target), options);
  try {
    const device = await run.step(
      "open",
      () =>
        open(target, {
          ...options.open,
          ...(options.baud !== undefined && { baud: options.baud }),
          // The reset is a step of its own; a board that failed stays in its loader.
          after: "no-reset",
          clock: run.clock,
          signal: run.signal,
          onProgress: run.onProgress,
        }),
      (device) => device.close(),
    );
    await useDevice(run, device, job);
    return run.finish("pass", job?.name);
  } catch (error) {
    return run.finish({ error }, job?.name);
  }
}

async function useDevice(
  run: BoardRun,
  device: Device,
  job: PreparedJob | undefined,
): Promise<void> {
  try {
    await identify(run, device);
    if (job !== undefined) await provision(run, device, job);
    await run.step("reset", () => device.reset("hard-reset"));
  } catch (error) {
    // The first error is the one to report; closing after it can only repeat it.
    await run.guard(device.close()).catch(() => {});
    throw error;
  }
  await run.guard(device.close());
}

async function identify(run: BoardRun, device: Device): Promise<void> {
  await run.step("identify", async () => {
    const { description, revision, features, crystalMhz, mac, chipId } =
      await device.readIdentity();
    run.identity = {
      chip: device.chip.name,
      description,
      ...(revision && { revision }),
      features,
      crystalMhz,
      mac,
      chipId,
    };
    const { manufacturer, device: id, size } = await device.flashId();
    run.flash = {
      manufacturer,
      device: id,
      ...(size !== undefined && { size }),
    };
  });
}

async function provision(
  run: BoardRun,
  device: Device,
  job: PreparedJob,
): Promise<void> {
  const firmware = await run.step(
    "check",
    // deno-lint-ignore require-await -- a step is asynchronous
    async () => checkBoard(run, device, job),
  );
  if (job.eraseAll) await run.step("erase", () => device.eraseFlash());
  const files = firmware.files.map((file) => [file.address, file] as const);
  const written = await run.step(
    "write",
    () =>
      device.writeFlash(files, {
        verify: false,
        skipFlashed: job.skipFlashed,
      }),
  );
  await run.step("verify", () => device.verifyFlash(files));
  run.files = firmware.files.map(({ address, name, data, sha256 }) => ({
    address,
    name,
    size: data.length,
    sha256,
    skipped: written.some((file) => file.address === address && file.skipped),
  }));
}

/** Finds the firmware for a board, and refuses boards that it is not for. */
function checkBoard(
  { port, flash }: BoardRun,
  { chip }: Device,
  job: PreparedJob,
): PreparedFirmware {
  const firmware = job.firmware.find((entry) => entry.chip.id === chip.id);
  if (firmware === undefined) {
    const known = job.firmware.map((entry) => entry.chip.name).join(", ");
    throw new ChipError(
      `Cannot provision ${port}: it is an ${chip.name}, the job has firmware for ${known}`,
      {
        code: "chip-mismatch",
        hint: "Nothing has been written. Check which board is plugged in here.",
      },
    );
  }
  const size = flash?.size;
  if (size === undefined) {
    throw new ChipError(
      `Cannot provision ${port}: its flash chip's id does not tell its size`,
      {
        code: "flash-unknown",
        hint: "Nothing has been written. Check the flash chip and its solder.",
      },
    );
  }
  if (size < firmware.minFlashSize) {
    throw new ChipError(
      `Cannot provision ${port}: its flash has ${size} bytes, the job needs ${firmware.minFlashSize}`,
      {
        code: "flash-too-small",
        hint: "Nothing has been written. Check which board is plugged in here.",
      },
    );
  }
  return firmware;
}
