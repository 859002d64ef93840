/**
 * The frame of every verb that talks to a board: find the port, connect, say
 * what is there, do the work, leave the chip as agreed, close the port.
 *
 * @module
 */

import { type ChipIdentity, type Device, open } from "../../mod.ts";
import type { Report, Surroundings } from "./command.ts";
import { describePort, macLines } from "./text.ts";
import { UsageError } from "./usage_error.ts";

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
  return { port, ...result };
}

async function connected(
  { io, globals, screen, flash }: Surroundings,
  port: string,
  work: DeviceWork,
): Promise<Report> {
  screen.line(`Serial port ${port}:`);
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
  screen.line(`Connected to ${chip.chip} on ${port}:`);
  screen.line(`Chip type:          ${chip.description}`);
  screen.line(`Features:           ${chip.features.join(", ")}`);
  screen.line(`Crystal frequency:  ${chip.crystalMhz}MHz`);
  for (const line of macLines(chip)) screen.line(line);
  screen.line();
  if (device.isStub) screen.line("Stub flasher running.");
  return { chip, result: await work(chip, device) };
}

async function choosePort({ io, globals }: Surroundings): Promise<string> {
  if (globals.port !== undefined) return globals.port;
  const ports = await io.listPorts();
  const [only, ...others] = ports;
  if (only !== undefined && others.length === 0) return only.path;
  if (only === undefined) {
    throw new UsageError(
      "No serial port was found",
      "Connect a board, or name its port: --port /dev/ttyUSB0, --port rfc2217://host:port, --port sim://esp32.",
    );
  }
  const list = ports.map((port) => `  ${describePort(port)}`).join("\n");
  throw new UsageError(
    `There are ${ports.length} serial ports, and none was chosen:\n${list}`,
    "Choose one with --port, or with the variable ESPLINE_PORT.",
  );
}
