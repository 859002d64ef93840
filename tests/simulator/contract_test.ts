import { openTransport } from "../../lib/device/open.ts";
import { VirtualBoard } from "../../lib/simulator/mod.ts";
import type { BaudEntry } from "../../lib/simulator/mod.ts";
import { testTransportContract } from "../transport/_contract.ts";

testTransportContract("VirtualBoard", async () => {
  const board = new VirtualBoard({ chip: "esp32" });
  const transport = await openTransport(board);
  // The boot log comes as soon as the board has power, and is nobody's here.
  const reader = transport.readable.getReader();
  for (let read = 0; read === 0 || read < board.traffic.bytesToHost;) {
    read += (await reader.read()).value?.length ?? 0;
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
