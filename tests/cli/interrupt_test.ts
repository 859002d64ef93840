import assert from "node:assert/strict";
import type { PortSource } from "../../mod.ts";
import type { VirtualBoard } from "../../lib/simulator/mod.ts";
import { makeBoard, noise } from "./_boards.ts";
import { namesIn, type Outcome, runCli, temporaryFolder } from "./_cli.ts";

/** A board's port, and whether it was closed again. */
function watched(
  board: VirtualBoard,
): PortSource & { open: PortSource["open"]; closed: number } {
  return {
    port: board.port,
    closed: 0,
    async open(options) {
      const transport = await board.open(options);
      const close = transport.close.bind(transport);
      transport.close = () => {
        this.closed++;
        return close();
      };
      return transport;
    },
  };
}

/** Runs a verb, and presses Ctrl-C as soon as its output matches. */
async function interruptAt(
  pattern: RegExp,
  args: readonly string[],
  board: VirtualBoard,
): Promise<Outcome> {
  const controller = new AbortController();
  const bench = watched(board);
  const outcome = await runCli(["-p", "bench", ...args], {
    boards: { bench },
    signal: controller.signal,
    onOutput: (text) => {
      if (!pattern.test(text)) return;
      controller.abort(new DOMException("Interrupted", "AbortError"));
    },
  });
  assert(controller.signal.aborted, `never saw ${pattern}: ${outcome.stdout}`);
  assert(bench.closed > 0, "the port is closed");
  assert.equal(outcome.code, 2);
  return outcome;
}

Deno.test("Ctrl-C in write-flash closes the port and tells what the flash holds", async () => {
  await using folder = await temporaryFolder();
  await using board = makeBoard();
  await Deno.writeFile(folder.file("app"), noise(200_000));
  const args = ["write-flash", "-u", "0x10000", folder.file("app")];
  const { stderr } = await interruptAt(/Writing at .*\(30 %\)/, args, board);
  assert.match(
    stderr,
    /^A fatal error occurred: Interrupted\nThe flash from 0x0001_0000 to 0x0004_0d40 is incomplete: \d+ of 200000 bytes/,
  );
  assert(!board.flash.isErased(0x1_0000, 0x1000));
  assert(board.flash.isErased(0x3_0000, 0x1_0000));
});

Deno.test("Ctrl-C in read-flash leaves no file and no half one", async () => {
  await using folder = await temporaryFolder();
  await using board = makeBoard();
  const args = ["read-flash", "0", "1M", folder.file("out")];
  const { stderr } = await interruptAt(/Reading from .*\(20 %\)/, args, board);
  assert.deepEqual(await namesIn(folder.path), []);
  assert.match(stderr, /The flash is unchanged\./);
});

Deno.test("Ctrl-C while connecting ends the attempts", async () => {
  const args = ["--connect-attempts", "0", "--json", "read-mac"];
  const controller = new AbortController();
  await using board = makeBoard();
  const bench = watched(board);
  const source: PortSource = {
    port: "bench",
    async open(options) {
      const transport = await bench.open(options);
      controller.abort(new DOMException("Interrupted", "AbortError"));
      return transport;
    },
  };
  const { code, stdout } = await runCli(["-p", "bench", ...args], {
    boards: { bench: source },
    signal: controller.signal,
  });
  assert.equal(code, 2);
  assert(bench.closed > 0);
  assert.deepEqual(JSON.parse(stdout), {
    ok: false,
    command: "read-mac",
    port: "bench",
    error: { code: "aborted", message: "Interrupted" },
    flash: "The flash is unchanged.",
  });
});

Deno.test("a board unplugged while it is read ends with 1 and leaves no file", async () => {
  await using folder = await temporaryFolder();
  await using board = makeBoard();
  const { code, stderr } = await runCli(
    ["-p", "bench", "read-flash", "0", "1M", folder.file("out")],
    {
      boards: { bench: board },
      onOutput: (text) => {
        if (/Reading from .*\(20 %\)/.test(text)) board.unplug();
      },
    },
  );
  assert.equal(code, 1, stderr);
  assert.match(stderr, /^A fatal error occurred: /);
  assert.deepEqual(await namesIn(folder.path), []);
});
