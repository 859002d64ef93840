import assert from "node:assert/strict";
import { makeBoard, makeImage, noise } from "./_boards.ts";
import { namesIn, runCli, temporaryFolder, type World } from "./_cli.ts";

/** Runs a verb that must succeed, on the only port there is. */
async function run(args: readonly string[], world: World): Promise<string> {
  const ports = [{ path: "bench" }];
  const { code, stdout, stderr } = await runCli(args, { ports, ...world });
  assert.equal(stderr, "");
  assert.equal(code, 0);
  return stdout;
}

/** What `--json` answers. */
async function json(args: readonly string[], world: World) {
  const stdout = await run([...args, "--json"], world);
  assert.equal(stdout.indexOf("\n"), stdout.length - 1, "one line");
  const report = JSON.parse(stdout);
  assert.equal(report.ok, true);
  assert(args.includes(report.command));
  assert.equal(report.port, "bench");
  return report;
}

Deno.test("every device verb tells the chip in JSON", async () => {
  await using board = makeBoard();
  const { chip } = await json(["read-mac"], { boards: { bench: board } });
  assert.deepEqual(chip, {
    chip: "ESP8266",
    description: "ESP8266EX",
    features: ["Wi-Fi", "160MHz"],
    crystalMhz: 26,
    mac: board.mac,
    chipId: 0x010203,
  });
});

Deno.test("read-mac and chip-id tell the board's own", async () => {
  await using board = makeBoard();
  const boards = { bench: board };
  assert.match(
    await run(["read-mac"], { boards }),
    /^MAC: +5c:cf:7f:01:02:03$/m,
  );
  assert.match(await run(["chip_id"], { boards }), /^Chip ID: 0x00010203$/m);
  assert.deepEqual((await json(["read-mac"], { boards })).result, {
    mac: board.mac,
  });
  assert.deepEqual((await json(["chip-id"], { boards })).result, {
    chipId: 0x010203,
  });
});

Deno.test("flash-id tells the id and the size", async () => {
  await using board = makeBoard({ flashSize: "2MB" });
  const boards = { bench: board };
  const text = await run(["flash-id"], { boards });
  const { manufacturer, device, size } =
    (await json(["flash-id"], { boards })).result;
  assert.equal(size, 2 * 1024 * 1024);
  assert(
    text.includes(
      `Manufacturer: ${manufacturer.toString(16).padStart(2, "0")}\n`,
    ),
  );
  assert(text.includes(`Device: ${device.toString(16).padStart(4, "0")}\n`));
  assert(text.includes("Detected flash size: 2MB\n"));
});

for (const extra of [[], ["--no-stub"], ["-u"], ["--baud", "921600"]]) {
  Deno.test(`write-flash ${extra.join(" ")} puts files where they belong`, async () => {
    await using folder = await temporaryFolder();
    await using board = makeBoard();
    const files = {
      boot: makeImage("esp8266"),
      app: noise(5001).fill(0x20, 1000),
    };
    await Deno.writeFile(folder.file("boot"), files.boot);
    await Deno.writeFile(folder.file("app"), files.app);
    const boards = { bench: board };
    const text = await run([
      "write_flash",
      ...extra.filter((word) => word === "-u"),
      "0",
      folder.file("boot"),
      "0x10000",
      folder.file("app"),
      ...extra.filter((word) => word !== "-u"),
    ], { boards });
    assert.deepEqual(board.flash.read(0, files.boot.length), files.boot);
    assert.deepEqual(board.flash.read(0x1_0000, files.app.length), files.app);
    assert.match(
      text,
      /^Wrote \d+ bytes.* at 0x00000000 in \d+\.\d seconds \(\d+\.\d kbit\/s\)\.$/m,
    );
    assert.match(text, /^Wrote 5004 bytes.* at 0x00010000 in /m);
    assert(
      extra.includes("-u") || extra.includes("--no-stub") ||
        /\(\d+ compressed\)/.test(text),
    );
    const verified = text.split("Hash of data verified.").length - 1;
    assert.equal(verified, extra.includes("--no-stub") ? 0 : 2);
  });
}

Deno.test("write-flash patches a bootloader's size, mode and frequency", async () => {
  await using folder = await temporaryFolder();
  await using board = makeBoard();
  await Deno.writeFile(folder.file("boot"), makeImage("esp8266"));
  const options = ["-fm", "dout", "-ff", "26m", "-fs", "detect"];
  await run(["write-flash", ...options, "0", folder.file("boot")], {
    boards: { bench: board },
  });
  // Mode dout is 3, 4MB is 4 and 26m is 1 in an ESP8266 image's header.
  assert.deepEqual([...board.flash.read(2, 2)], [3, 0x41]);
});

Deno.test("write-flash skips what is there, erases all and reports both in JSON", async () => {
  await using folder = await temporaryFolder();
  await using board = makeBoard();
  const boards = { bench: board };
  await Deno.writeFile(folder.file("app"), noise(4096));
  const args = ["write-flash", "-s", "0x1000", folder.file("app")];
  const first = await json(args, { boards });
  assert.equal(first.result.files[0].skipped, false);
  assert.equal(first.result.files[0].verified, true);
  const second = await json(args, { boards });
  assert.equal(second.result.files[0].skipped, true);
  assert.match(
    await run(args, { boards }),
    /^'.*app' at 0x00001000 already in flash, skipping write\.$/m,
  );
  board.flash.program(0x8000, new Uint8Array(16));
  await run(["write-flash", "-e", "0x1000", folder.file("app")], { boards });
  assert(board.flash.isErased(0x8000, 4096));
  assert.deepEqual(board.flash.read(0x1000, 4096), noise(4096));
});

Deno.test("write-flash refuses an image for another chip, unless forced", async () => {
  await using folder = await temporaryFolder();
  await using board = makeBoard({ chip: "esp32" });
  await Deno.writeFile(folder.file("boot"), makeImage("esp32c3"));
  const args = ["-p", "bench", "write-flash", "0x1000", folder.file("boot")];
  const boards = { bench: board };
  const refused = await runCli(args, { boards });
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /ESP32-C3/);
  assert(board.flash.isErased(0, board.flash.size));
  const forced = await runCli([...args, "--force"], { boards });
  assert.equal(forced.code, 0, forced.stderr);
});

Deno.test("verify-flash ends with 0 if the flash holds the file, else with 2", async () => {
  await using folder = await temporaryFolder();
  await using board = makeBoard();
  const boards = { bench: board };
  board.flash.program(0x2000, noise(1000));
  await Deno.writeFile(folder.file("same"), noise(1000));
  await Deno.writeFile(folder.file("other"), noise(1000, 2));
  const text = await run(["verify-flash", "0x2000", folder.file("same")], {
    boards,
  });
  assert.match(text, /^Verification successful \(digest matched\)\.$/m);
  const args = ["-p", "bench", "verify-flash", "0x2000", folder.file("other")];
  const { code, stderr, stdout } = await runCli([...args], { boards });
  assert.equal(code, 2);
  assert.match(stderr, /^A fatal error occurred: Cannot verify .*other/);
  assert(!stdout.includes("successful"));
  const { error } = JSON.parse(
    (await runCli([...args, "--json"], { boards })).stdout,
  );
  assert.equal(error.code, "verify-failed");
});

for (const stub of [[], ["--no-stub"]]) {
  Deno.test(`read-flash ${stub.join("")} puts a region, or all of it, into a file`, async () => {
    await using folder = await temporaryFolder();
    await using board = makeBoard({ chip: "esp32", flashSize: "1MB" });
    const boards = { bench: board };
    board.flash.program(0, noise(0x4000));
    const part = folder.file("part");
    const text = await run(["read-flash", "0x100", "1k", part, ...stub], {
      boards,
    });
    assert.deepEqual(
      await Deno.readFile(part),
      noise(0x4000).subarray(0x100, 0x500),
    );
    assert.match(
      text,
      /^Read 1024 bytes from 0x00000100 in .* to '.*part'\.$/m,
    );
    if (stub.length > 0) return;
    const { result } = await json(["read-flash", "0", "ALL", part], { boards });
    assert.equal(result.size, 1024 * 1024);
    assert.deepEqual(await Deno.readFile(part), board.flash.read());
    assert.deepEqual(await namesIn(folder.path), ["part"]);
  });
}

Deno.test("erase-flash and erase-region erase what they say, and nothing else", async () => {
  await using board = makeBoard();
  const boards = { bench: board };
  board.flash.program(0, noise(0x8000));
  await run(["erase-region", "0x1000", "8k"], { boards });
  assert(board.flash.isErased(0x1000, 0x2000));
  assert.deepEqual(
    board.flash.read(0, 0x1000),
    noise(0x8000).subarray(0, 0x1000),
  );
  assert.deepEqual(
    board.flash.read(0x3000, 0x5000),
    noise(0x8000).subarray(0x3000),
  );
  await run(["erase-region", "0x4000", "all"], { boards });
  assert(board.flash.isErased(0x4000, board.flash.size - 0x4000));
  await run(["erase-flash"], { boards });
  assert(board.flash.isErased(0, board.flash.size));
});

Deno.test("write-mem, read-mem and dump-mem move words", async () => {
  await using folder = await temporaryFolder();
  await using board = makeBoard();
  const boards = { bench: board };
  const stay = ["--after", "no_reset"];
  const ram = "0x3ffe8000";
  await run([...stay, "write-mem", ram, "0x11223344"], { boards });
  const again = ["--before", "no_reset", ...stay];
  await run([...again, "write-mem", ram, "0xff", "0xf"], { boards });
  const text = await run([...again, "read-mem", ram], { boards });
  assert.match(text, /^0x3ffe8000 = 0x1122334f$/m);
  assert.match(text, /^Staying in bootloader\.$/m);
  const { result } = await json([...again, "read-mem", ram], { boards });
  assert.deepEqual(result, { address: 0x3ffe_8000, value: 0x1122_334f });
  await run([...again, "dump-mem", ram, "4", folder.file("ram")], { boards });
  assert.deepEqual([...await Deno.readFile(folder.file("ram"))], [
    0x4f,
    0x33,
    0x22,
    0x11,
  ]);
});

Deno.test("main refuses a chip that is another than --chip says", async () => {
  await using board = makeBoard({ chip: "esp32" });
  const args = ["-p", "bench", "-c", "esp8266", "read-mac"];
  const { code, stderr } = await runCli(args, { boards: { bench: board } });
  assert.equal(code, 2);
  assert.match(stderr, /^Connecting|^A fatal error occurred: .*ESP32/m);
});

Deno.test("main opens sim:// ports by URL and takes one from the environment", async () => {
  const env = {
    ESPTOOL_PORT: "sim://esp32?mac=24:0a:c4:00:00:01",
    ESPLINE_CHIP: "ESP32",
  };
  const { code, stdout, stderr } = await runCli(["read-mac"], { env });
  assert.equal(code, 0, stderr);
  assert.match(
    stdout,
    /^Connected to ESP32 on sim:\/\/esp32\?mac=24:0a:c4:00:00:01:$/m,
  );
  assert.match(stdout, /^MAC: +24:0a:c4:00:00:01$/m);
});
