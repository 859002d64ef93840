import assert from "node:assert/strict";
import { open } from "../../lib/device/open_device.ts";
import type { TraceEvent } from "../../lib/loader/trace.ts";
import type { VddSdio } from "../../lib/loader/vdd_sdio.ts";
import { VirtualBoard } from "../../lib/simulator/mod.ts";

/** What real esptool 5.6 writes for each, as its trace shows. */
const WRITES: ReadonlyArray<readonly [value: VddSdio, data: string]> = [
  ["1.8V", "7480f43f00006080ffffffff00000000"],
  ["1.9V", "7480f43f000060feffffffff00000000"],
  ["OFF", "7480f43f00006000ffffffff00000000"],
];

for (const [vddSdio, data] of WRITES) {
  Deno.test(`overrideVddSdio writes for ${vddSdio} what esptool writes`, async () => {
    await using board = new VirtualBoard({ chip: "esp32" });
    const written: string[] = [];
    let isNext = false;
    const onTrace = (event: TraceEvent) => {
      if (event.kind === "command") isNext = event.name === "WRITE_REG";
      else if (event.kind === "write" && isNext) {
        written.push(event.bytes.subarray(9, -1).toHex());
      }
    };
    await using _device = await open(board, { vddSdio, stub: false, onTrace });
    assert.deepEqual(written, [data]);
  });
}

Deno.test("overrideVddSdio refuses a chip without the regulator, and gives the port back", async () => {
  await using board = new VirtualBoard({ chip: "esp32c3" });
  await assert.rejects(open(board, { vddSdio: "OFF" }), { code: "chip-lacks" });
  await using _port = await board.open();
});
