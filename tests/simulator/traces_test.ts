/**
 * The virtual ESP32 and ESP32-C3 against captures of real mask ROMs and of the
 * real stub: every captured request, in the order in which they were captured,
 * and every reply byte for byte, but for what `EXCLUDED` names.
 */

import assert from "node:assert/strict";
import { readUint32 } from "../../lib/bytes.ts";
import { VirtualBoard } from "../../lib/simulator/virtual_board.ts";
import { plugIn, type RawHost } from "./_host.ts";

interface Line {
  readonly to: "chip" | "host";
  readonly hex: string;
  readonly note?: string;
}

interface Exchange {
  readonly note: string;
  readonly request: Uint8Array;
  readonly reply: Uint8Array;
}

/** What was captured from one chip without a reset in between, in its order. */
const ROM_SESSION = [
  "rom-chip-id",
  "rom-flash-id",
  "rom-read-mac-baud-460800",
  "rom-write-uncompressed",
  "rom-write-compressed",
  "rom-read-flash",
  "rom-dump-mem",
  "rom-flash-status",
  "rom-security-info",
];
const STUB_SESSION = [
  "stub-write-compressed",
  "stub-write-uncompressed",
  "stub-verify",
  "stub-read-flash",
  "stub-erase-region",
  "stub-baud-921600",
  "stub-security-info",
];

const BOARDS = {
  esp32: { mac: "24:0a:c4:00:01:10", revision: "3.0" },
  esp32c3: { mac: "a0:76:4e:00:01:20", revision: "0.3" },
} as const;

type ChipId = keyof typeof BOARDS;

/** A reply that may differ, and why. */
interface Exclusion {
  readonly why: string;
  readonly chip?: ChipId;
  /** READ_REG of these addresses: the value field may differ. */
  readonly registers: { readonly from: number; readonly to: number };
  /** Only this captured value may differ. */
  readonly value?: number;
}

const EXCLUDED: readonly Exclusion[] = [
  {
    why:
      "UART_CLKDIV as the emulated ROM's own measurement of the line left it",
    chip: "esp32",
    registers: { from: 0x3ff4_0014, to: 0x3ff4_0018 },
    value: 0x15a,
  },
  {
    why: "the emulator's strap value, 0xf; boards have 0x3 in download mode",
    chip: "esp32",
    registers: { from: 0x3ff4_4038, to: 0x3ff4_403c },
  },
  {
    why: "the mask ROM's own code, which is not ours to carry",
    registers: { from: 0x4000_0000, to: 0x4000_0040 },
  },
];

const READ_REG_HEAD = "c0000a0400";

Deno.test("RomLoader answers every captured request as silicon did", async (t) => {
  for (const chip of chips()) {
    await t.step(chip, async (t) => {
      await using board = makeBoard(chip);
      await using host = await plugIn(board, { link: "stream" });
      await host.settle();
      for (const name of ROM_SESSION) {
        await t.step(name, () => replay(host, chip, name));
      }
    });
  }
});

Deno.test("RomLoader answers hand-made frames, right and wrong, as silicon did", async (t) => {
  for (const chip of chips()) {
    await t.step(chip, async () => {
      await using board = makeBoard(chip);
      await using host = await plugIn(board, { link: "stream" });
      await host.settle();
      await replay(host, chip, "rom-probe");
    });
  }
});

Deno.test("StubLoader answers every captured request as the real stub did", async (t) => {
  for (const chip of chips()) {
    await t.step(chip, async (t) => {
      await using board = makeBoard(chip);
      await using host = await plugIn(board, { link: "stream" });
      await host.settle();
      // What had gone before: the ROM's session left its mark on the UART,
      // the flash and its controller, and then a stub was started.
      for (const name of ROM_SESSION) await replay(host, chip, name);
      await startStub(host, chip);
      assert.equal(board.state, "stub");
      for (const name of STUB_SESSION) {
        await t.step(name, () => replay(host, chip, name));
      }
    });
  }
});

Deno.test("the boot log begins as the captured one, but for the strap", async () => {
  for (const chip of chips()) {
    const [first] = await readLines(chip, "rom-probe");
    const captured = new TextDecoder().decode(
      Uint8Array.fromHex(first?.hex ?? ""),
    );
    await using board = makeBoard(chip);
    await using host = await plugIn(board, { link: "stream" });
    const printed = new TextDecoder().decode(await host.take(1));
    const head = captured.slice(0, captured.indexOf(",boot:"));
    assert.equal(printed.slice(0, head.length), head);
  }
});

function chips(): ChipId[] {
  return Object.keys(BOARDS) as ChipId[];
}

function makeBoard(chip: ChipId): VirtualBoard {
  return new VirtualBoard({
    chip,
    ...BOARDS[chip],
    flashSize: "4MB",
    // The emulated flash chip has no SFDP table.
    sfdp: new Uint8Array(0),
  });
}

async function replay(
  host: RawHost,
  chip: ChipId,
  name: string,
): Promise<void> {
  let nth = 0;
  for (const { note, request, reply } of await readTrace(chip, name)) {
    const at = `${chip}/${name} request ${nth++} ${note}`;
    await host.write(request);
    const got = reply.length === 0
      ? await host.settle()
      : await host.take(reply.length);
    const blank = isExcluded(chip, request, reply) ? withoutValue : identity;
    assert.equal(blank(got).toHex(), blank(reply).toHex(), at);
  }
}

/** Whether the value that a READ_REG is answered with may differ. */
function isExcluded(
  chip: ChipId,
  request: Uint8Array,
  reply: Uint8Array,
): boolean {
  const asked = unescape(request);
  if (!asked.toHex().startsWith(READ_REG_HEAD) || asked.length < 14) {
    return false;
  }
  const address = readUint32(asked, 9);
  const captured = readUint32(unescape(reply), 5);
  return EXCLUDED.some(({ chip: only = chip, registers, value = captured }) =>
    only === chip && value === captured && address >= registers.from &&
    address < registers.to
  );
}

function identity(bytes: Uint8Array): Uint8Array {
  return bytes;
}

/** A reply with its value field blanked; undoes escapes, of which a value may have some. */
function withoutValue(reply: Uint8Array): Uint8Array {
  return unescape(reply).fill(0, 5, 9);
}

function unescape(bytes: Uint8Array): Uint8Array {
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0"));
  return Uint8Array.fromHex(
    hex.join(" ").replaceAll("db dc", "c0").replaceAll("db dd", "db")
      .replaceAll(" ", ""),
  );
}

/** Requests with everything that came before the next request. */
async function readTrace(chip: ChipId, name: string): Promise<Exchange[]> {
  const exchanges: Exchange[] = [];
  for (const { to, hex, note } of await readLines(chip, name)) {
    const bytes = Uint8Array.fromHex(hex);
    const last = exchanges.at(-1);
    if (to === "chip") {
      exchanges.push({
        note: note ?? "",
        request: bytes,
        reply: new Uint8Array(0),
      });
    } else if (last !== undefined) {
      exchanges[exchanges.length - 1] = {
        ...last,
        reply: Uint8Array.of(...last.reply, ...bytes),
      };
    }
  }
  return exchanges;
}

async function readLines(chip: ChipId, name: string): Promise<Line[]> {
  const file = new URL(
    `../vectors/traces/${chip}/${name}.jsonl`,
    import.meta.url,
  );
  const text = await Deno.readTextFile(file);
  return text.trim().split("\n").map((line) => JSON.parse(line) as Line);
}

/** Loads and starts a program of eight bytes that holds a stub's greeting: as data (Xtensa) or in a LUI (RISC-V). */
async function startStub(host: RawHost, chip: ChipId): Promise<void> {
  const [base, program, checksum] = chip === "esp32"
    ? ["00800a40", "4f48414900000000", "e0"]
    : ["00003840", "3754414913000000", "97"];
  const words = (...values: string[]) => values.join("");
  const one = "01000000";
  const eight = "08000000";
  const zero = "00000000";
  const block = "00180000";
  for (
    const request of [
      words("c0000510", "00", zero, eight, one, block, base, "c0"),
      words("c0000718", "00", checksum, "000000", eight) +
      words(zero, zero, zero, program, "c0"),
    ]
  ) {
    const reply = await host.exchange(request);
    assert.match(reply.toHex(), /^c001..04.{10}00/);
  }
  const reply = await host.exchange(
    words("c0000608", "00", zero, zero, base, "c0"),
  );
  assert.match(reply.toHex(), /c04f484149c0$/);
}
