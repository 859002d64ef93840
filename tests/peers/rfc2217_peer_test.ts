import assert from "node:assert/strict";
import { openPty } from "../../lib/simulator/pty.ts";
import type { Pty } from "../../lib/simulator/pty.ts";
import { memoryPair } from "../../lib/transport/memory.ts";
import { openRfc2217 } from "../../lib/transport/rfc2217.ts";
import type { OpenRfc2217Options } from "../../lib/transport/rfc2217.ts";
import { serveRfc2217 } from "../../lib/transport/rfc2217_server.ts";
import { serveTcp } from "../../lib/transport/tcp_server.ts";
import type { Transport } from "../../lib/transport/transport.ts";
import { TransportError } from "../../lib/errors.ts";
import { receive, send } from "../transport/_contract.ts";
import { peerTest } from "./_peers.ts";
import { freePort, PeerProcess } from "./_process.ts";

/** Opens a URL twice; sets speed and lines, purges, and checks the echo of every byte value. */
const PYSERIAL_CLIENT = `
import serial, sys
for _ in range(2):
    port = serial.serial_for_url(sys.argv[1], baudrate=115200, timeout=10)
    for baudrate in (74880, 921600):
        port.baudrate = baudrate
        port.dtr = False
        port.rts = True
        port.rts = False
        sent = bytes(range(256)) * 64
        port.write(sent)
        assert port.read(len(sent)) == sent, "echo differs"
    port.reset_input_buffer()
    port.reset_output_buffer()
    if sys.argv[1].startswith("rfc2217"):
        assert port.cts and port.dsr and port.cd and not port.ri
        port.break_condition = True
        port.break_condition = False
    port.write(b"end")
    assert port.read(3) == b"end", "echo differs after purge"
    port.close()
print("all well")
`;

/**
 * Gives a pty the modem lines that it lacks, as far as a program sees them
 * through fcntl.ioctl, and prints what is set.
 */
const MODEM_LINES = `
import fcntl, struct, sys, termios
real = fcntl.ioctl
names = {termios.TIOCMBIS: "on", termios.TIOCMBIC: "off", termios.TIOCMSET: "all"}
def ioctl(fd, request, *args):
    if request == termios.TIOCMGET:
        return struct.pack("I", 0)
    if request in names:
        lines = struct.unpack("I", args[0])[0]
        text = {2: "DTR", 4: "RTS", 6: "both"}.get(lines, lines)
        # In one piece, since the server's threads print at the same time.
        sys.stderr.write("<line %s %s>\\n" % (text, names[request]))
        return args[0]
    return real(fd, request, *args)
fcntl.ioctl = ioctl
`;

const ALL_BYTES = Uint8Array.from({ length: 256 }, (_, index) => index);

for (const query of ["", "?ign_set_control", "?poll_modem"]) {
  peerTest(
    `serveRfc2217 serves pyserial's rfc2217://${query}`,
    "python",
    async ({ python }) => {
      const lines: string[] = [];
      const speeds: number[] = [];
      const [target, device] = memoryPair({
        onSignals: ({ dtr, rts, break: held }) =>
          void lines.push(`${+dtr}${+rts}${+held}`),
        onBaudRate: (baudRate) => void speeds.push(baudRate),
      });
      const echo = device.readable.pipeTo(device.writable);
      await using server = await serveRfc2217(target);
      const args = ["-c", PYSERIAL_CLIENT, server.url + query];
      await using client = new PeerProcess(python, args);
      await client.ended();
      assert.equal(client.output.trim(), "all well");
      // pyserial asserts both when it opens, and repeats what does not change.
      const opening = ["100", "110"];
      const pulses = ["010", "010", "000", "000", "010", "000"];
      const session = [...opening, ...pulses, "001", "000"];
      assert.deepEqual(lines, [...session, ...session]);
      // pyserial sends all settings again with each change.
      assert.deepEqual([...new Set(speeds)], [115200, 74880, 921600]);
      await server.close();
      await target.close();
      await echo;
    },
  );
}

peerTest(
  "serveTcp serves pyserial's socket://",
  "python",
  async ({ python }) => {
    const [target, device] = memoryPair();
    const echo = device.readable.pipeTo(device.writable);
    await using server = await serveTcp(target);
    const args = ["-c", PYSERIAL_CLIENT, server.url];
    await using client = new PeerProcess(python, args);
    await client.ended();
    assert.equal(client.output.trim(), "all well");
    await server.close();
    await target.close();
    await echo;
  },
);

peerTest(
  "openRfc2217 works with ser2net over a pty, which has no modem lines",
  "ser2net",
  async ({ ser2net }) => {
    await using pty = await openPty();
    const port = freePort();
    const config = await Deno.makeTempFile({ suffix: ".yaml" });
    await Deno.writeTextFile(
      config,
      `connection: &port
    accepter: telnet(rfc2217),tcp,127.0.0.1,${port}
    connector: serialdev,${pty.path},115200n81,local
`,
    );
    // -d keeps it in the foreground, -u goes without UUCP lock files.
    const args = ["-d", "-u", "-c", config, "-P", `${config}.pid`];
    await using _server = new PeerProcess(ser2net, args);
    await using transport = await openWhenReady(port);
    assert.equal(transport.info.signals, "none");
    await transport.setSignals({ dtr: true, rts: false });
    await exchange(transport, pty);
    await transport.close();
    await Deno.remove(config);
    await Deno.remove(`${config}.pid`).catch(() => {});
  },
);

for (const ignoreSetControl of [true, false]) {
  peerTest(
    `openRfc2217 ${
      ignoreSetControl ? "with" : "without"
    } ignoreSetControl works with esp_rfc2217_server over a pty`,
    "esp_rfc2217_server",
    async ({ esp_rfc2217_server }) => {
      await using pty = await openPty();
      const port = freePort();
      const site = await Deno.makeTempDir();
      await Deno.writeTextFile(`${site}/sitecustomize.py`, MODEM_LINES);
      await using server = new PeerProcess(
        esp_rfc2217_server,
        ["-p", `${port}`, pty.path],
        { PYTHONPATH: site },
      );
      await server.until(/Waiting for connection/);
      const options = { ignoreSetControl, timeout: 1000 };
      await using transport = await openWhenReady(port, options);
      assert.equal(transport.info.signals, "separate");
      await exchange(transport, pty);
      // The server sees a reset begin, and plays its own into the bootloader.
      await transport.setSignals({ dtr: false, rts: true });
      await transport.setSignals({ dtr: true, rts: false });
      await transport.setSignals({ dtr: false });
      await server.until(/<line RTS all>[^]*<line DTR all>/);
      await exchange(transport, pty);
      await transport.close();
      await Deno.remove(site, { recursive: true });
    },
  );
}

/** Opens a server's port, trying again while the server has not begun to listen. */
async function openWhenReady(
  port: number,
  options?: OpenRfc2217Options,
): Promise<Transport> {
  for (let attempt = 0;; attempt++) {
    try {
      return await openRfc2217("127.0.0.1", port, options);
    } catch (error) {
      const refused = error instanceof TransportError &&
        error.code === "remote-refused";
      if (!refused || attempt === 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** Sends every byte value both ways at two speeds, purging in between. */
async function exchange(transport: Transport, pty: Pty): Promise<void> {
  for (const baudRate of [74880, 921600]) {
    await transport.setBaudRate(baudRate);
    assert.equal(pty.baudRate(), baudRate);
    await transport.flush();
    await send(transport.writable, ALL_BYTES);
    assert.deepEqual(await receive(pty.readable, 256), ALL_BYTES);
    await send(pty.writable, ALL_BYTES);
    assert.deepEqual(await receive(transport.readable, 256), ALL_BYTES);
  }
}
