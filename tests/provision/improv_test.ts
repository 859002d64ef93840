import assert from "node:assert/strict";
import { ManualClock } from "../../lib/clock.ts";
import { EspError, TimeoutError } from "../../lib/errors.ts";
import { provideWifi } from "../../lib/provision/_improv.ts";
import { memoryPair } from "../../lib/transport/memory.ts";
import { ImprovDevice, type ImprovDeviceOptions } from "./_improv_device.ts";

const HOME = { ssid: "home", password: "hunter2-hunter2" };
const NETWORKS = [
  ["home", "-61", "YES"],
  ["café", "-80", "NO"],
] as const;
const URL_TEXT = "http://192.168.1.5/";

interface Trial {
  readonly url: string | undefined;
  readonly device: ImprovDevice;
  /** How long it took, in the clock's milliseconds. */
  readonly ms: number;
}

/** Gives a device credentials, with a log running meanwhile. */
async function provide(
  options: ImprovDeviceOptions | undefined,
  network = HOME,
  timeout?: number,
): Promise<Trial> {
  const clock = new ManualClock();
  const [host, peer] = memoryPair({ port: "COM7" });
  const device = new ImprovDevice(options);
  const writer = peer.writable.getWriter();
  await writer.write(new TextEncoder().encode("rst:0x1\r\nIMPROV? no\r\n"));
  const running = (async () => {
    for await (const bytes of peer.readable) {
      if (options === undefined) continue;
      await device.hear(bytes, (answer) => writer.write(answer));
    }
  })().catch(() => {});
  try {
    const { signal } = new AbortController();
    const url = await clock.drive(
      provideWifi(host, network, { clock, signal, timeout }),
    );
    return { url, device, ms: clock.now() };
  } finally {
    await host.close();
    await running;
  }
}

async function failure(trial: Promise<Trial>): Promise<EspError> {
  const error = await trial.then(() => undefined, (error: unknown) => error);
  assert.ok(error instanceof EspError, String(error));
  assert.equal(error.code, "improv-failed");
  const shown = `${error.message} ${error.hint} ${Deno.inspect(error)}`;
  assert.doesNotMatch(shown, /hunter2/);
  return error;
}

Deno.test("provideWifi scans, sends credentials and tells the device's URL", async () => {
  const { url, device, ms } = await provide({
    networks: NETWORKS,
    passwords: { home: HOME.password },
    url: URL_TEXT,
  });
  assert.equal(url, URL_TEXT);
  assert.deepEqual(device.commands, [2, 4, 1]);
  assert.equal(ms, 0);
});

Deno.test("provideWifi takes a device that cannot scan and has no URL", async () => {
  const { url, device } = await provide({
    passwords: { home: HOME.password },
  });
  assert.equal(url, undefined);
  assert.deepEqual(device.commands, [2, 4, 1]);
});

Deno.test("provideWifi takes an open network", async () => {
  const network = { ssid: "café", password: "" };
  // The device keeps names as bytes.
  const passwords = { "caf\u00c3\u00a9": "" };
  const { url } = await provide({ passwords, url: URL_TEXT }, network);
  assert.equal(url, URL_TEXT);
});

Deno.test("provideWifi asks again while the application is starting", async () => {
  const { url, ms } = await provide({
    deaf: 3,
    passwords: { home: HOME.password },
    url: URL_TEXT,
  });
  assert.equal(url, URL_TEXT);
  assert.equal(ms, 3000);
});

Deno.test("provideWifi is content with a device that says that it is connected and no more", async () => {
  const { url, ms } = await provide({
    passwords: { home: HOME.password },
    silent: true,
  });
  assert.equal(url, undefined);
  assert.equal(ms, 3000);
});

Deno.test("provideWifi gives a device that was connected before its new credentials", async () => {
  const { url, device } = await provide({
    state: 4,
    passwords: { home: HOME.password },
    url: URL_TEXT,
  });
  assert.equal(url, URL_TEXT);
  assert.deepEqual(device.commands, [2, 4, 1]);
});

Deno.test("provideWifi says what a device sees when it cannot connect", async () => {
  const seen = await failure(provide({ networks: NETWORKS }));
  assert.equal(
    seen.message,
    'Cannot connect COM7 to Wi-Fi "home": the board does not find it, or is refused',
  );
  assert.equal(
    seen.hint,
    "The board sees the network at -61 dBm. Check the password.",
  );
  const other = { ...HOME, ssid: "hame" };
  const unseen = await failure(provide({ networks: NETWORKS }, other));
  assert.match(
    unseen.hint ?? "",
    /does not see the network, but "home", "café"/,
  );
  const none = await failure(provide({ networks: [] }));
  assert.match(none.hint ?? "", /no network at all/);
  const blind = await failure(provide({}));
  assert.match(blind.hint ?? "", /2\.4 GHz/);
});

Deno.test("provideWifi passes on errors that are not about the network", async () => {
  const known = await failure(provide({ error: 0x01 }));
  assert.match(known.message, /calls the packet invalid$/);
  const unknown = await failure(provide({ error: 0xff }));
  assert.match(unknown.message, /reports error 0xff$/);
});

Deno.test("provideWifi gives up when its time is over, and says how far it came", async () => {
  const silent = await failure(provide(undefined, HOME, 5000));
  assert.ok(silent instanceof TimeoutError);
  assert.equal(
    silent.message,
    "Cannot give COM7 Wi-Fi: no answer as Improv has it came in 5000 ms",
  );
  assert.match(silent.hint ?? "", /speaks Improv/);
});

Deno.test("provideWifi refuses credentials that Wi-Fi has no room for", async () => {
  for (
    const [network, message] of [
      [{ ssid: "", password: "" }, /has no name/],
      [{ ssid: "é".repeat(17), password: "" }, /34 bytes, 32 are possible/],
      [{ ssid: "x", password: "hunter2-".repeat(9) }, /over 64 bytes/],
    ] as const
  ) {
    assert.match((await failure(provide({}, network))).message, message);
  }
});

Deno.test("provideWifi lets go of the port when it is stopped", async () => {
  const [host, device] = memoryPair({ port: "COM7" });
  const controller = new AbortController();
  const clock = new ManualClock();
  const work = provideWifi(host, HOME, { clock, signal: controller.signal });
  await clock.advance(1500);
  const reason = new Error("cancelled");
  controller.abort(reason);
  await assert.rejects(work, reason);
  assert.equal(host.readable.locked, false);
  assert.equal(host.writable.locked, false);
  await host.close();
  await device.close();
});
