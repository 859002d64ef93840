/**
 * A file that is there whole or not at all.
 *
 * @module
 */

import { basename, dirname, join } from "node:path";
import { EspError } from "../../mod.ts";

/** A file to be written once its content is known. Dispose of it, whether it was written or not. */
export class OutputFile implements AsyncDisposable {
  readonly #path: string;
  /** Where the content waits; absent if the target is no ordinary file, such as `/dev/stdout`. */
  readonly #temporary: string | undefined;

  private constructor(path: string, temporary: string | undefined) {
    this.#path = path;
    this.#temporary = temporary;
  }

  /**
   * Makes sure that the file can be written, before anything takes its time.
   *
   * @throws {EspError} `file-invalid` if it cannot.
   */
  static async create(path: string): Promise<OutputFile> {
    try {
      const target = await resolveTarget(path);
      if (target.isDirectory) throw new Error("it is a folder");
      if (!target.replaceable) return new OutputFile(path, undefined);
      const temporary = join(
        dirname(target.path),
        `.${basename(target.path)}.${crypto.randomUUID()}`,
      );
      await Deno.writeFile(temporary, new Uint8Array(), { createNew: true });
      return new OutputFile(target.path, temporary);
    } catch (cause) {
      throw fileError("write", path, cause);
    }
  }

  /**
   * Puts the file in place with its content.
   *
   * @throws {EspError} `file-invalid` if that fails.
   */
  async write(data: Uint8Array): Promise<void> {
    try {
      await Deno.writeFile(this.#temporary ?? this.#path, data);
      if (this.#temporary === undefined) return;
      await Deno.rename(this.#temporary, this.#path);
    } catch (cause) {
      throw fileError("write", this.#path, cause);
    }
  }

  /** Removes what has not been put in place. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#temporary === undefined) return;
    try {
      await Deno.remove(this.#temporary);
    } catch (error) {
      // It has been put in place.
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}

interface Target {
  readonly path: string;
  readonly isDirectory: boolean;
  /** Whether a new file may take its place. */
  readonly replaceable: boolean;
}

/** Follows links, so that the linked file is replaced and not the link. */
async function resolveTarget(path: string): Promise<Target> {
  try {
    const info = await Deno.stat(path);
    const replaceable = info.isFile;
    const real = replaceable ? await Deno.realPath(path) : path;
    return { path: real, isDirectory: info.isDirectory, replaceable };
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return { path, isDirectory: false, replaceable: true };
  }
}

/** Says why a file cannot be read or written, in the operating system's words. */
export function fileError(
  action: "read" | "write",
  path: string,
  cause: unknown,
): EspError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  // Deno appends the error's number, its own function's name and the path.
  const words = reason.replace(/ \(os error \d+\).*$/s, "");
  return new EspError(`Cannot ${action} "${path}": ${words}`, {
    code: "file-invalid",
    cause,
  });
}
