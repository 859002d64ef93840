/**
 * A file that is there whole or not at all.
 *
 * @module
 */

import { EspError } from "../errors.ts";
import { Board } from "./board.ts";
import { UsageError } from "./usage_error.ts";

/** A path's last part; loading `node:path` takes a tenth of the time of elf2image. */
const LAST_PART = Deno.build.os === "windows" ? /[^\\/:]*$/ : /[^/]*$/;

/** A file to be written once its content is known. Dispose of it, whether it was written or not. */
export class OutputFile implements AsyncDisposable {
  readonly #name: string;
  /** The name or, if it is a link, what it leads to. */
  readonly #target: string;
  readonly #board: Board;
  /** Where the content waits; absent if the target is no ordinary file, such as `/dev/stdout`. */
  readonly #temporary: string | undefined;
  #isPlaced = false;

  private constructor(
    name: string,
    board: Board,
    place: { readonly target: string; readonly temporary?: string },
  ) {
    this.#name = name;
    this.#board = board;
    this.#target = place.target;
    this.#temporary = place.temporary;
  }

  /** Its path, with what is known by now of the board that it is named after. */
  get path(): string {
    return this.#board.pathOf(this.#name);
  }

  /**
   * Makes sure that the file can be written, before anything takes its time.
   *
   * @param board Fills in `{port}` and `{mac}` in the name.
   * @throws {EspError} `file-invalid` if it cannot.
   * @throws {UsageError} If several boards would write the same file.
   */
  static async create(
    path: string,
    board: Board = new Board(),
  ): Promise<OutputFile> {
    board.checkPath(path);
    const name = board.pathOf(path);
    try {
      const target = await resolveTarget(name);
      if (target.isDirectory) throw new Error("it is a folder");
      if (!target.replaceable) {
        return new OutputFile(name, board, { target: name });
      }
      const temporary = target.path.replace(
        LAST_PART,
        (name) => `.${name}.${crypto.randomUUID()}`,
      );
      await Deno.writeFile(temporary, new Uint8Array(), { createNew: true });
      return new OutputFile(name, board, { target: target.path, temporary });
    } catch (cause) {
      throw fileError("write", name, cause);
    }
  }

  /**
   * Puts the file in place with its content.
   *
   * @throws {EspError} `file-invalid` if that fails.
   */
  async write(data: Uint8Array): Promise<void> {
    const target = this.#board.pathOf(this.#target);
    this.#board.take(target);
    try {
      await Deno.writeFile(this.#temporary ?? target, data);
      if (this.#temporary === undefined) return;
      await Deno.rename(this.#temporary, target);
      this.#isPlaced = true;
    } catch (cause) {
      throw fileError("write", this.path, cause);
    }
  }

  /** Removes what has not been put in place. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#temporary === undefined || this.#isPlaced) return;
    await Deno.remove(this.#temporary);
    this.#isPlaced = true;
  }
}

interface Target {
  readonly path: string;
  readonly exists: boolean;
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
    return {
      path: real,
      exists: true,
      isDirectory: info.isDirectory,
      replaceable,
    };
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return { path, exists: false, isDirectory: false, replaceable: true };
  }
}

/** A file to be written, and what gives its content. */
export interface NewFile {
  /** Its path. */
  readonly path: string;
  /** Gives its content. */
  read(): Uint8Array;
}

/**
 * Refuses to write a file in place of one that it is made of: a mistyped
 * name would cost the original.
 *
 * @throws {UsageError} If it would be.
 */
export async function keepInputs(
  output: string,
  inputs: readonly string[],
): Promise<void> {
  const target = await realFile(output);
  for (const input of target === undefined ? [] : inputs) {
    if (await realFile(input) !== target) continue;
    throw new UsageError(
      `"${output}" would be written in place of "${input}", which it is made of`,
      "Choose another name.",
    );
  }
}

/** The real path of an ordinary file, if it is there. */
async function realFile(path: string): Promise<string | undefined> {
  try {
    const { path: real, replaceable, exists } = await resolveTarget(path);
    return exists && replaceable ? real : undefined;
  } catch {
    // Who reads or writes it will say why.
    return undefined;
  }
}

/**
 * Writes files: none of them unless each can be written.
 *
 * @param inputs The files that they are made of, which are not to be lost.
 * @throws {EspError} `file-invalid` if one cannot.
 * @throws {UsageError} If one would be written in place of an input.
 */
export async function writeFiles(
  files: readonly NewFile[],
  inputs: readonly string[] = [],
): Promise<void> {
  for (const { path } of files) await keepInputs(path, inputs);
  await using stack = new AsyncDisposableStack();
  const outputs: OutputFile[] = [];
  for (const { path } of files) {
    outputs.push(stack.use(await OutputFile.create(path)));
  }
  for (const [index, file] of files.entries()) {
    await outputs[index]?.write(file.read());
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
