import assert from "node:assert/strict";
import { ManualClock } from "../../lib/clock.ts";
import { holdInReset, resetPort } from "../../lib/device/reset_port.ts";
import { memoryPair } from "../../lib/transport/memory.ts";
import type {
  Transport,
  TransportInfo,
} from "../../lib/transport/transport.ts";

interface Bench {
  readonly port: Transport;
  readonly clock: ManualClock;
  /** `dtr rts @ ms`, each time a line changes. */
  readonly lines: readonly string[];
  readonly unplug: () => void;
}

async function withPort(
  info: Partial<TransportInfo>,
  test: (bench: Bench) => Promise<void>,
): Promise<void> {
  const clock = new ManualClock();
  const lines: string[] = [];
  const [port, device] = memoryPair({
    onSignals({ dtr, rts }) {
      const line = `${+dtr}${+rts}`;
      if (line !== lines.at(-1)?.slice(0, 2)) {
        lines.push(`${line} @ ${clock.now()}`);
      }
    },
  });
  Object.defineProperty(port, "info", { value: { ...port.info, ...info } });
  await clock.drive(
    test({ port, clock, lines, unplug: () => device.unplug() }),
  );
  await port.close();
}

const USB_JTAG = { usbVendorId: 0x303a, usbProductId: 0x1001 };

Deno.test("resetPort lets the chip run its application", async () => {
  await withPort({}, async ({ port, clock, lines }) => {
    assert.equal(await resetPort(port, { clock }), "hard-reset");
    assert.deepEqual(lines, ["00 @ 0", "01 @ 0", "00 @ 100"]);
  });
});

Deno.test("resetPort lets the chip into its loader, as its port needs it", async () => {
  await withPort({ signals: "together" }, async ({ port, clock, lines }) => {
    assert.equal(await resetPort(port, { clock, into: "download" }), "tight");
    assert.deepEqual(lines.slice(-3), ["01 @ 0", "10 @ 100", "00 @ 150"]);
  });
  await withPort({ signals: "separate" }, async ({ port, clock, lines }) => {
    assert.equal(await resetPort(port, { clock, into: "download" }), "classic");
    assert.deepEqual(lines.slice(-4), [
      "01 @ 0",
      "11 @ 100",
      "10 @ 100",
      "00 @ 150",
    ]);
  });
  await withPort(USB_JTAG, async ({ port, clock }) => {
    assert.equal(
      await resetPort(port, { clock, into: "download" }),
      "usb-jtag",
    );
  });
});

Deno.test("resetPort and holdInReset refuse a port without lines", async () => {
  for (const work of [resetPort, holdInReset]) {
    await withPort({ signals: "none" }, async ({ port, clock }) => {
      await assert.rejects(Promise.resolve(work(port, { clock })), {
        code: "port-unsupported",
        message:
          'Cannot reset the chip on "memory://": the port has no DTR and RTS',
      });
    });
  }
});

Deno.test("holdInReset holds for a time, and leaves the lines released", async () => {
  await withPort({}, async ({ port, clock, lines }) => {
    let held = false;
    const ms = await holdInReset(port, {
      clock,
      duration: 5000,
      onHeld: () => void (held = true),
    });
    assert.equal(ms, 5000);
    assert.ok(held);
    assert.deepEqual(lines, ["00 @ 0", "01 @ 0", "00 @ 5000"]);
  });
});

Deno.test("holdInReset holds until it is told to let go", async () => {
  await withPort({}, async ({ port, clock, lines }) => {
    const controller = new AbortController();
    clock.schedule(() => controller.abort(), 700);
    const ms = await holdInReset(port, { clock, signal: controller.signal });
    assert.equal(ms, 700);
    assert.equal(lines.at(-1), "00 @ 700");
  });
});

Deno.test("holdInReset fails when the port goes, and on a port that cannot hold", async () => {
  await withPort({}, async ({ port, clock, unplug }) => {
    clock.schedule(unplug, 300);
    await assert.rejects(holdInReset(port, { clock }), { code: "port-gone" });
  });
  await withPort(USB_JTAG, async ({ port, clock }) => {
    await assert.rejects(holdInReset(port, { clock }), {
      code: "port-unsupported",
    });
  });
});
