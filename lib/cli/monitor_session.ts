/**
 * One run of the monitor: port, screen, keys and file, from the beginning to a
 * clean end.
 *
 * @module
 */

import {
  openTransport,
  parseResetSequence,
  resetTransport,
} from "../../mod.ts";
import { systemClock } from "../clock.ts";
import { EspError } from "../errors.ts";
import {
  AddressDecoder,
  type LineEvent,
  type LogFilter,
  Monitor,
  releaseLines,
} from "../monitor/mod.ts";
import type { Surroundings } from "./command.ts";
import type { CliIo } from "./io.ts";
import {
  type Match,
  matchLine,
  notInTheEnd,
  notInTime,
} from "./monitor_expect.ts";
import {
  KEY_HELP,
  type KeyAction,
  type KeyName,
  KeyReader,
  type LineEnd,
} from "./monitor_keys.ts";
import { MonitorLog } from "./monitor_log.ts";
import { MonitorView } from "./monitor_view.ts";
import { fileError } from "./output_file.ts";

/** What a monitor is told. */
export interface MonitorSettings {
  readonly port: string;
  readonly chip: string | undefined;
  readonly baud: number;
  readonly elf: string | undefined;
  readonly reset: boolean;
  readonly filter: LogFilter;
  readonly timestamps: boolean;
  readonly saveLog: string | undefined;
  readonly noColor: boolean;
  readonly noExplain: boolean;
  readonly noReconnect: boolean;
  readonly eol: LineEnd;
  readonly expect: RegExp | undefined;
  readonly timeout: number | undefined;
}

/** What came of it. */
export interface MonitorResult {
  readonly lines: number;
  readonly ms: number;
  readonly matched?: Match;
  readonly [name: string]: unknown;
}

/** Runs the monitor until a key, a signal, `--expect` or `--timeout` ends it. */
export async function runMonitor(
  call: Surroundings,
  settings: MonitorSettings,
): Promise<MonitorResult> {
  const program = settings.elf === undefined
    ? undefined
    : await readProgram(settings.elf);
  using view = makeView(call, settings);
  await using session = await MonitorSession.open(
    call,
    settings,
    view,
    program,
  );
  return await session.run();
}

async function readProgram(path: string): Promise<AddressDecoder> {
  let bytes: Uint8Array;
  try {
    bytes = await Deno.readFile(path);
  } catch (cause) {
    throw fileError("read", path, cause);
  }
  return new AddressDecoder(bytes);
}

function makeView(
  { io, globals, board }: Surroundings,
  settings: MonitorSettings,
): MonitorView {
  const { saveLog, noColor, timestamps, filter } = settings;
  const quiet = globals.json || globals.silent;
  return new MonitorView({
    write: quiet ? () => {} : (text) => io.stdout.write(text),
    color: io.stdout.isTerminal && !noColor && !io.env("NO_COLOR"),
    timestamps,
    filter,
    log: saveLog === undefined
      ? undefined
      : new MonitorLog(board.pathOf(saveLog)),
    now: () => new Date(),
  });
}

/** Escaped bytes in a line that is mostly noise. */
const ESCAPED = /\\x[0-9a-f]{2}/g;
/** A line shorter than this says nothing about the speed. */
const LEAST_NOISE = 8;

class MonitorSession implements AsyncDisposable {
  readonly #call: Surroundings;
  readonly #settings: MonitorSettings;
  readonly #view: MonitorView;
  readonly #monitor: Monitor;
  readonly #ending: AbortController;
  #noiseTold = false;
  /** What went wrong while keys were read. */
  #failure: { readonly error: unknown } | undefined;

  private constructor(
    call: Surroundings,
    settings: MonitorSettings,
    view: MonitorView,
    monitor: Monitor,
    ending: AbortController,
  ) {
    this.#call = call;
    this.#settings = settings;
    this.#view = view;
    this.#monitor = monitor;
    this.#ending = ending;
  }

  static async open(
    call: Surroundings,
    settings: MonitorSettings,
    view: MonitorView,
    program: AddressDecoder | undefined,
  ): Promise<MonitorSession> {
    const { io } = call;
    const { port, baud, chip } = settings;
    const place = await placeOf(io, port);
    const open = async (signal: AbortSignal) => {
      const path = await pathAt(io, place) ?? port;
      const transport = await openTransport(io.target(path), {
        baudRate: baud,
        signal,
      });
      try {
        await releaseLines(transport);
      } catch (error) {
        await transport.close();
        throw error;
      }
      return transport;
    };
    const ending = new AbortController();
    const monitor = new Monitor(await open(io.signal), {
      reopen: settings.noReconnect ? undefined : open,
      explain: !settings.noExplain,
      chip,
      program,
      signal: ending.signal,
    });
    for (const problem of program?.problems ?? []) view.say(problem);
    return new MonitorSession(call, settings, view, monitor, ending);
  }

  async run(): Promise<MonitorResult> {
    const { io } = this.#call;
    const { timeout, reset } = this.#settings;
    const start = systemClock.now();
    const end = () => this.#ending.abort();
    io.signal.addEventListener("abort", end, { once: true });
    const cancel = timeout === undefined
      ? () => {}
      : systemClock.schedule(end, timeout);
    using _keys = this.#listen();
    try {
      if (reset) await this.#reset("run");
      const { lines, matched } = await this.#follow();
      if (this.#failure !== undefined) throw this.#failure.error;
      const ms = systemClock.now() - start;
      if (matched === undefined) this.#checkEnd(ms);
      return { lines, ms, ...(matched !== undefined && { matched }) };
    } finally {
      cancel();
      io.signal.removeEventListener("abort", end);
    }
  }

  /** Closes the port. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#monitor.close();
  }

  /** Shows what comes, up to what is expected. */
  async #follow(): Promise<{ lines: number; matched?: Match }> {
    const { io } = this.#call;
    const { expect, saveLog } = this.#settings;
    const isForShow = expect === undefined && saveLog === undefined;
    let lines = 0;
    for await (const event of this.#monitor.events()) {
      if (event.kind === "gone") {
        this.#view.say(`${event.message}; waiting for it to come back`);
      } else if (event.kind === "back") {
        this.#view.say("The port is back");
      } else {
        if (event.ended) lines++;
        this.#view.line(event);
        this.#noteNoise(event);
        const matched = expect && matchLine(expect, event.text);
        if (matched !== undefined) return { lines, matched };
        // Nobody reads any more (`| head`), and there is nothing else to do.
        if (io.stdout.isBroken && isForShow) break;
      }
    }
    return { lines };
  }

  /** What it means that the monitor has ended, if something was expected. */
  #checkEnd(ms: number): void {
    const { expect, timeout, port } = this.#settings;
    if (expect === undefined) return;
    this.#call.io.signal.throwIfAborted();
    throw timeout !== undefined && ms >= timeout
      ? notInTime(expect, port, timeout)
      : notInTheEnd(expect, port);
  }

  #noteNoise({ text, ended }: LineEvent): void {
    if (this.#noiseTold || !ended || text.length < LEAST_NOISE) return;
    const escaped = (text.match(ESCAPED) ?? []).join("").length;
    if (escaped * 2 < text.length) return;
    this.#noiseTold = true;
    this.#view.say(
      `This looks like another speed than ${this.#settings.baud} baud; try --baud (an ESP8266's boot log comes at 74880)`,
    );
  }

  /** Reads keys, if a person is there to press them. */
  #listen(): Disposable {
    const { io, globals } = this.#call;
    const { stdin } = io;
    if (!stdin?.isTerminal || !io.stdout.isTerminal || globals.json) {
      return { [Symbol.dispose]: () => {} };
    }
    const { port, baud } = this.#settings;
    this.#view.say(
      `Monitor on ${port} at ${baud} baud. Quit: Ctrl-]. Help: Ctrl-T Ctrl-H.`,
    );
    const reader = stdin.readable.getReader();
    stdin.setRaw(true);
    let listening = true;
    this.#readKeys(reader).catch((error) => {
      if (listening) this.#failure = { error };
      this.#ending.abort();
    });
    return {
      [Symbol.dispose]: () => {
        listening = false;
        stdin.setRaw(false);
        reader.releaseLock();
      },
    };
  }

  async #readKeys(
    reader: ReadableStreamDefaultReader<Uint8Array>,
  ): Promise<void> {
    const keys = new KeyReader(this.#settings.eol);
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      for (const action of keys.push(value)) await this.#act(action);
    }
  }

  async #act(action: KeyAction): Promise<void> {
    try {
      switch (action.kind) {
        case "send":
          return await this.#monitor.write(action.bytes);
        case "unknown":
          return this.#view.say(
            `${action.key} does nothing behind Ctrl-T; Ctrl-T Ctrl-H shows what does`,
          );
        case "command":
          return await this.#command(action.name);
      }
    } catch (error) {
      if (!(error instanceof EspError)) throw error;
      this.#view.say(error.message);
    }
  }

  async #command(name: KeyName): Promise<void> {
    switch (name) {
      case "exit":
      case "interrupt":
        return this.#ending.abort();
      case "help":
        return KEY_HELP.forEach((line) => this.#view.say(line));
      case "reset":
        return await this.#reset("run");
      case "download":
        await this.#reset("download");
        return this.#view.say(
          "The board waits for a download; Ctrl-T Ctrl-R runs its program",
        );
      case "pause":
        return this.#view.togglePause();
      case "log":
        return this.#view.toggleLog();
      case "timestamps":
        return this.#view.toggleTimestamps();
    }
  }

  async #reset(into: "run" | "download"): Promise<void> {
    const config = await this.#call.config();
    const custom = into === "run" ? config.hardReset : config.reset;
    await resetTransport(this.#monitor.transport, into, {
      signal: this.#ending.signal,
      sequence: custom === undefined ? undefined : parseResetSequence(custom),
    });
  }
}

/** Where a port is plugged in, if it is one of this machine's and its system tells. */
async function placeOf(io: CliIo, port: string): Promise<string | undefined> {
  // A URL names no port of this machine, and listing them needs a permission.
  if (port.includes("://")) return undefined;
  const ports = await io.listPorts();
  return ports.find(({ path }) => path === port)?.location;
}

/** The path of the port at a place: a chip with USB of its own may come back under another. */
async function pathAt(
  io: CliIo,
  place: string | undefined,
): Promise<string | undefined> {
  if (place === undefined) return undefined;
  const ports = await io.listPorts();
  return ports.find(({ location }) => location === place)?.path;
}
