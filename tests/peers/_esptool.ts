/** Runs real esptool against a virtual board. */

import {
  serveVirtualBoard,
  type VirtualBoard,
} from "../../lib/simulator/mod.ts";

/** What came of a run. */
export interface EsptoolRun {
  readonly code: number;
  /** What it wrote to stdout, and behind it what it wrote to stderr. */
  readonly output: string;
}

/** Runs esptool over TCP: without modem lines, but an order of magnitude faster than over RFC 2217. */
export async function runEsptool(
  esptool: string,
  words: readonly string[],
  board: VirtualBoard,
): Promise<EsptoolRun> {
  await using server = await serveVirtualBoard(board, { tcp: 0 });
  const { code, stdout, stderr } = await new Deno.Command(esptool, {
    args: ["--port", server.url, ...words],
    env: { NO_COLOR: "1", TERM: "dumb" },
    stdout: "piped",
    stderr: "piped",
  }).output();
  const decoder = new TextDecoder();
  return { code, output: decoder.decode(stdout) + decoder.decode(stderr) };
}
