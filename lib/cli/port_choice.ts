/**
 * Which port a verb is for.
 *
 * @module
 */

import type { Surroundings } from "./command.ts";
import type { CliIo } from "./io.ts";
import { byLikelihood, filterPorts, type PortFilter } from "./port_filter.ts";
import { describePort } from "./text.ts";
import { UsageError } from "./usage_error.ts";

/**
 * The port that the options name, or the only one there is.
 *
 * @throws {UsageError} If there is none, or a choice.
 */
export async function choosePort(
  { io, globals }: Pick<Surroundings, "io" | "globals">,
): Promise<string> {
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

/**
 * The paths of the ports that may have a board, the most likely first.
 *
 * @throws {UsageError} If there is none.
 */
export async function findPorts(
  io: CliIo,
  filters: readonly PortFilter[],
): Promise<string[]> {
  const ports = byLikelihood(await io.listPorts());
  const wanted = filterPorts(ports, filters);
  if (wanted.length > 0) return wanted.map(({ path }) => path);
  throw ports.length === 0
    ? new UsageError(
      "No serial port was found",
      "Connect a board, or name its port: --port /dev/ttyUSB0, --port rfc2217://host:port, --port sim://esp32.",
    )
    : new UsageError(
      `None of the ${ports.length} serial ports is one that --port-filter lets through`,
      'Try "espline list-ports" to see what they are.',
    );
}

/** A port's name without the token that stands in a URL: it is nobody else's business. */
export function publicName(port: string): string {
  return port.replace(/^(rfc2217:\/\/)[^/@]*@/i, "$1");
}
