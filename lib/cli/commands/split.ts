/**
 * `split`: the result is `{ format, chip, parts }`, each part as
 * `{ kind, name, address, size, file }`; one that is erased has no file.
 *
 * @module
 */

import { join } from "node:path";
import {
  PARTITION_TABLE_OFFSET,
  splitImage,
  type SplitPart,
} from "../../image/mod.ts";
import { type Command, defineCommand } from "../command.ts";
import { readInput } from "../input_file.ts";
import { flag, namedChip, required, setting } from "../options.ts";
import { fileError, writeFiles } from "../output_file.ts";
import { integer, listOf, maybe, object, text } from "../schema.ts";
import type { Screen } from "../screen.ts";
import { hex, printable } from "../text.ts";
import { parseUint32 } from "../values.ts";

/** Takes a file for flash apart. */
export const split: Command = defineCommand({
  name: "split",
  summary: "take a merged file apart: raw, Intel HEX or UF2",
  arguments: {
    file: required("file", "the merged file", String),
    folder: required(
      "folder",
      "where to put the parts; made if need be",
      String,
    ),
  },
  options: {
    targetOffset: setting({
      flags: "-t, --target-offset <address>",
      summary: "where in flash a raw file begins (default: 0)",
      fallback: 0,
      parse: parseUint32,
    }),
    tableOffset: setting({
      flags: "--partition-table-offset <address>",
      summary: "where the partition table is in flash (default: 0x8000)",
      fallback: PARTITION_TABLE_OFFSET,
      parse: parseUint32,
    }),
    keepPadding: flag(
      "--keep-padding",
      "keep the erased flash at the end of each part",
    ),
  },
  examples: [{
    line: "split all.bin parts",
    does: "puts bootloader, partition table and partitions into files",
  }],
  result: object({
    format: text("the file's format", ["raw", "hex", "uf2"]),
    chip: maybe(text("the chip that it is for, if that is known")),
    parts: listOf(
      object({
        kind: text("what it is", [
          "bootloader",
          "partition-table",
          "partition",
          "other",
        ]),
        name: text("what it is called"),
        address: integer("where it begins in flash"),
        size: integer("how many bytes it has; 0 if all of it is erased"),
        file: maybe(text("where it has been put, unless it is erased")),
      }),
      "the parts, by address",
    ),
  }),
  async run(call) {
    const { file, folder } = call.arguments;
    const image = splitImage(await readInput(file), {
      ...call.options,
      chip: namedChip(call.globals.chip),
    });
    const parts = await writeParts(image.parts, folder, file);
    for (const part of parts) describe(part, call.screen);
    const { format, chip } = image;
    return { result: { format, ...(chip && { chip: chip.id }), parts } };
  },
});

interface WrittenPart
  extends Pick<SplitPart, "kind" | "name" | "address" | "size"> {
  /** Absent if there is nothing in it. */
  readonly file?: string;
}

/** Writes all parts, once it is known that each can be written. */
async function writeParts(
  parts: readonly SplitPart[],
  folder: string,
  source: string,
): Promise<WrittenPart[]> {
  try {
    await Deno.mkdir(folder, { recursive: true });
  } catch (cause) {
    throw fileError("write", folder, cause);
  }
  const written = parts.map((part): WrittenPart => {
    const { kind, name, address, size } = part;
    return {
      ...{ kind, name, address, size },
      ...(size > 0 && { file: join(folder, fileName(part)) }),
    };
  });
  await writeFiles(
    parts.flatMap((part, index) => {
      const path = written[index]?.file;
      return path === undefined ? [] : [{ path, read: () => part.read() }];
    }),
    [source],
  );
  return written;
}

/** A name that is one on any system, whatever the partition is called; the address keeps it apart from others. */
function fileName({ kind, name, address }: SplitPart): string {
  const place = hex(address);
  const safe = name.replaceAll(/[^A-Za-z0-9_.-]/g, "_");
  return kind === "other" ? `${place}.bin` : `${place}-${safe}.bin`;
}

function describe(
  { name, address, size, file }: WrittenPart,
  screen: Screen,
): void {
  const title = `${printable(name)} at ${hex(address)}`;
  screen.line(
    file === undefined
      ? `Skipped ${title}: it is erased.`
      : `Wrote ${size} bytes of ${title} to '${file}'.`,
  );
}
