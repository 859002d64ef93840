import assert from "node:assert/strict";
import { encodeUint32, xorChecksum } from "../../lib/bytes.ts";
import { VirtualBoard } from "../../lib/simulator/virtual_board.ts";
import { plugIn, type RawHost } from "./_host.ts";

/** A request's frame, without escapes: the tests use no byte that needs one. */
function request(opcode: number, body: Uint8Array, checksum = 0): string {
  const size = encodeUint32(body.length).toHex().slice(0, 4);
  const op = opcode.toString(16).padStart(2, "0");
  return `c000${op}${size}${encodeUint32(checksum).toHex()}${body.toHex()}c0`;
}

async function ask(
  host: RawHost,
  opcode: number,
  ...words: number[]
): Promise<string> {
  const reply = await host.exchange(request(opcode, encodeUint32(...words)));
  return reply.toHex();
}

async function romOf(chip: string) {
  const board = new VirtualBoard({
    ...{ chip, strap: "download" as const },
    flash: new Uint8Array(0x40_0000),
  });
  const host = await plugIn(board, { link: "stream" });
  await host.settle();
  return { board, host };
}

/** How a host works round the ESP8266's miscount: what it asks for so that `size` bytes are erased at `offset`. */
function askedSize(offset: number, size: number): number {
  const total = Math.ceil(size / 0x1000);
  const head = Math.min(16 - offset / 0x1000 % 16, total);
  return 0x1000 *
    (total < 2 * head ? Math.floor((total + 1) / 2) : total - head);
}

Deno.test("RomLoader of the ESP8266 erases more than it is asked for, as silicon does", async (t) => {
  // offset, bytes asked for, sectors that are erased
  const rows: [number, number, number][] = [
    [0x0000, 0x1000, 2],
    [0x0000, 0x1_0000, 32],
    [0xf000, 0x1000, 2],
    [0xf000, 0x4000, 5],
    [0x1_0000, 0x2_0000, 48],
    [0x0000, 0x0000, 0],
  ];
  for (const [offset, size, sectors] of rows) {
    await t.step(`${size} bytes at ${offset}`, async () => {
      const { board, host } = await romOf("esp8266");
      assert.equal(
        await ask(host, 0x02, size, 0, 0x400, offset),
        "c0010202000000000000" + "00c0",
      );
      assert.ok(board.flash.isErased(offset, sectors * 0x1000));
      assert.equal(board.flash.read(offset + sectors * 0x1000, 1)[0], 0);
      await host[Symbol.asyncDispose]();
      await board.close();
    });
  }
});

Deno.test("RomLoader of the ESP8266 erases exactly what a host that knows the miscount wants, or one sector more", async () => {
  const { board, host } = await romOf("esp8266");
  for (
    const [first, count] of [
      [0, 1],
      [0, 2],
      [3, 20],
      [15, 2],
      [16, 32],
      [1, 15],
      [2, 40],
      [5, 7],
    ]
  ) {
    const [offset, size] = [(first ?? 0) * 0x1000, (count ?? 0) * 0x1000];
    board.flash.load(0, new Uint8Array(0x10_0000));
    await ask(host, 0x02, askedSize(offset, size), 0, 0x400, offset);
    assert.ok(board.flash.isErased(offset, size));
    const spill = board.flash.isErased(offset + size, 0x1000) ? 1 : 0;
    const exact = (count ?? 0) % 2 === 0 ||
      (count ?? 0) >= 2 * (16 - (first ?? 0) % 16);
    assert.equal(spill, exact ? 0 : 1, `${first} ${count}`);
    assert.equal(board.flash.read(offset + size + 0x1000 * spill, 1)[0], 0);
  }
  await host[Symbol.asyncDispose]();
  await board.close();
});

Deno.test("RomLoader of the ESP32 erases what it is asked for", async () => {
  const { board, host } = await romOf("esp32");
  await ask(host, 0x0d, 0, 0);
  await ask(host, 0x02, 0x1000, 1, 0x400, 0x5000);
  assert.ok(board.flash.isErased(0x5000, 0x1000));
  assert.equal(board.flash.read(0x6000, 1)[0], 0);
  await host[Symbol.asyncDispose]();
  await board.close();
});

Deno.test("RomLoader refuses what its chip does not know with the reply before", async () => {
  const { board, host } = await romOf("esp8266");
  assert.equal(await ask(host, 0x0a, 0x4000_1000), "c0010a020001c1f0ff0000c0");
  for (const opcode of [0x0b, 0x0d, 0x0e, 0x0f, 0x10, 0x13, 0x14, 0xd0]) {
    assert.equal(await ask(host, opcode), "c0010a020001c1f0ff0105c0");
  }
  await host[Symbol.asyncDispose]();
  await board.close();
});

Deno.test("RomLoader tells its chip id with its security state, but for the ESP32-S2's", async (t) => {
  const state = "00000000" + "00" + "0000000000000c";
  const replies = {
    esp32s2: `c00114100000000000${state}00000000c0`,
    esp32c6: `c00114180000000000${state}0d0000000000000000000000c0`,
  };
  for (const [chip, reply] of Object.entries(replies)) {
    await t.step(chip, async () => {
      const { board, host } = await romOf(chip);
      assert.equal(await ask(host, 0x14), reply);
      await host[Symbol.asyncDispose]();
      await board.close();
    });
  }
});

Deno.test("RomLoader of the ESP32 reads no flash whose pins are not connected", async () => {
  const { board, host } = await romOf("esp32");
  assert.match(await ask(host, 0x02, 0x1000, 1, 0x400, 0), /01060000c0$/);
  await ask(host, 0x0d, 0, 0);
  assert.match(await ask(host, 0x02, 0x1000, 1, 0x400, 0), /00000000c0$/);
  await host[Symbol.asyncDispose]();
  await board.close();
});

Deno.test("RomLoader of the ESP32 sets a speed that its guess of the crystal spoils", async () => {
  // The calibration of a chip whose ROM takes its 40 MHz crystal for 42.5 MHz.
  await using board = new VirtualBoard({
    ...{ chip: "esp32", strap: "download" as const },
    registers: { 0x3ff5_f06c: 1360 << 7 },
  });
  await using host = await plugIn(board);
  await host.settle();
  await host.exchange(
    "c00008240000000000" + "07071220" + "55".repeat(32) + "c0",
    112,
  );
  await ask(host, 0x0f, 979_200, 0);
  await host.settle();
  assert.equal(board.baudRate, 921_600);
});

Deno.test("RomLoader starts a program in RAM, and takes one that greets for a stub", async () => {
  for (
    const [program, state] of [["4f484149", "stub"], [
      "00000000",
      "app",
    ]] as const
  ) {
    const { board, host } = await romOf("esp8266");
    const code = Uint8Array.fromHex(program);
    await ask(host, 0x05, 4, 1, 0x1800, 0x4010_0000);
    const body = Uint8Array.of(...encodeUint32(4, 0, 0, 0), ...code);
    await host.exchange(request(0x07, body, xorChecksum(code)));
    await ask(host, 0x06, 0, 0x4010_0000);
    assert.equal(board.state, state);
    await host[Symbol.asyncDispose]();
    await board.close();
  }
});

Deno.test("RomLoader in secure download mode says so, and knows what ESP-IDF's documentation leaves", async () => {
  await using board = new VirtualBoard({
    chip: "esp32s3",
    strap: "download",
    secureDownload: true,
    secureBoot: true,
    flashEncryption: true,
  });
  await using host = await plugIn(board, { link: "stream" });
  await host.settle();
  // Flags 0b101, crypt count 1, six key purposes and the seventh, chip id 9, ECO 0.
  assert.equal(
    await ask(host, 0x14),
    "c0011418000000000005000000010000000000000c090000000000000000000000c0",
  );
  const refused: number[] = [];
  for (let opcode = 0x02; opcode <= 0x13; opcode++) {
    // What waits for data packets, or leaves, is not asked for.
    if ([0x03, 0x04, 0x08, 0x0c, 0x11, 0x12].includes(opcode)) continue;
    const reply = await ask(host, opcode, 0, 0, 0, 0, 0);
    if (reply.endsWith("01050000c0")) refused.push(opcode);
  }
  assert.deepEqual(refused, [0x05, 0x06, 0x07, 0x09, 0x0a, 0x0e, 0x13]);
});

Deno.test("RomLoader of the ESP32-S3 jumps nowhere with secure boot but through its pointer", async () => {
  await using board = new VirtualBoard({
    chip: "esp32s3",
    strap: "download",
    secureBoot: true,
    ramText: "program",
  });
  await using host = await plugIn(board, { link: "stream" });
  await host.settle();
  assert.match(await ask(host, 0x06, 0, 0x4037_8000), /01050000c0$/);
  assert.match(await ask(host, 0x06, 1, 0), /00000000c0$/);
  await ask(host, 0x09, 0x3fce_f688, 0x4037_8000, 0xffff_ffff, 0);
  const reply = await host.exchange(request(0x0e, encodeUint32(0, 0)));
  assert.equal(new TextDecoder().decode(reply), "program");
});
