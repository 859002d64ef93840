/**
 * `write-mem`: the result is `{ address, value, mask }`.
 *
 * @module
 */

import { type Command, defineCommand } from "../command.ts";
import { optional, required } from "../options.ts";
import { withDevice } from "../session.ts";
import { hex } from "../text.ts";
import { parseUint32 } from "../values.ts";

const ALL_BITS = 0xffff_ffff;

/** Writes one word of memory or a register. */
export const writeMem: Command = defineCommand({
  name: "write-mem",
  summary: "write a 32-bit word of memory or a register",
  boards: "many",
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
