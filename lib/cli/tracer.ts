/**
 * `--trace`: what goes over the wire, as lines on stderr.
 *
 * @module
 */

import type { TraceEvent } from "../../mod.ts";
import { systemClock } from "../clock.ts";
import type { Surroundings } from "./command.ts";

/** How many bytes a line of a dump has. */
const ROW = 16;
/** The largest dump that stands in the line of what it is about. */
const SHORT = 16;

/** Writes events with the time since the one before. */
export class Tracer {
  readonly #write: (text: string) => void;
  readonly #prefix: string;
  #last = systemClock.now();

  /** Traces one board; of several, each line says which. */
  constructor({ io, board }: Pick<Surroundings, "io" | "board">) {
    this.#write = (text) => io.stderr.write(text);
    this.#prefix = board.several ? `[${board.port}] ` : "";
  }

  /** Takes an event. */
  readonly onTrace = (event: TraceEvent): void => {
    const now = systemClock.now();
    const delta = ((now - this.#last) / 1000).toFixed(3);
    this.#last = now;
    const [first, ...rest] = describe(event);
    const lines = [`TRACE +${delta} ${first}`, ...rest];
    this.#write(lines.map((line) => `${this.#prefix}${line}\n`).join(""));
  };
}

function describe(event: TraceEvent): string[] {
  switch (event.kind) {
    case "command": {
      const code = event.opcode.toString(16).padStart(2, "0");
      return [`Command ${event.name} (0x${code}), ${event.size} bytes of data`];
    }
    case "write":
      return withDump(`Write ${event.bytes.length} bytes:`, event.bytes);
    case "read":
      return withDump(`Read ${event.bytes.length} bytes:`, event.bytes);
    case "frame":
      return withDump(
        `Received full packet, ${event.bytes.length} bytes:`,
        event.bytes,
      );
    case "signals":
      return [
        `Set lines: ${
          Object.entries(event.signals)
            .map(([name, value]) => `${name.toUpperCase()}=${value ? 1 : 0}`)
            .join(" ")
        }`,
      ];
    case "baud":
      return [`Set speed: ${event.baud} baud`];
  }
}

function withDump(title: string, bytes: Uint8Array): string[] {
  if (bytes.length <= SHORT) return [`${title} ${bytes.toHex()}`];
  const lines: string[] = [];
  for (let i = 0; i < bytes.length; i += ROW) {
    lines.push(`    ${dumpRow(bytes.subarray(i, i + ROW))}`);
  }
  return [title, ...lines];
}

/** `c000082400000000 0007071220555555 | ...$........ UUU`. */
function dumpRow(bytes: Uint8Array): string {
  const half = ROW / 2;
  const hex = `${bytes.subarray(0, half).toHex()} ${
    bytes.subarray(half).toHex()
  }`;
  const text = Array.from(
    bytes,
    (byte) => byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".",
  ).join("");
  return `${hex.padEnd(2 * ROW + 1)} | ${text}`;
}
