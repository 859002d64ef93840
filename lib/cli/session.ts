/**
 * The frame of every verb that talks to a board: find the port, connect, say
 * what is there, do the work, leave the chip as agreed, close the port.
 *
 * @module
 */

import { type ChipIdentity, type Device, open } from "../../mod.ts";
import type { Report, Surroundings } from "./command.ts";
import { choosePort, publicName } from "./port_choice.ts";
import { macLine } from "./text.ts";

/**
 * What a verb does with an open board; its result goes into the report. The
 * device heeds Ctrl-C and shows its progress without being told to.
 */
export type DeviceWork = (
  chip: ChipIdentity,
  device: Device,
) => Report["result"] | Promise<Report["result"]>;

/** Runs `work` on the board that the options name. */
export async function withDevice(
  call: Surroundings,
  work: DeviceWork,
): Promise<Report> {
  const port = await choosePort(call);
  const result = await connected(call, port, work);
  call.screen.endLine();
  const { after } = call.globals;
  if (after === "no-reset") call.screen.line("Staying in bootloader.");
  if (after === "no-reset-stub") call.screen.line("Staying in flasher stub.");
  return { port: publicName(port), ...result };
}

async function connected(
  { io, globals, screen, flash }: Surroundings,
  port: string,
  work: DeviceWork,
): Promise<Report> {
  screen.line(`Serial port ${publicName(port)}:`);
  await using device = await open(io.target(port), {
    signal: io.signal,
    onProgress(event) {
      flash.observe(event);
      screen.show(event);
    },
    chip: globals.chip,
    baud: globals.baud,
    before: globals.before,
    after: globals.after,
    stub: !globals.noStub,
    attempts: globals.connectAttempts,
  });
  const chip = await device.readIdentity();
  screen.line(`Connected to ${chip.chip} on ${publicName(port)}:`);
  screen.line(`Chip type:          ${chip.description}`);
  screen.line(`Features:           ${chip.features.join(", ")}`);
  screen.line(`Crystal frequency:  ${chip.crystalMhz}MHz`);
  screen.line(macLine(chip.mac));
  screen.line();
  if (device.isStub) screen.line("Stub flasher running.");
  return { chip, result: await work(chip, device) };
}
