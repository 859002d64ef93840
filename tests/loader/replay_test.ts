import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { encodeUint32 } from "../../lib/bytes.ts";
import { ManualClock } from "../../lib/clock.ts";
import { CommandError } from "../../lib/errors.ts";
import type { ProgressEvent } from "../../lib/progress.ts";
import { type Command, FLASH_DATA } from "../../lib/protocol/commands.ts";
import { connectLoader } from "../../lib/loader/connect.ts";
import {
  attachFlash,
  eraseRegion,
  flashMd5,
  readFlash,
  writeFlash,
} from "../../lib/loader/flash.ts";
import { readIdentity } from "../../lib/loader/identity.ts";
import type { Loader } from "../../lib/loader/loader.ts";
import { dumpMem } from "../../lib/loader/ram.ts";
import {
  readFlashId,
  readFlashStatus,
  readSfdp,
} from "../../lib/loader/spi_flash.ts";
import { readTrace, ReplayPort } from "./_traces.ts";

const CHIPS = ["esp32", "esp32c3"] as const;

/** Connects to the device in a trace, does `work`, and requires that it asked nothing that the trace lacks. */
async function replay<T>(
  trace: string,
  work: (loader: Loader, port: ReplayPort) => Promise<T>,
): Promise<T> {
  const clock = new ManualClock();
  const port = new ReplayPort(readTrace(trace), { clock });
  return await clock.drive((async () => {
    await using loader = await connectLoader(port, { clock });
    const result = await work(loader, port);
    assert.deepEqual(port.strangers, []);
    return result;
  })());
}

/** The payload of the nth request with an opcode in a trace, without the data header. */
function dataIn(trace: string, command: Command<never, unknown>): Uint8Array {
  const start = `c000${command.opcode.toString(16).padStart(2, "0")}`;
  const blocks = readTrace(trace)
    .filter(({ request }) => request.startsWith(start))
    .map(({ request }) =>
      Uint8Array.fromHex(
        request.slice(2, -2).replaceAll(/dbdc|dbdd|../g, (pair) =>
          pair === "dbdc" ? "c0" : pair === "dbdd" ? "db" : pair),
      ).subarray(8 + 16)
    );
  return Uint8Array.from(blocks.flatMap((block) => [...block]));
}

Deno.test("connectLoader finds an ESP32's ROM by its magic value", async () => {
  const [chip, isStub] = await replay(
    "esp32/rom-chip-id",
    (loader) => Promise.resolve([loader.chip.id, loader.isStub]),
  );
  assert.deepEqual([chip, isStub], ["esp32", false]);
});

Deno.test("connectLoader finds an ESP32-C3's ROM by its chip id", async () => {
  const [chip, isStub] = await replay(
    "esp32c3/rom-chip-id",
    (loader) => Promise.resolve([loader.chip.id, loader.isStub]),
  );
  assert.deepEqual([chip, isStub], ["esp32c3", false]);
});

for (const chip of CHIPS) {
  Deno.test(`connectLoader finds a stub that runs on an ${chip}`, async () => {
    const found = await replay(
      `${chip}/stub-verify`,
      (loader) => Promise.resolve([loader.chip.id, loader.isStub]),
    );
    assert.deepEqual(found, [chip, true]);
  });
}

Deno.test("readIdentity reads an ESP32's eFuse as silicon holds it", async () => {
  assert.deepEqual(await replay("esp32/rom-chip-id", (l) => readIdentity(l)), {
    chip: "ESP32",
    description: "ESP32-D0WDQ6-V3 (revision v3.0)",
    revision: { major: 3, minor: 0 },
    features: ["Wi-Fi", "BT", "Dual Core + LP Core", "Coding Scheme None"],
    crystalMhz: 40,
    mac: "24:0a:c4:00:01:10",
    chipId: 0x000110,
  });
});

Deno.test("readIdentity reads an ESP32-C3's eFuse as silicon holds it", async () => {
  assert.deepEqual(
    await replay("esp32c3/rom-chip-id", (l) => readIdentity(l)),
    {
      chip: "ESP32-C3",
      description: "ESP32-C3 (QFN32) (revision v0.3)",
      revision: { major: 0, minor: 3 },
      features: ["Wi-Fi", "BT 5 (LE)", "Single Core", "160MHz"],
      crystalMhz: 40,
      mac: "a0:76:4e:00:01:20",
      chipId: 0x000120,
    },
  );
});

for (const chip of CHIPS) {
  Deno.test(`readFlashId and readSfdp of an ${chip} write the registers as real esptool does`, async () => {
    await replay(`${chip}/rom-flash-id`, async (loader, port) => {
      await attachFlash(loader);
      const before = port.requests.length;
      assert.deepEqual(await readFlashId(loader), {
        manufacturer: 0xc8,
        device: 0x4016,
        size: 0x40_0000,
      });
      const trace = readTrace(`${chip}/rom-flash-id`).map((e) => e.request);
      const attach = trace.findIndex((hex) => hex.startsWith("c0000d"));
      const asked = port.requests.slice(before);
      assert.deepEqual(
        asked,
        trace.slice(attach + 1, attach + 1 + asked.length),
      );
      await readSfdp(loader, 0x10, 1);
    });
  });

  Deno.test(`readFlashStatus of an ${chip} reads two registers`, async () => {
    const trace = readTrace(`${chip}/rom-flash-status`);
    const status = await replay(
      `${chip}/rom-flash-status`,
      async (loader, port) => {
        // Each transfer begins with a look at the USR register.
        const { usr } = loader.chip.registers.spi;
        const look = `c0000a040000000000${encodeUint32(usr).toHex()}c0`;
        const begins = trace.flatMap(({ request }, index) =>
          request === look ? [index] : []
        );
        port.rewind(trace.slice(begins.at(-2)));
        return await readFlashStatus(loader, 2);
      },
    );
    assert.equal(status, 0);
  });

  Deno.test(`writeFlash to an ${chip} ROM sends what real esptool sent, uncompressed`, async () => {
    const trace = `${chip}/rom-write-uncompressed`;
    const data = dataIn(trace, FLASH_DATA as Command<never, unknown>);
    assert.equal(data.length, 4096);
    await replay(trace, async (loader) => {
      await attachFlash(loader, { size: 0x40_0000 });
      const result = await writeFlash(loader, { address: 0x1_0000, data }, {
        compress: false,
      });
      assert.deepEqual([result.bytes, result.wireBytes], [4096, 4096]);
      assert.equal(
        await flashMd5(loader, 0x1_0000, 4096),
        createHash("md5").update(data).digest("hex"),
      );
    });
  });

  Deno.test(`writeFlash to an ${chip} ROM sends what real esptool sent, compressed`, async () => {
    const data = new Uint8Array(4096).fill(0x45);
    await replay(`${chip}/rom-write-compressed`, async (loader) => {
      await attachFlash(loader, { size: 0x40_0000 });
      const result = await writeFlash(loader, { address: 0x2_0000, data });
      assert.deepEqual([result.bytes, result.wireBytes], [4096, 28]);
      assert.equal(
        await flashMd5(loader, 0x2_0000, 4096),
        createHash("md5").update(data).digest("hex"),
      );
    });
  });

  for (const kind of ["compressed", "uncompressed"]) {
    Deno.test(`writeFlash to an ${chip} stub sends what real esptool sent, asked ${kind}`, async () => {
      const trace = `${chip}/stub-write-${kind}`;
      const padded = dataIn(trace, FLASH_DATA as Command<never, unknown>);
      assert.equal(padded.length, 0x4000);
      const data = padded.slice(0, 4096);
      const address = kind === "compressed" ? 0x3_0000 : 0x4_0000;
      await replay(trace, async (loader) => {
        const events: ProgressEvent[] = [];
        await attachFlash(loader, { size: 0x40_0000 });
        await writeFlash(loader, { address, data }, {
          compress: kind === "compressed",
          onProgress: (event) => events.push(event),
        });
        const event = {
          kind: "write",
          port: "test://port",
          address,
          total: 4096,
        };
        assert.deepEqual(events, [
          { ...event, done: 0 },
          { ...event, done: 4096 },
        ]);
        assert.equal(
          await flashMd5(loader, address, 4096),
          createHash("md5").update(data).digest("hex"),
        );
      });
    });
  }

  Deno.test(`readFlash of an ${chip} stub acknowledges and checks each packet`, async () => {
    const bytes = await replay(`${chip}/stub-read-flash`, async (loader) => {
      await attachFlash(loader, { size: 0x40_0000 });
      return await readFlash(loader, 0x3_0000, 0x1100);
    });
    assert.equal(
      bytes.subarray(0, 4096).toHex(),
      dataIn(
        `${chip}/rom-write-uncompressed`,
        FLASH_DATA as Command<never, unknown>,
      ).toHex(),
    );
    assert.ok(bytes.subarray(4096).every((byte) => byte === 0xff));
  });

  Deno.test(`readFlash of an ${chip} ROM reads 64 bytes at a time`, async () => {
    const bytes = await replay(`${chip}/rom-read-flash`, async (loader) => {
      await attachFlash(loader, { size: 0x40_0000 });
      return await readFlash(loader, 0x1_0000, 256);
    });
    assert.equal(
      bytes.toHex(),
      dataIn(
        `${chip}/rom-write-uncompressed`,
        FLASH_DATA as Command<never, unknown>,
      ).subarray(0, 256).toHex(),
    );
  });

  Deno.test(`eraseRegion of an ${chip} stub erases a sector`, async () => {
    await replay(
      `${chip}/stub-erase-region`,
      (loader) => eraseRegion(loader, 0x3_0000, 0x1000),
    );
  });

  Deno.test(`dumpMem of an ${chip} reads words, little-endian`, async () => {
    const address = 0x4000_0000;
    const trace = readTrace(`${chip}/rom-dump-mem`);
    const word = (offset: number) => {
      const hex = new Uint8Array(new Uint32Array([address + offset]).buffer)
        .toHex();
      const found = trace.find(({ request }) =>
        request === `c0000a0400000000${"00"}${hex}c0`
      );
      return found?.reply.slice(10, 18);
    };
    const bytes = await replay(
      `${chip}/rom-dump-mem`,
      (loader) => dumpMem(loader, address, 62),
    );
    assert.equal(bytes.length, 62);
    assert.equal(bytes.subarray(0x14, 0x18).toHex(), word(0x14));
  });

  Deno.test(`changeBaudRate asks an ${chip} ROM as real esptool does`, async () => {
    await replay(`${chip}/rom-read-mac-baud-460800`, async (loader, port) => {
      const events: ProgressEvent[] = [];
      await loader.changeBaudRate(460_800, {
        onProgress: (event) => events.push(event),
      });
      assert.equal(port.baudRate, 460_800);
      assert.ok(
        port.requests.includes("c0000f0800000000000008070000000000c0"),
      );
      assert.deepEqual(events, [{
        kind: "baud",
        port: "test://port",
        baud: 460_800,
      }]);
    });
  });

  Deno.test(`changeBaudRate tells an ${chip} stub the speed in force`, async () => {
    await replay(`${chip}/stub-baud-921600`, async (loader, port) => {
      await loader.changeBaudRate(921_600);
      assert.equal(
        port.requests.at(-1),
        "c0000f08000000000000100e0000c20100c0",
      );
      assert.equal(port.baudRate, 921_600);
    });
  });
}

Deno.test("getSecurityInfo reads what an ESP32-C3 ROM and stub answer", async () => {
  for (
    const trace of ["esp32c3/rom-security-info", "esp32c3/stub-security-info"]
  ) {
    assert.deepEqual(
      await replay(trace, (loader) => loader.getSecurityInfo()),
      {
        flags: 0,
        flashCryptCount: 0,
        keyPurposes: [0, 0, 0, 0, 0, 0, 12],
        chipId: 5,
        apiVersion: 3,
      },
    );
  }
});

Deno.test("getSecurityInfo of an ESP32 stub is refused as unsupported", async () => {
  await replay("esp32/stub-security-info", async (loader) => {
    await assert.rejects(
      loader.getSecurityInfo(),
      (error) =>
        error instanceof CommandError &&
        error.code === "command-unsupported" && error.status === 0xff00,
    );
  });
});
