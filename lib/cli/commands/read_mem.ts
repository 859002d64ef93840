/**
 * `read-mem`: reads a word of memory.
 *
 * @module
 */

import { type Command, defineCommand } from "../command.ts";
import { required } from "../options.ts";
import { integer, object } from "../schema.ts";
import { withDevice } from "../session.ts";
import { hex } from "../text.ts";
import { parseUint32 } from "../values.ts";

/** Reads one word of memory or a register. */
export const readMem: Command = defineCommand({
  name: "read-mem",
  summary: "read a 32-bit word of memory or a register",
  boards: "many",
  examples: [{ line: "read-mem 0x3ff00050", does: "reads a word of 32 bits" }],
  result: object({
    address: integer("the address"),
    value: integer("the word there"),
  }),
  arguments: {
    address: required("address", "a multiple of 4", parseUint32),
  },
  options: {},
  run: (call) =>
    withDevice(call, async (_chip, device) => {
      const { address } = call.arguments;
      const value = await device.readReg(address);
      call.screen.line(`${hex(address)} = ${hex(value)}`);
      return { address, value };
    }),
});
