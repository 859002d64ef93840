/**
 * The NVS partition that `nvs` works on: a file, or a partition of a board.
 *
 * @module
 */

import type { Device } from "../../mod.ts";
import {
  editNvs,
  findPartition,
  type NvsChanges,
  type NvsEdit,
  type NvsKeys,
  type Partition,
} from "../image/mod.ts";
import type { Report } from "./command.ts";
import { deviceLibrary } from "./device_library.ts";
import { readInput } from "./input_file.ts";
import { type NvsCall, readKeys } from "./nvs_options.ts";
import { OutputFile } from "./output_file.ts";
import { partitionSource } from "./partition_options.ts";
import { withDevice } from "./session.ts";
import { UsageError } from "./usage_error.ts";

const SECTOR_SIZE = 4096;

/** What a verb does with a partition's bytes. */
type NvsWork = (
  bytes: Uint8Array,
  keys: NvsKeys | undefined,
) => Promise<Report["result"]>;

/** Reads the partition and does something with its bytes. */
export async function readNvs(call: NvsCall, work: NvsWork): Promise<Report> {
  const keys = await readKeys(call);
  const { file } = call.options;
  if (file !== undefined) {
    return { result: await work(await readInput(file), keys) };
  }
  return await withPartition(
    call,
    async (device, { offset, size }) =>
      await work(await device.readFlash(offset, size), keys),
  );
}

/** Changes the partition, and writes back the sectors that have changed. */
export async function changeNvs(
  call: NvsCall,
  changes: NvsChanges,
): Promise<Report> {
  const keys = await readKeys(call);
  const { file, backup } = call.options;
  if (file === undefined) {
    await using copy = backup === undefined
      ? undefined
      : await OutputFile.create(backup, call.board);
    return await withPartition(
      call,
      (device, partition) =>
        changeBoard(
          call,
          device,
          partition,
          copy,
          (bytes) => editNvs(bytes, changes, { keys }),
        ),
    );
  }
  if (backup !== undefined) {
    throw new UsageError("--backup is for a board, and --file for a file");
  }
  await using output = await OutputFile.create(file);
  const edit = editNvs(await readInput(file), changes, { keys });
  if (edit.sectors.length > 0) await output.write(edit.partition);
  return { result: tell(call, edit, `'${file}'`) };
}

async function withPartition(
  call: NvsCall,
  work: (device: Device, partition: Partition) => Promise<Report["result"]>,
): Promise<Report> {
  const { options, globals } = call;
  const source = await partitionSource(options, globals.chip);
  return await withDevice(call, async (_chip, device) => {
    const partitions = await source(device);
    return await work(device, findPartition(partitions, options.partition));
  });
}

async function changeBoard(
  call: NvsCall,
  device: Device,
  partition: Partition,
  backup: OutputFile | undefined,
  change: (bytes: Uint8Array) => NvsEdit,
): Promise<Report["result"]> {
  const { force } = call.options;
  const { checkPartitionFit } = await deviceLibrary();
  checkPartitionFit(partition, 0, { force });
  const { name, offset, size } = partition;
  const before = await device.readFlash(offset, size);
  const edit = change(before);
  await backup?.write(before);
  if (edit.sectors.length > 0) call.flash.expectChange();
  for (const sector of edit.sectors) {
    const address = offset + sector.offset;
    const [written] = await device.writeFlash({ [address]: sector.data });
    if (written?.verified) call.flash.verify();
  }
  return tell(call, edit, `partition "${name}"`);
}

function tell(
  { screen }: NvsCall,
  { partition, sectors }: NvsEdit,
  where: string,
): Report["result"] {
  const offsets = sectors.map(({ offset }) => offset);
  screen.line(
    offsets.length === 0
      ? `Nothing to change in ${where}.`
      : `Changed ${where}: ${offsets.length} of ${
        partition.length / SECTOR_SIZE
      } sectors.`,
  );
  return { changed: offsets.length > 0, sectors: offsets };
}
