/** What is made of one board's row: partitions, files and patched firmware. */

import { viewOf } from "../bytes.ts";
import type { ChipFamily } from "../chips/family.ts";
import { EspError } from "../errors.ts";
import { IMAGE_MAGIC } from "../image/esp_image.ts";
import { buildNvs } from "../image/nvs_build.ts";
import { encodeNvsKeys, generateNvsKeys } from "../image/nvs_keys.ts";
import { nvsInteger, type NvsValueLike } from "../image/nvs_value.ts";
import { sealImage } from "../image/seal_image.ts";
import type {
  PreparedBoardFile,
  PreparedNvs,
  PreparedPatch,
} from "./_data_plan.ts";
import { renderTemplate, type TemplateLookup } from "./_template.ts";
import { readReason } from "./_text.ts";
import type { PreparedFirmware, PreparedFirmwareFile } from "./firmware.ts";
import type { NvsTemplate } from "./job_data.ts";

/** What one board gets. */
export interface BoardData {
  /** The firmware, patched for the board. */
  readonly firmware: readonly PreparedFirmwareFile[];
  /** What is the board's alone. */
  readonly own: readonly PreparedFirmwareFile[];
}

/**
 * Makes what a board gets of its values.
 *
 * @throws {EspError} `data-invalid` if a value does not fit its place. No message quotes a value.
 */
export async function makeBoardData(
  { chip, files, data }: PreparedFirmware,
  lookup: TemplateLookup,
): Promise<BoardData> {
  const own: PreparedFirmwareFile[] = [];
  for (const nvs of data.nvs) own.push(...await makeNvs(nvs, lookup));
  for (const file of data.files) own.push(await makeFile(file, lookup));
  const firmware = files.map((file) => {
    const patches = data.patches.get(file.name);
    return patches === undefined ? file : patch(file, patches, chip, lookup);
  });
  return { firmware, own };
}

async function makeNvs(
  { plan, place, keys }: PreparedNvs,
  lookup: TemplateLookup,
): Promise<PreparedFirmwareFile[]> {
  const { partition = "nvs", keysPartition = "" } = plan;
  return await explain(`partition "${partition}"`, async () => {
    const contents: Record<string, Record<string, NvsValueLike>> = {};
    for (const [namespace, values] of Object.entries(plan.values)) {
      const made: Record<string, NvsValueLike> = {};
      for (const [key, value] of Object.entries(values)) {
        made[key] = await makeValue(`${namespace}.${key}`, value, lookup);
      }
      contents[namespace] = made;
    }
    const own = keys && generateNvsKeys();
    const bytes = buildNvs(contents, { size: place.size, keys: own });
    const nvs = fileOf(partition, place.address, bytes);
    if (keys === undefined || own === undefined) return [nvs];
    return [nvs, fileOf(keysPartition, keys.address, encodeNvsKeys(own))];
  });
}

async function makeValue(
  name: string,
  value: NvsTemplate | string,
  lookup: TemplateLookup,
): Promise<NvsValueLike> {
  if (typeof value === "string") return renderTemplate(value, lookup);
  const text = renderTemplate(value.value, lookup);
  switch (value.type) {
    case "string":
      return text;
    case "hex":
      return parseHex(name, text);
    case "base64":
      return parseBase64(name, text);
    case "file":
      return await Deno.readFile(text);
    default:
      return nvsInteger(value.type, parseInteger(name, text));
  }
}

async function makeFile(
  { plan: { partition, file, text }, place }: PreparedBoardFile,
  lookup: TemplateLookup,
): Promise<PreparedFirmwareFile> {
  const name = partition ?? "data";
  return await explain(`file for "${name}"`, async () => {
    const bytes = file === undefined
      ? new TextEncoder().encode(renderTemplate(text ?? "", lookup))
      : await Deno.readFile(renderTemplate(file, lookup));
    if (bytes.length === 0) throw new RangeError("it is empty");
    if (bytes.length > place.size) {
      throw new RangeError(
        `it has ${bytes.length} bytes, its partition ${place.size}`,
      );
    }
    return fileOf(name, place.address, bytes);
  });
}

function patch(
  file: PreparedFirmwareFile,
  patches: readonly PreparedPatch[],
  chip: ChipFamily,
  lookup: TemplateLookup,
): PreparedFirmwareFile {
  const data = file.data.slice();
  for (const { plan, offset, size } of patches) {
    const text = renderTemplate(plan.value, lookup);
    const name = plan.symbol ?? `offset ${offset}`;
    const bytes = patchBytes(plan.type, name, text, size);
    if (offset + bytes.length > data.length) {
      throw invalid(`${name} of ${file.name}`, "it goes past the file's end");
    }
    data.set(bytes, offset);
  }
  if (data[0] === IMAGE_MAGIC) sealImage(data, chip);
  return { ...file, data };
}

function patchBytes(
  type: PreparedPatch["plan"]["type"],
  name: string,
  text: string,
  size: number,
): Uint8Array {
  if (type === "hex") {
    const bytes = parseHex(name, text);
    if (size === 0 || bytes.length === size) return bytes;
    throw invalid(name, `it has ${bytes.length} bytes in place of ${size}`);
  }
  const field = new Uint8Array(size);
  if (type === "string") {
    const bytes = new TextEncoder().encode(text);
    if (bytes.length >= size) {
      throw invalid(
        name,
        `it has ${bytes.length} bytes, the field holds ${size - 1}`,
      );
    }
    field.set(bytes);
    return field;
  }
  const value = parseInteger(name, text);
  if (value < 0n || value >= 1n << BigInt(8 * size)) {
    throw invalid(name, `it does not fit ${8 * size} bits`);
  }
  for (let index = 0; index < size; index++) {
    viewOf(field).setUint8(index, Number(value >> BigInt(8 * index) & 0xffn));
  }
  return field;
}

function parseInteger(name: string, text: string): bigint {
  if (/^-?(0x[\da-f]+|\d+)$/i.test(text)) {
    return text.startsWith("-") ? -BigInt(text.slice(1)) : BigInt(text);
  }
  throw invalid(name, "it is no whole number");
}

function parseHex(name: string, text: string): Uint8Array {
  const digits = text.replaceAll(/[\s:]/g, "");
  if (digits.length % 2 === 0 && /^[\da-f]*$/i.test(digits)) {
    return Uint8Array.fromHex(digits);
  }
  throw invalid(name, "it is not pairs of hex digits");
}

function parseBase64(name: string, text: string): Uint8Array {
  try {
    return Uint8Array.fromBase64(text.replaceAll(/\s/g, ""));
  } catch {
    throw invalid(name, "it is no base64");
  }
}

function fileOf(
  name: string,
  address: number,
  data: Uint8Array,
): PreparedFirmwareFile {
  return { name, address, data };
}

/** Makes an error that names the place and never the value, which may be secret. */
function invalid(what: string, why: string): EspError {
  return new EspError(`Cannot make the board's ${what}: ${why}`, {
    code: "data-invalid",
    hint:
      "Nothing has been written. Correct the board's row, and run it again.",
  });
}

async function explain<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof EspError && error.code === "data-invalid") throw error;
    throw invalid(what, readReason(error));
  }
}
