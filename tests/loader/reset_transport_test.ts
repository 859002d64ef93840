import assert from "node:assert/strict";
import { ManualClock } from "../../lib/clock.ts";
import { resetTransport } from "../../lib/loader/reset_transport.ts";
import { parseResetSequence } from "../../lib/loader/reset.ts";
import { VirtualBoard } from "../../lib/simulator/mod.ts";

/** The resets that a board has had since it got power: cause and mode. */
function resetsOf(board: VirtualBoard): string[] {
  return board.traffic.entries.flatMap((entry) =>
    entry.kind === "reset" ? [`${entry.cause} ${entry.mode}`] : []
  ).slice(1);
}

for (const usb of ["bridge", "jtag"] as const) {
  const cause = usb === "jtag" ? "usb" : "enable-pin";
  for (const into of ["run", "download"] as const) {
    Deno.test(`resetTransport resets an ESP32-C3 into ${into} over ${usb}`, async () => {
      const clock = new ManualClock();
      await using board = new VirtualBoard({ chip: "esp32c3", usb, clock });
      await using port = await board.open();
      await clock.drive(resetTransport(port, into, { clock }));
      assert.equal(resetsOf(board).at(-1), `${cause} ${into}`);
    });
  }
}

Deno.test("resetTransport plays another sequence if it is told to", async () => {
  const clock = new ManualClock();
  await using board = new VirtualBoard({ chip: "esp32", clock });
  await using port = await board.open();
  const sequence = parseResetSequence("D0|R1|W0.1|D1|R0|W0.05|D0");
  await clock.drive(resetTransport(port, "run", { clock, sequence }));
  assert.deepEqual(resetsOf(board), ["enable-pin download"]);
});

Deno.test("resetTransport stops when its signal aborts", async () => {
  const clock = new ManualClock();
  await using board = new VirtualBoard({ chip: "esp32", clock });
  await using port = await board.open();
  const signal = AbortSignal.abort(new Error("enough"));
  await assert.rejects(resetTransport(port, "run", { clock, signal }), {
    message: "enough",
  });
  assert.deepEqual(resetsOf(board), []);
});

Deno.test("resetTransport refuses a port without modem lines", async () => {
  await using board = new VirtualBoard({ chip: "esp32" });
  await using port = await board.open({ link: "stream" });
  await assert.rejects(resetTransport(port, "run"), {
    name: "TransportError",
    code: "port-unsupported",
  });
});
