/**
 * `read-flash-sfdp`.
 *
 * @module
 */

import { type Command, defineCommand } from "../command.ts";
import { SPI_OPTIONS, tellFlashId } from "../flash_options.ts";
import { required } from "../options.ts";
import { integer, listOf, object } from "../schema.ts";
import { withDevice } from "../session.ts";
import { hexDigits } from "../text.ts";
import { parseUint32 } from "../values.ts";

const MOST_BYTES = 4;

/** Tells bytes of the flash chip's parameter table. */
export const readFlashSfdp: Command = defineCommand({
  name: "read-flash-sfdp",
  summary: "tell bytes of the flash chip's parameter table (SFDP)",
  boards: "many",
  examples: [{
    line: "read-flash-sfdp 0 4",
    does: "tells the signature, 0x53 0x46 0x44 0x50",
  }],
  result: object({
    address: integer("where in the table, in bytes"),
    bytes: listOf(integer("a byte"), "the bytes"),
  }),
  arguments: {
    address: required("address", "where in the table", parseUint32),
    bytes: required("bytes", "how many, 1 to 4", parseByteCount),
  },
  options: SPI_OPTIONS,
  run(call) {
    const { address, bytes: count } = call.arguments;
    return withDevice(call, async (_chip, device) => {
      await tellFlashId(device, call.screen);
      const word = await device.readSfdp(address, count);
      const bytes = Array.from(
        { length: count },
        (_, index) => word >>> 8 * index & 0xff,
      );
      const texts = bytes.map((byte) => `0x${hexDigits(byte, 2)}`);
      call.screen.line(
        `Flash memory SFDP[${address}..${address + count - 1}]: ${
          texts.join(" ")
        }`,
      );
      return { address, bytes };
    }, call.options);
  },
});

function parseByteCount(text: string): number {
  const count = parseUint32(text);
  if (count >= 1 && count <= MOST_BYTES) return count;
  throw new SyntaxError(`"${text}" is not from 1 to ${MOST_BYTES}`);
}
