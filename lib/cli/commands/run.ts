/**
 * `run`.
 *
 * @module
 */

import { type Command, defineCommand } from "../command.ts";
import { object } from "../schema.ts";
import { withDevice } from "../session.ts";

/** Leaves the loader and runs the application in flash. */
export const run: Command = defineCommand({
  name: "run",
  summary: "leave the loader and run the application in flash",
  boards: "many",
  examples: [{ line: "run", does: "starts what is in flash" }],
  result: object({}),
  arguments: {},
  options: {},
  run: (call) =>
    withDevice(call, async (_chip, device) => {
      await device.run();
      return {};
    }),
});
