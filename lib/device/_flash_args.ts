/**
 * ESP-IDF's `flash_args`: arguments of esptool's `write_flash`, over several lines.
 *
 * @module
 */

import {
  type BuildDescription,
  buildError,
  type DescribedFile,
} from "./_build_description.ts";

/** Options with a value, which are flash parameters. */
const PARAMETERS = ["flash_mode", "flash_freq", "flash_size"];
const SHORT: Readonly<Record<string, string>> = {
  "-fm": "flash_mode",
  "-ff": "flash_freq",
  "-fs": "flash_size",
};

/**
 * Parses a response file for esptool: options, and addresses with their files.
 *
 * @throws {EspError} `file-invalid` if there is anything else; the message names it.
 */
export function parseFlashArgs(path: string, text: string): BuildDescription {
  const words = text.split(/\s+/).filter(Boolean);
  const parameters: Record<string, string> = {};
  const files: DescribedFile[] = [];
  let [encrypt, encryptAll] = [false, false];
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? "";
    const name = SHORT[word] ?? word.replace(/^--/, "").replaceAll("-", "_");
    if (word.startsWith("-") && PARAMETERS.includes(name)) {
      parameters[name] = words[++i] ?? "";
    } else if (word === "--encrypt") {
      encryptAll = true;
    } else if (name === "encrypt_files") {
      encrypt = true;
    } else if (/^(0x[\da-f]+|\d+)$/i.test(word)) {
      const file = words[++i];
      if (file === undefined) {
        throw buildError(path, `"${word}" is an address without a file`);
      }
      files.push({ address: Number(word), path: file, encrypt });
    } else {
      throw buildError(path, `"${word}" is no address and no known option`);
    }
  }
  return {
    parameters,
    files: files.map((file) => encryptAll ? { ...file, encrypt: true } : file),
  };
}
