import assert from "node:assert/strict";
import { encodeFrame } from "../../lib/framing/slip.ts";
import {
  CHANGE_BAUDRATE,
  checksumOf,
  type Command,
  type CommandBody,
  type CommandRow,
  COMMANDS,
  ERASE_FLASH,
  ERASE_REGION,
  FLASH_BEGIN,
  FLASH_DATA,
  FLASH_DEFL_BEGIN,
  FLASH_DEFL_DATA,
  FLASH_DEFL_END,
  FLASH_END,
  GET_SECURITY_INFO,
  MEM_BEGIN,
  MEM_DATA,
  MEM_END,
  READ_FLASH,
  READ_FLASH_SLOW,
  READ_REG,
  RUN_USER_CODE,
  SPI_ATTACH,
  SPI_FLASH_MD5,
  SPI_SET_PARAMS,
  SYNC,
  WRITE_REG,
} from "../../lib/protocol/commands.ts";
import { encodeRequestHeader } from "../../lib/protocol/packet.ts";
import { DEFAULT_TIMEOUTS } from "../../lib/protocol/timeouts.ts";
import {
  bytesOf,
  hexBytes,
  REQUESTS,
  type WireVector,
} from "../vectors/serial_protocol.ts";

/** One request: its row, what the row makes of parameters, and the frame that must come of it. */
interface RequestCase {
  readonly row: CommandRow;
  readonly body: CommandBody;
  readonly timeout: number;
  readonly vector: WireVector;
}

function request<Params>(
  row: Command<Params, unknown>,
  params: Params,
  vector: WireVector,
  timeout = 3_000,
): RequestCase & { readonly asked: number } {
  return {
    row,
    body: row.encode(params),
    asked: row.timeout(DEFAULT_TIMEOUTS, params),
    timeout,
    vector,
  };
}

const REGION = { size: 0x1000, blockSize: 0x400 };
const REBOOT = { reboot: true };
const STAY = { reboot: false };
const BYTES = hexBytes("000102030405060708090a0b0c0d0e0f");
const PINS = 0x0b << 24 | 16 << 18 | 8 << 12 | 17 << 6 | 6;

const CASES: readonly ReturnType<typeof request>[] = [
  request(
    FLASH_BEGIN,
    { ...REGION, blocks: 4, offset: 0x5_0000 },
    REQUESTS.flashBegin,
  ),
  request(
    FLASH_BEGIN,
    { ...REGION, blocks: 4, offset: 0x5_0000, encrypted: true },
    REQUESTS.flashBeginEncrypted,
  ),
  request(
    FLASH_BEGIN,
    {
      size: 0x1000,
      blocks: 1,
      blockSize: 0x4000,
      offset: 0x3_0000,
      encrypted: false,
    },
    REQUESTS.flashBeginPlain,
  ),
  request(
    FLASH_DATA,
    { data: hexBytes("c0db0102"), sequence: 7 },
    REQUESTS.flashData,
  ),
  request(FLASH_END, STAY, REQUESTS.flashEndStay),
  request(FLASH_END, REBOOT, REQUESTS.flashEndReboot),
  request(
    MEM_BEGIN,
    { size: 0x17fc, blocks: 1, blockSize: 0x1800, address: 0x400a_8000 },
    REQUESTS.memBegin,
  ),
  request(MEM_END, { entry: 0x400a_9074 }, REQUESTS.memEndRun, 200),
  request(MEM_END, { entry: 0 }, REQUESTS.memEndStay, 200),
  request(MEM_DATA, { data: BYTES, sequence: 0 }, REQUESTS.memData),
  request(SYNC, undefined, REQUESTS.sync, 100),
  request(
    WRITE_REG,
    { address: 0x3ff4_202c, value: 0x17, mask: 0xffff_ffff, delayUs: 0 },
    REQUESTS.writeReg,
  ),
  request(
    WRITE_REG,
    {
      address: 0x3ffe_8000,
      value: 0x1122_3344,
      mask: 0xffff_00ff,
      delayUs: 0,
    },
    REQUESTS.writeRegMasked,
  ),
  request(
    WRITE_REG,
    { address: 0x6000_8090, value: 1, mask: 0xffff_ffff, delayUs: 100 },
    REQUESTS.writeRegDelayed,
  ),
  request(READ_REG, { address: 0x4000_1000 }, REQUESTS.readReg),
  request(SPI_SET_PARAMS, { size: 0x40_0000 }, REQUESTS.spiSetParams),
  request(SPI_ATTACH, { pins: 0, rom: true }, REQUESTS.spiAttachRom),
  request(SPI_ATTACH, { pins: 1, rom: false }, REQUESTS.spiAttachStub),
  request(SPI_ATTACH, { pins: PINS, rom: true }, REQUESTS.spiAttachPins),
  request(
    READ_FLASH_SLOW,
    { address: 0x1_0000, size: 64 },
    REQUESTS.readFlashSlow,
  ),
  request(
    READ_FLASH_SLOW,
    { address: 0x1_00c0, size: 64 },
    REQUESTS.readFlashSlowEscaped,
  ),
  request(
    CHANGE_BAUDRATE,
    { baud: 460_800, previous: 0 },
    REQUESTS.changeBaudRom,
  ),
  request(
    CHANGE_BAUDRATE,
    { baud: 921_600, previous: 115_200 },
    REQUESTS.changeBaudStub,
  ),
  request(
    FLASH_DEFL_BEGIN,
    { ...REGION, blocks: 1, offset: 0x2_0000 },
    REQUESTS.flashDeflBegin,
  ),
  request(
    FLASH_DEFL_BEGIN,
    { ...REGION, blocks: 1, offset: 0x2_0000, encrypted: false },
    REQUESTS.flashDeflBeginPlain,
  ),
  request(
    FLASH_DEFL_DATA,
    {
      data: hexBytes(
        "78daedc1010d000000c2a074ef5fc91e0e28000000e0dd003dbc503d",
      ),
      sequence: 0,
      writes: 0x1000,
    },
    REQUESTS.flashDeflData,
  ),
  request(FLASH_DEFL_END, STAY, REQUESTS.flashDeflEndStay),
  request(FLASH_DEFL_END, REBOOT, REQUESTS.flashDeflEndReboot),
  request(
    SPI_FLASH_MD5,
    { address: 0x3_0000, size: 0x1000 },
    REQUESTS.spiFlashMd5,
  ),
  request(GET_SECURITY_INFO, undefined, REQUESTS.getSecurityInfo),
  request(ERASE_FLASH, undefined, REQUESTS.eraseFlash, 120_000),
  request(
    ERASE_REGION,
    { address: 0x3_0000, size: 0x1000 },
    REQUESTS.eraseRegion,
  ),
  request(
    READ_FLASH,
    { address: 0x3_0000, size: 0x1100, blockSize: 0x1000, inFlight: 64 },
    REQUESTS.readFlash,
  ),
  request(RUN_USER_CODE, undefined, REQUESTS.runUserCode),
];

for (const { row, body, asked, timeout, vector } of CASES) {
  Deno.test(`${row.name} is on the wire as in ${vector.note}`, () => {
    const size = body.head.length + (body.data?.length ?? 0);
    const header = encodeRequestHeader(row.opcode, size, checksumOf(body));
    const data = body.data ?? new Uint8Array(0);
    assert.equal(
      encodeFrame(header, body.head, data).toHex(),
      bytesOf(vector).toHex(),
    );
    assert.equal(asked, timeout, "time limit");
  });
}

Deno.test("COMMANDS finds every row by its opcode, and the cases above know all of them", () => {
  for (const [opcode, row] of COMMANDS) {
    assert.equal(row.opcode, opcode);
    assert.ok(CASES.some((one) => one.row === row), `${row.name} has a case`);
    assert.ok(Object.isFrozen(row), `${row.name} is frozen`);
  }
  assert.equal(COMMANDS.size, new Set(CASES.map(({ row }) => row)).size);
  assert.deepEqual([...COMMANDS.keys()].sort((a, b) => a - b), [
    ...[0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b],
    ...[0x0d, 0x0e, 0x0f, 0x10, 0x11, 0x12, 0x13, 0x14],
    ...[0xd0, 0xd1, 0xd2, 0xd3],
  ]);
});

Deno.test("Command.encode hands the caller's data on without a copy", () => {
  const data = Uint8Array.of(1, 2, 3);
  for (const row of [FLASH_DATA, FLASH_DEFL_DATA, MEM_DATA]) {
    assert.equal(row.encode({ data, sequence: 0 }).data, data);
  }
});

Deno.test("checksumOf covers the data alone, and is zero without data", () => {
  const head = Uint8Array.of(0xff, 0xff);
  assert.equal(checksumOf({ head }), 0);
  assert.equal(checksumOf({ head, data: new Uint8Array(0) }), 0xef);
  assert.equal(checksumOf({ head, data: Uint8Array.of(0x0f, 0xf0) }), 0x10);
});

Deno.test("SPI_FLASH_MD5.decode yields lower-case digits from whatever digits come", () => {
  const data = new TextEncoder().encode("8B810DD2354D29EEB357F68912B0BA6D");
  assert.equal(
    SPI_FLASH_MD5.decode({ value: 0, data }),
    "8b810dd2354d29eeb357f68912b0ba6d",
  );
});

Deno.test("Command.timeout grows with the size of what is erased, written or digested", () => {
  const size = 1_000_000;
  const region = { size, blocks: 1, blockSize: 0x4000, offset: 0 };
  const range = { address: 0, size };
  const data = new Uint8Array(0x400);
  assert.equal(FLASH_BEGIN.timeout(DEFAULT_TIMEOUTS, region), 40_000);
  assert.equal(FLASH_DEFL_BEGIN.timeout(DEFAULT_TIMEOUTS, region), 40_000);
  assert.equal(ERASE_REGION.timeout(DEFAULT_TIMEOUTS, range), 40_000);
  assert.equal(SPI_FLASH_MD5.timeout(DEFAULT_TIMEOUTS, range), 8_000);
  for (const row of [FLASH_DATA, FLASH_DEFL_DATA]) {
    const params = { data, sequence: 0, writes: size };
    assert.equal(row.timeout(DEFAULT_TIMEOUTS, params), 40_000);
  }
});

Deno.test("Command.timeout follows the limits that it is given", () => {
  const timeouts = {
    ...DEFAULT_TIMEOUTS,
    default: 7,
    sync: 8,
    memEndRom: 9,
    chipErase: 10,
  };
  assert.equal(READ_REG.timeout(timeouts, { address: 0 }), 7);
  assert.equal(SYNC.timeout(timeouts, undefined), 8);
  assert.equal(MEM_END.timeout(timeouts, { entry: 0 }), 9);
  assert.equal(ERASE_FLASH.timeout(timeouts, undefined), 10);
});
