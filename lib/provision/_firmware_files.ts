/** The reading of a job's files. */

import { createHash } from "node:crypto";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { formatAddress } from "../bytes.ts";
import type { ChipFamily } from "../chips/family.ts";
import { buildFor, loadFirmwareBuilds } from "../device/firmware_build.ts";
import type { JobPath, JobProblem } from "./_problems.ts";
import { readReason } from "./_text.ts";
import type { Firmware, FirmwareFile } from "./job.ts";

/** Files that are read once however often a job names them, and what went wrong. */
export class Reading {
  readonly #reads = new Map<string, Promise<Uint8Array>>();
  readonly #problems: JobProblem[];
  readonly #causes: unknown[];

  constructor(problems: JobProblem[], causes: unknown[]) {
    this.#problems = problems;
    this.#causes = causes;
  }

  report(...problems: JobProblem[]): void {
    this.#problems.push(...problems);
  }

  /** The bytes, or `undefined` after telling what is wrong. */
  async read(
    source: string | URL | Uint8Array,
    path: JobPath,
    name: string,
  ): Promise<Uint8Array | undefined> {
    if (source instanceof Uint8Array) return source;
    const key = String(source);
    const read = this.#reads.get(key) ?? Deno.readFile(source);
    this.#reads.set(key, read);
    try {
      return await read;
    } catch (error) {
      const message = `${name} cannot be read: ${readReason(error)}`;
      this.#causes.push(error);
      this.report({ path, message });
      return undefined;
    }
  }

  /** What `work` returns, or `undefined` after telling what it threw. */
  try<T>(path: JobPath, what: string, work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#causes.push(error);
      this.report({ path, message: `${what}: ${reason}` });
      return undefined;
    }
  }
}

/** A file that has been read. */
export interface ReadFile {
  readonly file: FirmwareFile;
  readonly path: JobPath;
  readonly name: string;
  readonly data: Uint8Array;
}

/** The files of the build that a firmware names. */
export async function readBuild(
  { from }: Firmware,
  chip: ChipFamily,
  outer: JobPath,
  reading: Reading,
): Promise<ReadFile[]> {
  if (from === undefined) return [];
  const path = [...outer, "from"];
  try {
    const builds = await loadFirmwareBuilds(
      from instanceof URL ? fileURLToPath(from) : from,
    );
    return buildFor(builds, chip).files.flatMap((placed) => {
      const { address, data } = placed;
      const name = basename(placed.name ?? formatAddress(address));
      if (placed.encrypt) {
        const message = `${name} is to be encrypted, which a job does not do`;
        reading.report({ path, message });
      }
      return [{ file: { address, source: data }, path, name, data }];
    });
  } catch (error) {
    reading.report({ path, message: readReason(error) });
    return [];
  }
}

/** The files that a firmware lists. */
export async function readFiles(
  firmware: Firmware,
  path: JobPath,
  reading: Reading,
): Promise<ReadFile[]> {
  const files = await Promise.all(
    (firmware.files ?? []).map(async (file, index) => {
      const place = [...path, "files", index];
      const name = fileName(file);
      const data = await reading.read(file.source, place, name);
      if (data === undefined) return [];
      const { sha256 } = file;
      if (sha256 !== undefined && sha256.toLowerCase() !== digest(data)) {
        const message =
          `${name} is not the pinned file: its SHA-256 digest is ${
            digest(data)
          }`;
        reading.report({ path: [...place, "sha256"], message });
      }
      return [{ file, path: place, name, data }];
    }),
  );
  return files.flat();
}

/** The name that a file has, or the last part of its path, or its place. */
function fileName({ name, source, address, partition }: FirmwareFile): string {
  if (name !== undefined) return name;
  if (source instanceof Uint8Array) {
    return partition ?? formatAddress(address ?? 0);
  }
  const path = source instanceof URL ? fileURLToPath(source) : source;
  return basename(path);
}

/** The SHA-256 digest of bytes, as lower-case hex. */
export function digest(data: Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}
