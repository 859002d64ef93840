import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { deflateSync } from "node:zlib";
import { encodeUint32, xorChecksum } from "../../lib/bytes.ts";
import { encodeFrame } from "../../lib/framing/slip.ts";
import { encodeRequestHeader } from "../../lib/protocol/packet.ts";
import { holdsGreeting } from "../../lib/simulator/_greeting.ts";
import { VirtualBoard } from "../../lib/simulator/virtual_board.ts";
import { plugIn, type RawHost } from "./_host.ts";

function frame(opcode: number, head: Uint8Array, data = new Uint8Array(0)) {
  const checksum = data.length === 0 ? 0 : xorChecksum(data);
  const size = head.length + data.length;
  return encodeFrame(encodeRequestHeader(opcode, size, checksum), head, data);
}

async function ask(
  host: RawHost,
  opcode: number,
  words: number[],
  data?: Uint8Array<ArrayBuffer>,
): Promise<string> {
  const reply = await host.exchange(
    frame(opcode, encodeUint32(...words), data),
  );
  return reply.toHex();
}

/** A board whose stub runs, with flash full of zeros. */
async function stubOf(chip: string): Promise<[VirtualBoard, RawHost]> {
  const board = new VirtualBoard({
    ...{ chip, strap: "download" as const },
    flash: new Uint8Array(0x40_0000),
  });
  const host = await plugIn(board, { link: "stream" });
  await host.settle();
  await ask(host, 0x05, [4, 1, 0x1800, 0x4010_0000]);
  await ask(host, 0x07, [4, 0, 0, 0], new TextEncoder().encode("OHAI"));
  assert.match(await ask(host, 0x06, [0, 0x4010_0000]), /c04f484149c0$/);
  return [board, host];
}

function ok(opcode: string, status = "0000"): string {
  const escaped = status.replace("c0", "dbdc");
  return `c001${opcode}020000000000${escaped}c0`;
}

Deno.test("holdsGreeting finds the greeting as data and in a RISC-V instruction", () => {
  assert.ok(holdsGreeting(Uint8Array.fromHex("0001024f48414900")));
  // lui a0, 0x49415; lui s0, 0x49415
  assert.ok(holdsGreeting(Uint8Array.fromHex("0000000037554149")));
  assert.ok(holdsGreeting(Uint8Array.fromHex("37544149")));
  assert.ok(!holdsGreeting(Uint8Array.fromHex("3754414837554249")));
});

Deno.test("StubLoader answers a block before it writes it, and reports its failure with the next command", async () => {
  const [board, host] = await stubOf("esp32");
  const junk = new Uint8Array(32).fill(0xaa);
  assert.equal(await ask(host, 0x10, [0x1000, 1, 0x4000, 0, 0]), ok("10"));
  assert.equal(await ask(host, 0x11, [32, 0, 0, 0], junk), ok("11"));
  assert.equal(await ask(host, 0x0a, [0x4000_1000]), ok("0a", "c700"));
  assert.match(await ask(host, 0x0a, [0x4000_1000]), /831df0000000c0$/);
  await host[Symbol.asyncDispose]();
  await board.close();
});

Deno.test("StubLoader writes a deflated region that ends inside a sector, and nothing else", async () => {
  const [board, host] = await stubOf("esp32");
  const data = new Uint8Array(0x9100).map((_, i) => i * 7);
  const stream = new Uint8Array(deflateSync(data));
  assert.equal(
    await ask(host, 0x10, [data.length, 1, 0x4000, 0x8000, 0]),
    ok("10"),
  );
  assert.equal(
    await ask(host, 0x11, [stream.length, 0, 0, 0], stream),
    ok("11"),
  );
  assert.equal(await ask(host, 0x12, [1]), ok("12"));
  assert.deepEqual(board.flash.read(0x8000, data.length).slice(), data);
  assert.ok(board.flash.isErased(0x8000 + data.length, 0xf00));
  assert.equal(board.flash.read(0x7fff, 1)[0], 0);
  assert.equal(board.flash.read(0x1_2000, 1)[0], 0);
  await host[Symbol.asyncDispose]();
  await board.close();
});

Deno.test("StubLoader refuses what is out of order, too short, or unknown", async () => {
  const [board, host] = await stubOf("esp8266");
  const block = new Uint8Array(16);
  assert.equal(await ask(host, 0x03, [16, 0, 0, 0], block), ok("03", "c600"));
  assert.equal(await ask(host, 0x04, [1]), ok("04", "c600"));
  assert.equal(await ask(host, 0x0a, [0, 0]), ok("0a", "c000"));
  assert.equal(await ask(host, 0x55, []), ok("55", "c300"));
  assert.equal(await ask(host, 0x14, []), ok("14", "ff00"));
  assert.equal(
    await ask(host, 0x02, [0x1000, 1, 0x4000, 0x3f_f000, 0]),
    ok("02"),
  );
  assert.equal(await ask(host, 0x04, [1]), ok("04", "c000"));
  assert.equal(
    await ask(host, 0x02, [0x2000, 1, 0x4000, 0x3f_f000, 0]),
    ok("02", "c400"),
  );
  assert.equal(await ask(host, 0xd1, [0x100, 0x1000]), ok("d1", "c000"));
  await host[Symbol.asyncDispose]();
  await board.close();
});

Deno.test("StubLoader loses its place when two frames come back to back, until a lone delimiter comes", async () => {
  const [board, host] = await stubOf("esp32");
  const one = frame(0x0a, encodeUint32(0x4000_1000)).toHex();
  const reply = "c0010a0400831df0000000c0".replace("0400", "0200");
  assert.equal((await host.exchange(one + one)).toHex(), reply);
  assert.equal((await host.exchange(one)).toHex(), "");
  assert.equal((await host.exchange(one)).toHex(), "");
  await host.write("c0");
  await host.settle();
  assert.equal((await host.exchange(one)).toHex(), reply);
  await host[Symbol.asyncDispose]();
  await board.close();
});

Deno.test("StubLoader sends flash packet by packet, each after the last one's acknowledgement", async () => {
  const [board, host] = await stubOf("esp32");
  const reply = await ask(host, 0xd2, [0, 0x1800, 0x1000, 64]);
  assert.equal(reply, ok("d2") + "c0" + "00".repeat(0x1000) + "c0");
  const second = await host.exchange(encodeFrame(encodeUint32(0x1000)));
  assert.equal(second.length, 0x802);
  const digest = await host.exchange(encodeFrame(encodeUint32(0x1800)));
  const md5 = createHash("md5").update(new Uint8Array(0x1800)).digest();
  assert.deepEqual(digest, encodeFrame(md5));
  assert.match(await ask(host, 0x0a, [0x4000_1000]), /831df0000000c0$/);
  await host[Symbol.asyncDispose]();
  await board.close();
});
