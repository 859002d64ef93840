import assert from "node:assert/strict";
import { join } from "node:path";
import { buildImage, chipById } from "../../mod.ts";
import { readInventory } from "../../lib/provision/mod.ts";
import { fileURLToPath } from "node:url";
import { inFolder, runScript } from "./_run.ts";

/** Those of the script's header, less serial ports and other hosts. */
const PERMISSIONS = ["--allow-read", "--allow-write=."];
const GOOD = "sim://esp8266?mac=5c:cf:7f:00:00:01";
const GONE = "sim://esp8266?mac=5c:cf:7f:00:00:02&fault=unplug@3000";

async function withImage(
  work: (cwd: string, image: string) => Promise<void>,
): Promise<void> {
  await inFolder(async (cwd) => {
    const segments = [{ address: 0x4010_0000, data: new Uint8Array(100) }];
    const chip = chipById("esp8266");
    const image = join(cwd, "app.bin");
    await Deno.writeFile(
      image,
      buildImage({ entry: 0x4010_0000, segments }, { chip }),
    );
    await work(cwd, image);
  });
}

Deno.test("provision_boards flashes its ports and records them", async () => {
  await withImage(async (cwd) => {
    await Deno.writeTextFile(join(cwd, "data.bin"), "data");
    const { code, stdout, stderr } = await runScript(
      "provision_boards",
      ["--port", GOOD, "app.bin", "0x10000", "data.bin", "--baud", "921600"],
      { cwd, permissions: PERMISSIONS },
    );
    assert.equal(code, 0, stderr);
    assert.match(stdout, /1 of 1 passed/);
    const [row] = await readInventory(join(cwd, "inventory.csv"));
    assert.equal(row?.mac, "5c:cf:7f:00:00:01");
    assert.equal(row?.result, "pass");
    assert.match(row?.firmware_sha256 ?? "", /^[\da-f]{64} [\da-f]{64}$/);
  });
});

Deno.test("provision_boards exits with 1 if a board fails, and still records all", async () => {
  await withImage(async (cwd) => {
    const { code, stdout } = await runScript(
      "provision_boards",
      ["--json", "--port", GOOD, "--port", GONE, "app.bin"],
      { cwd, permissions: PERMISSIONS },
    );
    assert.equal(code, 1);
    const finished = stdout.trimEnd().split("\n")
      .map((line) => JSON.parse(line))
      .filter(({ kind }) => kind === "finish");
    assert.deepEqual(
      finished.map(({ port, result }) => [port, result.result]).toSorted(),
      [[GOOD, "pass"], [GONE, "fail"]].toSorted(),
    );
    const rows = await readInventory(join(cwd, "inventory.csv"));
    assert.deepEqual(
      rows.map(({ port, failed_step }) => [port, failed_step]).toSorted(),
      [[GOOD, ""], [GONE, "open"]].toSorted(),
    );
  });
});

Deno.test("provision_boards opens nothing if the call is wrong", async () => {
  await withImage(async (cwd) => {
    const run = (...args: string[]) =>
      runScript("provision_boards", args, { cwd, permissions: PERMISSIONS });
    const help = await run("--help");
    assert.equal(help.code, 0);
    assert.match(help.stdout, /^Usage: deno task provision/);
    const wrong: readonly [string[], RegExp][] = [
      [["app.bin"], /--port/],
      [["--port", GOOD], /FILE/],
      [["--port", GOOD, "--frob", "app.bin"], /--frob/],
      [["--port", GOOD, "--port", GOOD, "app.bin"], /given twice/],
      [["--port", GOOD, "--baud", "fast", "app.bin"], /baud/],
      [["--port", GOOD, "--chip", "z80", "app.bin"], /z80/],
      [["--port", GOOD, "0x1234", "app.bin"], /0x0000_1234 is not the start/],
    ];
    for (const [args, message] of wrong) {
      const { code, stderr } = await run(...args);
      assert.equal(code, 2, args.join(" "));
      assert.match(stderr, message);
    }
    await Deno.writeTextFile(join(cwd, "inventory.csv"), "a,b\r\n1,2\r\n");
    const { code, stderr } = await run("--port", GOOD, "app.bin");
    assert.equal(code, 2);
    assert.match(stderr, /Cannot read inventory "inventory.csv"/);
    assert.equal(
      await Deno.readTextFile(join(cwd, "inventory.csv")),
      "a,b\r\n1,2\r\n",
    );
  });
});

const JOB = `
name: lamp
firmware:
  - chip: esp8266
    files: [{ address: 0, source: app.bin }]
identity:
  source: { kind: generator, prefix: LMP-, digits: 4, checkDigit: luhn }
columns: { batch: 2026-11 }
`;

Deno.test("provision_boards runs a job, and a board that comes back keeps its number", async () => {
  await withImage(async (cwd) => {
    await Deno.writeTextFile(join(cwd, "job.yaml"), JOB);
    const other = "sim://esp8266?mac=5c:cf:7f:00:00:03";
    for (const ports of [[GOOD, other], [other]]) {
      const { code, stdout, stderr } = await runScript("provision_boards", [
        ...ports.flatMap((port) => ["--port", port]),
        ...["--job", "job.yaml", "--events", "log.jsonl", "--operator", "Ada"],
        ...["--slot", `${GOOD}=left`, "--station", "desk"],
      ], { cwd, permissions: [...PERMISSIONS, "--allow-env"] });
      assert.equal(code, 0, stderr);
      assert.match(stdout, /passed$/m);
    }
    const rows = await readInventory(join(cwd, "inventory.csv"));
    assert.deepEqual(
      rows.map(({ serial_number }) => serial_number).toSorted(),
      ["LMP-00018", "LMP-00026"],
    );
    const cells = ["slot", "station", "operator", "batch"].map((column) =>
      rows.find(({ mac }) => mac === "5c:cf:7f:00:00:01")?.[column]
    );
    assert.deepEqual(cells, ["left", "desk", "Ada", "2026-11"]);
    const log = await Deno.readTextFile(join(cwd, "log.jsonl"));
    assert.equal(log.match(/"kind":"finish"/g)?.length, 3);
    assert.ok((await Deno.stat(join(cwd, "line.db"))).isFile);
  });
});

Deno.test(
  "provision_boards serves the operator's page until it is interrupted",
  {
    ignore: Deno.build.os === "windows",
  },
  async () => {
    await withImage(async (cwd) => {
      const script = new URL(
        "../../scripts/provision_boards.ts",
        import.meta.url,
      );
      const child = new Deno.Command(Deno.execPath(), {
        args: [
          ...["run", "--no-prompt", "--quiet", "--allow-net", ...PERMISSIONS],
          ...[fileURLToPath(script), "--dashboard=127.0.0.1:0", "--port", GOOD],
          "app.bin",
        ],
        ...{ cwd, stdin: "null", stdout: "null", stderr: "piped" },
      }).spawn();
      const reader = child.stderr.pipeThrough(new TextDecoderStream())
        .getReader();
      let said = "";
      while (!said.includes("\n")) {
        const { value, done } = await reader.read();
        assert.ok(!done, said);
        said += value;
      }
      const [, url = ""] = /page: (http:\S+)/.exec(said) ?? [];
      const answer = await fetch(url);
      assert.equal(answer.status, 200, said);
      await answer.body?.cancel();
      child.kill("SIGINT");
      await reader.cancel();
      // The board may have passed by then, or been cancelled.
      assert.ok([0, 1].includes((await child.status).code));
    });
  },
);
