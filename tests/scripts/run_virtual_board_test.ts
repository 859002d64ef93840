import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openTcp } from "../../lib/transport/tcp.ts";
import { inFolder, runScript } from "./_run.ts";

/** READ_REG of the word in which the last byte of an ESP8266's MAC address is on top. */
const READ_OTP = Uint8Array.fromHex(
  "c0000a04000000000050 00f03fc0".replace(" ", ""),
);

Deno.test("run_virtual_board starts boards whose addresses count up, and ends at a signal", async () => {
  const script = new URL("../../scripts/run_virtual_board.ts", import.meta.url);
  await inFolder(async (folder) => {
    const flash = join(folder, "flash.bin");
    await Deno.writeFile(flash, Uint8Array.of(1, 2, 3));
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--quiet", "--allow-net", `--allow-read=${flash}`],
        ...[fileURLToPath(script), "--chip", "esp8266", "--tcp", "0"],
        ...["--mac", "18:fe:34:00:00:fe", "--count", "2", "--flash", flash],
      ],
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    let printed = "";
    while (printed.split("\n").length < 3) {
      const { value, done } = await lines.read();
      if (done) break;
      printed += value;
    }
    const urls = printed.trim().split("\n");
    assert.equal(urls.length, 2, printed);
    for (const [i, url] of urls.entries()) {
      assert.equal(await readOtp(new URL(url)), 0xfe + i);
    }
    child.kill(Deno.build.os === "windows" ? "SIGINT" : "SIGTERM");
    await lines.cancel();
    assert.equal((await child.status).code, 0);
  });
});

const WRONG: readonly [args: readonly string[], message: RegExp][] = [
  [[], /^Cannot find chip ""/],
  [["--chip", "esp9", "--tcp", "0"], /^Cannot find chip "esp9"/],
  [["--chip", "esp32"], /name one of tcp, rfc2217 and pty/],
  [["--chip", "esp32", "--tcp", "http"], /^Invalid port/],
  [["--chip", "esp32", "--pty", "--write-back"], /^--flash is missing/],
  [["--chip", "esp32", "--tcp", "0", "--fault", "hiccup"], /hiccup/],
  [["--chip", "esp32", "--tcp", "0", "--count", "few"], /^--count is wrong/],
  [["--nonsense"], /^Unknown option '--nonsense'/],
];

for (const [args, message] of WRONG) {
  Deno.test(`run_virtual_board ${args.join(" ")} says what is wrong and how it is used`, async () => {
    const { code, stderr } = await runScript("run_virtual_board", args);
    assert.equal(code, 2);
    assert.match(stderr, message);
    assert.match(stderr, /^Usage: run_virtual_board.ts --chip CHIP/m);
  });
}

async function readOtp({ hostname, port }: URL): Promise<number> {
  await using transport = await openTcp(hostname, Number(port));
  const writer = transport.writable.getWriter();
  await writer.write(READ_OTP);
  let heard = "";
  for await (const bytes of transport.readable) {
    heard += bytes.toHex();
    const value = /c0010a0200(.{8})0000c0/.exec(heard)?.[1];
    if (value !== undefined) return parseInt(value.slice(6), 16);
  }
  return -1;
}
