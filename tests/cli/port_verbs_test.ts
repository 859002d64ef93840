import assert from "node:assert/strict";
import { makeBoard } from "./_boards.ts";
import { runCli } from "./_cli.ts";

Deno.test("reset resets the board into its application or its loader", async () => {
  await using board = makeBoard({ chip: "esp32" });
  const world = { boards: { bench: board }, ports: [{ path: "bench" }] };
  assert.deepEqual(await runCli(["reset"], world), {
    code: 0,
    stdout: "Reset the chip on bench into its application.\n",
    stderr: "",
  });
  const { stdout } = await runCli(
    ["reset", "--into", "download", "--json"],
    world,
  );
  assert.deepEqual(JSON.parse(stdout), {
    ok: true,
    command: "reset",
    port: "bench",
    result: { into: "download", sequence: "tight" },
  });
  const found = await runCli(
    ["--before", "no-reset", "read-mac", "--json"],
    world,
  );
  assert.equal(JSON.parse(found.stdout).result.mac, board.mac);
});

Deno.test("hold-in-reset holds for a time, or until Ctrl-C", async () => {
  await using board = makeBoard({ chip: "esp32" });
  const boards = { bench: board };
  const words = ["--port", "bench", "hold-in-reset"];
  const timed = await runCli([...words, "--for", "0.05"], { boards });
  assert.deepEqual(timed, {
    code: 0,
    stdout: "Holding the chip on bench in reset for 0.05 s.\nLet it go.\n",
    stderr: "",
  });
  const controller = new AbortController();
  const ended = await runCli(words, {
    boards,
    signal: controller.signal,
    onOutput: () => controller.abort(),
  });
  assert.equal(ended.code, 0);
  assert.match(ended.stdout, /until Ctrl-C\.\nLet it go\.\n$/);
  const wrong = await runCli([...words, "--for", "-1"], { boards });
  assert.match(wrong.stderr, /"-1" is no time in seconds/);
});

Deno.test("serve-port serves until Ctrl-C, and tells who comes and goes", async () => {
  await using board = makeBoard({ chip: "esp32" });
  const controller = new AbortController();
  const text = Promise.withResolvers<string>();
  let stdout = "";
  const running = runCli(
    ["serve-port", "bench", "--local-port", "0", "--token", "secret"],
    {
      boards: { bench: board },
      signal: controller.signal,
      onOutput(part) {
        stdout += part;
        const url = /^Serving bench at (\S+) until Ctrl-C\.$/m.exec(stdout)
          ?.[1];
        if (url !== undefined) text.resolve(url);
        if (stdout.includes("has left")) controller.abort();
      },
    },
  );
  const url = await text.promise;
  assert.match(url, /^rfc2217:\/\/TOKEN@127\.0\.0\.1:\d+$/);
  const port = url.replace("TOKEN", "secret");
  const read = await runCli(["read-mac", "--port", port]);
  assert.equal(read.code, 0, read.stderr);
  assert.ok(!read.stdout.includes("secret"), "a token is not shown");
  const { code, stderr } = await running;
  assert.deepEqual([code, stderr], [0, ""]);
  assert.match(
    stdout,
    /127\.0\.0\.1:\d+ uses the port\.\nReset the chip into its loader\.\nReset the chip into its application\.\n127\.0\.0\.1:\d+ has left\.\nThe port is no longer served\.\n$/,
  );
});

Deno.test("serve-port lets no network in without a token or a word", async () => {
  await using board = makeBoard({ chip: "esp32" });
  const boards = { bench: board };
  const words = ["serve-port", "bench", "--listen", "0.0.0.0"];
  const refused = await runCli([...words, "--local-port", "0"], { boards });
  assert.equal(refused.code, 2);
  assert.match(
    refused.stderr,
    /0\.0\.0\.0 lets in whoever reaches it, and nobody has said who may\nHint: Use --token/,
  );
  for (const extra of [["--insecure"], ["--token", "secret"]]) {
    const controller = new AbortController();
    const served = await runCli([...words, "--local-port", "0", ...extra], {
      boards,
      signal: controller.signal,
      onOutput: () => controller.abort(),
    });
    assert.equal(served.code, 0, served.stderr);
    const open = served.stdout.includes("everyone on the network may use");
    assert.equal(open, extra[0] === "--insecure");
  }
  const empty = await runCli([...words, "--token", ""], { boards });
  assert.match(empty.stderr, /an empty token keeps nobody out/);
});

Deno.test("serve-port fails when its port goes", async () => {
  const board = makeBoard({ chip: "esp32" });
  const { code, stderr } = await runCli(
    ["serve-port", "bench", "-p", "0"],
    {
      boards: { bench: board },
      onOutput: () => void board[Symbol.asyncDispose](),
    },
  );
  assert.equal(code, 1);
  assert.match(stderr, /Cannot serve bench any more: it is gone/);
});
