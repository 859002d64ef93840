/**
 * The frame of every verb that talks to a board: find the port, connect, say
 * what is there, do the work, leave the chip as agreed, close the port.
 *
 * @module
 */

import type { ChipIdentity, Device, OpenOptions } from "../../mod.ts";
import { EspError } from "../errors.ts";
import type { Report, Surroundings } from "./command.ts";
import { deviceLibrary } from "./device_library.ts";
import { findPorts, publicName } from "./port_choice.ts";
import { macLines } from "./text.ts";
import { Tracer } from "./tracer.ts";

/**
 * What a verb does with an open board; its result goes into the report. The
 * device heeds Ctrl-C and shows its progress without being told to. A chip in
 * secure download mode does not say what it is.
 */
export type DeviceWork = (
  chip: ChipIdentity | undefined,
  device: Device,
) => Report["result"] | Promise<Report["result"]>;

/** What a verb knows of its board beforehand. */
export type BoardSettings = Pick<OpenOptions, "spiConnection">;

/** Runs `work` on the board that the options name or, if they name none, on the first that is found. */
export async function withDevice(
  call: Surroundings,
  work: DeviceWork,
  known: BoardSettings = {},
): Promise<Report> {
  const { globals, screen, board } = call;
  await noteConfig(call);
  let chip: ChipIdentity | undefined;
  let result: Report["result"];
  {
    await using device = await openDevice(call, known);
    chip = await introduce(call, device);
    result = await work(chip, device);
  }
  screen.endLine();
  const { after } = globals;
  if (after === "no-reset") screen.line("Staying in bootloader.");
  if (after === "no-reset-stub") screen.line("Staying in flasher stub.");
  return {
    ...(board.port && { port: board.port }),
    ...(chip && { chip }),
    result,
  };
}

async function noteConfig({ config, screen }: Surroundings): Promise<void> {
  const { path, unknown } = await config();
  if (path !== undefined) {
    screen.line(`Loaded custom configuration from ${path}`);
  }
  if (unknown.length > 0) {
    screen.line(`Warning: "${path}" has unknown keys: ${unknown.join(", ")}`);
  }
}

async function openDevice(
  call: Surroundings,
  known: BoardSettings,
): Promise<Device> {
  const { io, globals, screen } = call;
  if (globals.port !== undefined) {
    if (globals.portFilters.length > 0 && !globals.ports.includes("all")) {
      screen.line("Note: --port-filter has no effect on a port that is named.");
    }
    return await openAt(call, globals.port, known);
  }
  const ports = await findPorts(io, globals.portFilters);
  const [only] = ports;
  if (only !== undefined && ports.length === 1) {
    return await openAt(call, only, known);
  }
  screen.line(`Found ${ports.length} serial ports...`);
  const failures: EspError[] = [];
  for (const port of ports) {
    try {
      return await openAt(call, port, known);
    } catch (error) {
      if (!(error instanceof EspError) || io.signal.aborted) throw error;
      screen.line(`${publicName(port)} failed to connect: ${error.message}`);
      failures.push(error);
    }
  }
  const reasons = failures.map(({ message }) => `\n  ${message}`).join("");
  throw new EspError(
    `Could not connect to an Espressif device on any of the ${ports.length} available serial ports:${reasons}`,
    {
      code: failures.at(-1)?.code ?? "port-not-found",
      hint:
        "Choose a port with --port, or with the variable ESPLINE_PORT, to be told more.",
    },
  );
}

async function openAt(
  call: Surroundings,
  port: string,
  known: BoardSettings,
): Promise<Device> {
  const { io, globals, screen, flash, board } = call;
  board.port = publicName(port);
  screen.line(`Serial port ${board.port}:`);
  const { connectAttempts, ...settings } = await call.config();
  const tracer = globals.trace ? new Tracer(call) : undefined;
  const { open } = await deviceLibrary();
  return await open(io.target(port), {
    ...settings,
    spiConnection: known.spiConnection,
    signal: io.signal,
    onProgress(event) {
      flash.observe(event);
      screen.show(event);
    },
    onTrace: tracer?.onTrace,
    chip: globals.chip,
    baud: globals.baud,
    before: globals.before,
    after: globals.after,
    stub: !globals.noStub,
    vddSdio: globals.vddSdio,
    attempts: globals.connectAttempts ?? connectAttempts,
  });
}

/** How the chip's own USB ports are called. */
const USB_MODES = { jtag: "USB-Serial/JTAG", otg: "USB-OTG" } as const;

/** Says what the board is. */
async function introduce(
  { screen, board }: Surroundings,
  device: Device,
): Promise<ChipIdentity | undefined> {
  if (device.secureDownload) {
    const { name } = device.chip;
    screen.line(`Connected to ${name} on ${board.port}:`);
    screen.line(`Chip type:          ${name} in Secure Download Mode`);
    screen.line();
    return undefined;
  }
  const chip = await device.readIdentity();
  board.mac = chip.mac;
  screen.line(`Connected to ${chip.chip} on ${board.port}:`);
  screen.line(`Chip type:          ${chip.description}`);
  screen.line(`Features:           ${chip.features.join(", ")}`);
  screen.line(`Crystal frequency:  ${chip.crystalMhz}MHz`);
  const { usbMode } = device;
  if (usbMode) screen.line(`USB mode:           ${USB_MODES[usbMode]}`);
  for (const line of macLines(chip)) screen.line(line);
  screen.line();
  if (device.isStub) screen.line("Stub flasher running.");
  return chip;
}
