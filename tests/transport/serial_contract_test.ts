import { openPty } from "../../lib/simulator/pty.ts";
import { openSerial } from "../../lib/transport/serial.ts";
import { testTransportContract } from "./_contract.ts";

if (Deno.build.os !== "windows") {
  testTransportContract("openSerial on a pty", async () => {
    const pty = await openPty();
    const transport = await openSerial(pty.path, { baudRate: 115200 });
    return {
      transport,
      device: {
        readable: pty.readable,
        writable: pty.writable,
        baudRate: () => pty.baudRate(),
        signals: () => ({ dtr: false, rts: false, break: false }),
        unplug: () => pty.close(),
      },
      async [Symbol.asyncDispose]() {
        await transport.close();
        await pty.close();
      },
    };
  }, { signals: "a pty has no modem lines" });
}
