/**
 * What to try where an error does not say so itself.
 *
 * @module
 */

import { EspError, type EspErrorCode } from "../errors.ts";

const HINTS: Readonly<Partial<Record<EspErrorCode, string>>> = {
  "timeout": "Try again, with a lower --baud or a shorter cable.",
  "frame-invalid": "Try again, with a lower --baud or a shorter cable.",
  "reply-invalid": "Try again, with a lower --baud or a shorter cable.",
  "command-failed": "Reset the board and try again; --trace shows the wire.",
  "file-invalid": "Check the file's name, and that it can be read or written.",
  "image-invalid":
    'Check that it is the file that is meant; "espline image-info" tells what an image is.',
  "flash-too-small":
    "Choose another address or a smaller file, or a board with more flash.",
  "flash-unknown":
    "Check the flash chip's wiring, or say --spi-connection and --flash-size.",
  "chip-unknown": "Update espline, or name the chip with --chip.",
};

/** For a value that cannot be, whatever it was. */
const WRONG_VALUE = 'Try "espline help" with the verb: it tells what is taken.';
/** For what nobody has foreseen. */
const UNFORESEEN = "Try again with --verbose, or with --trace to see the wire.";

/** What to try next after an error that is no wrong command line. */
export function hintFor(error: unknown): string {
  if (error instanceof EspError) {
    return error.hint ?? HINTS[error.code] ?? UNFORESEEN;
  }
  const isValue = error instanceof RangeError || error instanceof SyntaxError ||
    error instanceof TypeError;
  return isValue ? WRONG_VALUE : UNFORESEEN;
}
