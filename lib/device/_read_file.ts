import { EspError } from "../errors.ts";

/**
 * Reads a file.
 *
 * @throws {EspError} `file-invalid` if it cannot be read, in the operating system's words.
 */
export async function readFile(path: string | URL): Promise<Uint8Array> {
  try {
    return await Deno.readFile(path);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    // Deno appends the error's number, its own function's name and the path.
    const words = reason.replace(/ \(os error \d+\).*$/s, "");
    throw new EspError(`Cannot read "${path}": ${words}`, {
      code: "file-invalid",
      cause,
    });
  }
}
