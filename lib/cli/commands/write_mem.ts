/**
 * `write-mem`: writes a word of memory.
 *
 * @module
 */

import { type Command, defineCommand } from "../command.ts";
import { optional, required } from "../options.ts";
import { integer, object } from "../schema.ts";
import { withDevice } from "../session.ts";
import { hex } from "../text.ts";
import { parseUint32 } from "../values.ts";

const ALL_BITS = 0xffff_ffff;

/** Writes one word of memory or a register. */
export const writeMem: Command = defineCommand({
  name: "write-mem",
  summary: "write a 32-bit word of memory or a register",
  boards: "many",
  examples: [
    { line: "write-mem 0x3ffe8000 0x12345678", does: "writes a word" },
    { line: "write-mem 0x3ffe8000 1 0xff", does: "changes its lowest byte" },
  ],
  result: object({
    address: integer("the address"),
    value: integer("what was written"),
    mask: integer("which bits of it"),
  }),
  arguments: {
    address: required("address", "a multiple of 4", parseUint32),
    value: required("value", "what to write", parseUint32),
    mask: optional("mask", "which bits to change (default: all)", parseUint32),
  },
  options: {},
  run: (call) =>
    withDevice(call, async (_chip, device) => {
      const { address, value, mask = ALL_BITS } = call.arguments;
      await device.writeReg(address, value, { mask });
      call.screen.line(
        `Wrote ${hex(value)} with mask ${hex(mask)} to ${hex(address)}.`,
      );
      return { address, value, mask };
    }),
});
