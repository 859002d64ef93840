/**
 * `serve-port`: a port for the network.
 *
 * @module
 */

import type { ServerEvent } from "../../../mod.ts";
import { TransportError } from "../../errors.ts";
import {
  type Command,
  defineCommand,
  type OptionValues,
  type Surroundings,
} from "../command.ts";
import { deviceLibrary } from "../device_library.ts";
import { flag, optional, setting } from "../options.ts";
import { choosePort, publicName } from "../port_choice.ts";
import { integer, object, text } from "../schema.ts";
import type { Screen } from "../screen.ts";
import { UsageError } from "../usage_error.ts";
import { parseTcpPort } from "../values.ts";

/** The port that pyserial's and esptool's servers listen on. */
const DEFAULT_PORT = 2217;

const OPTIONS = {
  localPort: setting({
    flags: "-p, --local-port <number>",
    summary: `the TCP port, 0 for any (default: ${DEFAULT_PORT})`,
    fallback: DEFAULT_PORT,
    parse: parseTcpPort,
  }),
  listen: setting({
    flags: "--listen <address>",
    summary: "the address, such as 0.0.0.0 for all (default: 127.0.0.1)",
    fallback: "127.0.0.1",
    parse: String,
  }),
  token: setting<string | undefined>({
    flags: "--token <text>",
    summary: "let in only espline's clients that know it",
    env: "TOKEN",
    fallback: undefined,
    parse: parseToken,
  }),
  insecure: flag(
    "--insecure",
    "let in everyone who reaches an address that is not this machine's own",
  ),
  liveLines: flag(
    "--live-lines",
    "pass DTR and RTS on as they come, and play no resets here",
  ),
};

/** Serves a port by RFC 2217. */
export const servePortCommand: Command = defineCommand({
  name: "serve-port",
  summary: "offer a port on the network by RFC 2217, until Ctrl-C",
  examples: [
    {
      line: "serve-port /dev/ttyUSB0",
      does: "offers the port at rfc2217://localhost:2217",
    },
    {
      line: "serve-port --listen 0.0.0.0 --token secret /dev/ttyUSB0",
      does: "offers it to all who know the token",
    },
  ],
  result: object({
    url: text("where the port was served"),
    clients: integer("how many clients there were"),
    resets: integer("how many resets were played for them"),
  }),
  arguments: {
    port: optional("port", "which (default: as --port)", String),
  },
  options: OPTIONS,
  async run(call) {
    const { io, screen, globals } = call;
    checkAccess(call.options);
    const port = call.arguments.port ?? await choosePort(call);
    const name = publicName(port);
    const counts = { clients: 0, resets: 0 };
    const { servePort } = await deviceLibrary();
    await using server = await servePort(io.target(port), {
      baudRate: globals.baud,
      hostname: call.options.listen,
      port: call.options.localPort,
      token: call.options.token,
      liveLines: call.options.liveLines,
      onEvent(event) {
        if (event.kind === "client") counts.clients++;
        if (event.kind === "reset") counts.resets++;
        tell(event, screen);
      },
    });
    announce(name, server.url, call);
    await Promise.race([server.ended, aborted(io.signal)]);
    if (!io.signal.aborted) {
      throw new TransportError(`Cannot serve ${name} any more: it is gone`, {
        code: "port-gone",
        hint: "Plug it in again, and start the server again.",
      });
    }
    screen.line("The port is no longer served.");
    return { port: name, result: { url: server.url, ...counts } };
  },
});

/** @throws {UsageError} If the network would be let in without a word. */
function checkAccess(
  { listen, token, insecure }: OptionValues<typeof OPTIONS>,
): void {
  if (isLoopback(listen) || token !== undefined || insecure) return;
  throw new UsageError(
    `${listen} lets in whoever reaches it, and nobody has said who may`,
    "Use --token for espline's own clients, --insecure for all (as esptool and pyserial are), or listen on 127.0.0.1 and let people in through ssh -L.",
  );
}

function isLoopback(host: string): boolean {
  return /^(127(\.\d{1,3}){3}|::1|localhost)$/i.test(host);
}

function announce(
  name: string,
  url: string,
  { screen, options }: Surroundings & {
    readonly options: OptionValues<typeof OPTIONS>;
  },
): void {
  const shown = options.token === undefined
    ? url
    : url.replace("://", "://TOKEN@");
  screen.line(`Serving ${name} at ${shown} until Ctrl-C.`);
  if (options.insecure && !isLoopback(options.listen)) {
    screen.line("Note: everyone on the network may use the port.");
  }
}

function tell(event: ServerEvent, screen: Screen): void {
  switch (event.kind) {
    case "client":
      return screen.line(`${event.remote} uses the port.`);
    case "left":
      return screen.line(`${event.remote} has left.`);
    case "busy":
      return screen.line(`${event.remote} was refused: the port is in use.`);
    case "denied":
      return screen.line(`${event.remote} was refused: it has no token.`);
    case "reset":
      return screen.line(
        event.mode === "run"
          ? "Reset the chip into its application."
          : "Reset the chip into its loader.",
      );
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) =>
    signal.addEventListener("abort", () => resolve(), { once: true })
  );
}

function parseToken(text: string): string {
  if (text !== "") return text;
  throw new SyntaxError("an empty token keeps nobody out");
}
