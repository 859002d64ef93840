/**
 * What the command line needs of the world around it, so that a test can be
 * that world.
 *
 * @module
 */

import type { PortInfo, PortTarget } from "../../mod.ts";
import { deviceLibrary } from "./device_library.ts";

/** Where text goes. */
export interface TextSink {
  /** Whether a person looks: progress becomes a bar. */
  readonly isTerminal: boolean;
  /** How many characters fit in a line, as of now. */
  readonly columns: number;
  /** How many lines are seen at once, as of now. */
  readonly rows?: number | undefined;
  /** Whether nobody reads any more. */
  readonly isBroken?: boolean | undefined;
  /** Writes text as it is, without a line end of its own. */
  write(text: string): void;
}

/** Where keys come from. */
export interface KeySource {
  /** Whether a person types. */
  readonly isTerminal: boolean;
  /** What is typed. */
  readonly readable: ReadableStream<Uint8Array>;
  /** Whether each key comes at once and as it is, Ctrl-C too, and is not shown. */
  setRaw(raw: boolean): void;
}

/** The world around a command line. */
export interface CliIo {
  /** What is typed, for a verb that listens. */
  readonly stdin?: KeySource | undefined;
  /** Results and progress. */
  readonly stdout: TextSink;
  /** Errors. */
  readonly stderr: TextSink;
  /** Interrupts the command: it closes its port, leaves no half file and ends with exit code 2. */
  readonly signal: AbortSignal;
  /** The value of an environment variable, if it is set. */
  env(name: string): string | undefined;
  /** The ports there are, for a command that is not told its port. */
  listPorts(): Promise<PortInfo[]>;
  /** What to open for a port's name: the name itself, or a virtual board. */
  target(port: string): PortTarget;
}

/** An io and what ends its use. */
export interface SystemIo extends Disposable {
  /** The process's own streams, environment and ports. */
  readonly io: CliIo;
}

const DEFAULT_COLUMNS = 80;
/** What people and supervisors end a program with. */
const SIGNALS: readonly Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT", "SIGBREAK"]
  : ["SIGINT", "SIGTERM"];

/**
 * The process's streams and environment. Until it is disposed of, the first
 * Ctrl-C or SIGTERM aborts the signal; a second one ends the process.
 */
export function systemIo(): SystemIo {
  const controller = new AbortController();
  const interrupt = () => {
    stopListening();
    controller.abort(new DOMException("Interrupted", "AbortError"));
  };
  const stopListening = () => {
    for (const name of SIGNALS) Deno.removeSignalListener(name, interrupt);
  };
  for (const name of SIGNALS) Deno.addSignalListener(name, interrupt);
  return {
    io: {
      stdin: keys(),
      stdout: sink(Deno.stdout),
      stderr: sink(Deno.stderr),
      signal: controller.signal,
      env: readEnv,
      listPorts: async () => (await deviceLibrary()).listPorts(),
      target: (port) => port,
    },
    [Symbol.dispose]: stopListening,
  };
}

/** Looks a variable up without asking a person for the permission to do so. */
function readEnv(variable: string): string | undefined {
  const { state } = Deno.permissions.querySync({ name: "env", variable });
  return state === "granted" ? Deno.env.get(variable) : undefined;
}

function keys(): KeySource {
  return {
    isTerminal: Deno.stdin.isTerminal(),
    // Only who reads it takes it away from others.
    get readable() {
      return Deno.stdin.readable;
    },
    setRaw: (raw) => Deno.stdin.setRaw(raw),
  };
}

function sink(stream: typeof Deno.stdout): TextSink {
  const encoder = new TextEncoder();
  let isBroken = false;
  // A machine that builds may have a terminal too, but nobody looks at it.
  const isTerminal = stream.isTerminal() && !readEnv("CI") &&
    readEnv("TERM") !== "dumb";
  return {
    isTerminal,
    get isBroken() {
      return isBroken;
    },
    get columns() {
      return isTerminal ? Deno.consoleSize().columns : DEFAULT_COLUMNS;
    },
    get rows() {
      return isTerminal ? Deno.consoleSize().rows : undefined;
    },
    write: (text) => {
      isBroken ||= !writeAll(stream, encoder.encode(text));
    },
  };
}

/** Writes all of it, and yields whether anybody reads. */
function writeAll(stream: typeof Deno.stdout, bytes: Uint8Array): boolean {
  try {
    for (let rest = bytes; rest.length > 0;) {
      rest = rest.subarray(stream.writeSync(rest));
    }
    return true;
  } catch (error) {
    // Nobody reads any more (`| head`): a flash half written for that would be worse.
    if (error instanceof Deno.errors.BrokenPipe) return false;
    throw error;
  }
}
