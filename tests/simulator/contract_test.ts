import { esp32 } from "../../lib/chips/esp32.ts";
import { openTransport } from "../../lib/device/open.ts";
import { buildImage } from "../../lib/image/build_image.ts";
import { VirtualBoard } from "../../lib/simulator/mod.ts";
import type { BaudEntry } from "../../lib/simulator/mod.ts";
import { testTransportContract } from "../transport/_contract.ts";

/** What the application says when the boot log is over, and nothing follows. */
const READY = "ready\n";

testTransportContract("VirtualBoard", async () => {
  const flash = new Uint8Array(0x2000);
  const code = { address: 0x4008_0000, data: new Uint8Array(4) };
  const program = { entry: code.address, segments: [code] };
  flash.set(buildImage(program, { chip: esp32 }), 0x1000);
  const board = new VirtualBoard({ chip: "esp32", flash, appText: READY });
  const transport = await openTransport(board);
  const reader = transport.readable.getReader();
  for (let log = ""; !log.endsWith(READY);) {
    log += new TextDecoder().decode((await reader.read()).value);
  }
  reader.releaseLock();
  return {
    transport,
    device: {
      readable: new ReadableStream(),
      writable: new WritableStream(),
      baudRate: () => lastHostBaud(board),
      signals: () => ({ dtr: false, rts: false, break: false }),
      unplug: () => board.unplug(),
    },
    [Symbol.asyncDispose]: () => board.close(),
  };
}, {
  bytes: "a board answers requests, and echoes nothing",
  signals: "a board acts on its lines, see reset_circuit_test.ts",
});

/** The host's speed as the board has noticed it. */
function lastHostBaud(board: VirtualBoard): number {
  const seen = board.traffic.entries.findLast((entry): entry is BaudEntry =>
    entry.kind === "baud" && entry.side === "host"
  );
  return seen?.baudRate ?? 0;
}
