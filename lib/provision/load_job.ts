/**
 * Jobs as files.
 *
 * @module
 */

import { dirname, extname, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { isNode, LineCounter, parseDocument } from "npm:yaml@2.9.1";
import { absolutePaths } from "./_job_paths.ts";
import { jobInvalid, type LineOf } from "./_problems.ts";
import { readReason } from "./_text.ts";
import { type PreparedJob, prepareJob } from "./firmware.ts";
import type { ProvisionJob } from "./job.ts";

const TEXT_ENDINGS = [".yaml", ".yml", ".json"];
const MODULE_ENDINGS = [".ts", ".mts", ".js", ".mjs"];

/** What a file says, which may be a job. */
interface FoundJob {
  readonly value: unknown;
  readonly lineOf?: LineOf;
}

/**
 * Reads a job from `job.yaml`, `job.json` or a module whose default export is
 * one, and reads, checks, hashes and compresses everything that it names. Paths
 * in it are relative to its own folder. Opens no port.
 *
 * @throws {EspError} `job-invalid`, with every problem and its line.
 */
export async function loadJob(file: string | URL): Promise<PreparedJob> {
  const path = resolve(file instanceof URL ? fileURLToPath(file) : file);
  const { value, lineOf } = MODULE_ENDINGS.includes(extname(path))
    ? { value: await importJob(path) }
    : await readJob(path);
  // What does not fit is told of there.
  const job = absolutePaths(value, dirname(path)) as ProvisionJob;
  return await prepareJob(job, {
    name: path,
    lineOf,
  });
}

async function importJob(path: string): Promise<unknown> {
  try {
    const module = await import(pathToFileURL(path).href);
    if (module.default !== undefined) return module.default;
  } catch (error) {
    throw fileInvalid(path, readReason(error), error);
  }
  throw fileInvalid(path, "it exports no job as its default");
}

async function readJob(path: string): Promise<FoundJob> {
  if (!TEXT_ENDINGS.includes(extname(path))) {
    throw fileInvalid(
      path,
      `its name ends in none of ${
        [...TEXT_ENDINGS, ...MODULE_ENDINGS].join(", ")
      }`,
    );
  }
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    throw fileInvalid(path, `it cannot be read: ${readReason(error)}`, error);
  }
  // JSON is YAML too, and this way has lines.
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
  });
  const lineOf: LineOf = (place) => {
    for (let depth = place.length; depth >= 0; depth--) {
      const node = depth === 0
        ? document.contents
        : document.getIn(place.slice(0, depth), true);
      const start = isNode(node) ? node.range?.[0] : undefined;
      if (start !== undefined) return lines.linePos(start).line;
    }
    return undefined;
  };
  if (document.errors.length > 0) {
    throw jobInvalid(
      path,
      document.errors.map(({ message, pos: [start] }) => ({
        path: [start],
        message,
      })),
      { lineOf: ([start]) => lines.linePos(Number(start)).line },
    );
  }
  return { value: document.toJS({ maxAliasCount: 100 }), lineOf };
}

function fileInvalid(path: string, why: string, cause?: unknown): Error {
  return jobInvalid(path, [{ path: [], message: why }], {
    causes: cause === undefined ? [] : [cause],
  });
}
