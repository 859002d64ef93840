/**
 * What a build system says of its firmware: ESP-IDF's `flasher_args.json` and
 * `flash_args`, ESP Web Tools' `manifest.json`.
 *
 * Sources: ESP-IDF, "Build System", "Flashing with serial flasher";
 * ESP Web Tools, "Creating the manifest".
 *
 * @module
 */

import { dirname, resolve } from "node:path";
import type { ChipFamily } from "../chips/family.ts";
import { CHIPS } from "../chips/registry.ts";
import { EspError } from "../errors.ts";
import { FLASH_MODES, type FlashMode } from "../image/flash_parameters.ts";
import { type BuildDescription, buildError } from "./_build_description.ts";
import { parseFlashArgs } from "./_flash_args.ts";
import { type JsonField, readJsonField } from "./_json_field.ts";
import { loadFlashFiles, type PlacedFile } from "./flash_files.ts";
import type { FlashParameterOptions } from "./prepare_file.ts";

/** Firmware as a build made it, for one family of chips. */
export interface FirmwareBuild {
  /** The family; absent if the build does not say it. */
  readonly chip?: ChipFamily;
  /** The flash parameters that it was made for. */
  readonly parameters: FlashParameterOptions;
  /** Its files, by rising address; those that the chip encrypts say so. */
  readonly files: readonly PlacedFile[];
}

/**
 * Reads a build's description and all its files.
 *
 * @param path Of `flasher_args.json`, `flash_args` or `manifest.json`, under whatever name.
 * @returns One build for each family: a manifest has several.
 * @throws {EspError} `file-invalid` if the description or one of its files cannot be read; the message names the key.
 */
export async function loadFirmwareBuilds(
  path: string,
): Promise<FirmwareBuild[]> {
  const text = await readText(path);
  const descriptions = text.trimStart().startsWith("{")
    ? describeJson(path, text)
    : [parseFlashArgs(path, text)];
  return await Promise.all(
    descriptions.map((description) => load(path, description)),
  );
}

/**
 * The build for a chip.
 *
 * @throws {EspError} `image-mismatch` if there is none.
 */
export function buildFor(
  builds: readonly FirmwareBuild[],
  chip: ChipFamily,
): FirmwareBuild {
  const build = builds.find((build) => build.chip?.id === chip.id) ??
    builds.find((build) => build.chip === undefined);
  if (build !== undefined) return build;
  const names = builds.map((build) => build.chip?.name).join(", ");
  throw new EspError(
    `Cannot write the build: it is for ${names}, the chip is ${chip.name}`,
    {
      code: "image-mismatch",
      hint: "Take the build that was made for this chip.",
    },
  );
}

async function readText(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw buildError(path, reason, cause);
  }
}

function describeJson(path: string, text: string): BuildDescription[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw buildError(path, `it is no JSON: ${(cause as Error).message}`, cause);
  }
  const root = readJsonField(path, value);
  if (root.has("flash_files")) return [describeIdf(root)];
  if (root.has("builds")) return root.get("builds").list().map(describeWeb);
  throw buildError(
    path,
    "it has neither flash_files, as ESP-IDF's, nor builds, as ESP Web Tools'",
  );
}

/** Keys of `flasher_args.json` that are no target of the build. */
const NO_TARGETS = [
  "write_flash_args",
  "flash_settings",
  "flash_files",
  "extra_esptool_args",
];

function describeIdf(root: JsonField): BuildDescription {
  const encrypted = new Set(
    root.entries()
      .filter(([name]) => !NO_TARGETS.includes(name))
      .filter(([, target]) => target.optional("encrypted")?.text() === "true")
      .map(([, target]) => target.get("file").text()),
  );
  return {
    chip: root.optional("extra_esptool_args")?.optional("chip")?.text(),
    parameters: Object.fromEntries(
      (root.optional("flash_settings")?.entries() ?? [])
        .map(([name, value]) => [name, value.text()]),
    ),
    files: root.get("flash_files").entries().map(([address, file]) => {
      const path = file.text();
      return {
        address: file.addressKey(address),
        path,
        encrypt: encrypted.has(path),
      };
    }),
  };
}

function describeWeb(build: JsonField): BuildDescription {
  return {
    chip: build.get("chipFamily").text(),
    parameters: {},
    files: build.get("parts").list().map((part) => ({
      address: part.get("offset").address(),
      path: part.get("path").text(),
      encrypt: false,
    })),
  };
}

async function load(
  path: string,
  { chip, parameters, files }: BuildDescription,
): Promise<FirmwareBuild> {
  const remote = files.find((file) => /^[a-z]+:\/\//i.test(file.path));
  if (remote !== undefined) {
    throw buildError(path, `"${remote.path}" is not on this computer`);
  }
  if (files.length === 0) throw buildError(path, "it names no files");
  const folder = dirname(path);
  const placed = await Promise.all(files.map(async (file) => {
    const place = [file.address, resolve(folder, file.path)] as const;
    const loaded = await loadFlashFiles([place]);
    return loaded.map((piece) => ({ ...piece, encrypt: file.encrypt }));
  }));
  const family = chip === undefined ? undefined : familyOf(path, chip);
  return {
    ...(family && { chip: family }),
    parameters: parametersOf(path, parameters),
    files: await loadFlashFiles(
      placed.flat().map((file) => [file.address, file] as const),
    ),
  };
}

function familyOf(path: string, name: string): ChipFamily {
  const id = name.toLowerCase().replaceAll("-", "");
  const family = CHIPS.find((chip) => chip.id === id);
  if (family !== undefined) return family;
  throw buildError(path, `no chip is called "${name}"`);
}

/** `flash_mode`, `flash_size` and `flash_freq`, with `_` or `-`. */
function parametersOf(
  path: string,
  named: Readonly<Record<string, string>>,
): FlashParameterOptions {
  const byName = new Map(
    Object.entries(named).map(([name, value]) => [
      name.replaceAll("-", "_"),
      value,
    ]),
  );
  const mode = byName.get("flash_mode");
  if (mode !== undefined && !isMode(mode)) {
    throw buildError(path, `flash_mode "${mode}" is none`);
  }
  return {
    flashMode: mode,
    flashSize: byName.get("flash_size"),
    flashFrequency: byName.get("flash_freq"),
  };
}

function isMode(name: string): name is FlashMode | "keep" {
  return name === "keep" || Object.hasOwn(FLASH_MODES, name);
}
