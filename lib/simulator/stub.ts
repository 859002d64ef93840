/**
 * The flasher stub: Espressif's, second generation.
 *
 * Facts from espressif/esp-flasher-stub (Apache-2.0 OR MIT) and the traces.
 *
 * @module
 */

import { readUint32, xorChecksum } from "../bytes.ts";
import { encodeFrame } from "../framing/slip.ts";
import {
  CHANGE_BAUDRATE,
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
  READ_REG,
  RUN_USER_CODE,
  SPI_ATTACH,
  SPI_FLASH_MD5,
  SPI_SET_PARAMS,
  SYNC,
  WRITE_REG,
} from "../protocol/commands.ts";
import {
  decodeRequest,
  encodeResponseHeader,
  type RequestPacket,
} from "../protocol/packet.ts";
import { STUB_GREETING } from "./_greeting.ts";
import { encodeSecurityInfo } from "./_security.ts";
import { StubFlashWriter } from "./_stub_flash.ts";
import { StubReader } from "./_stub_reader.ts";
import { STUB_ERROR, StubReceiver } from "./_stub_link.ts";
import type { LoadedRange, Machine, Program } from "./_machine.ts";
import { SECTOR_SIZE } from "./flash_memory.ts";

const SYNC_REPLIES = 8;
const DATA_AT = 16;
const ANY_SIZE = -1;

/** What a command comes to. */
interface Outcome {
  /** The status; 0 for success. */
  readonly status?: number;
  /** The value field. */
  readonly value?: number;
  /** The reply's data. */
  readonly data?: Uint8Array;
  /** What happens once the reply has been sent. Its status is the next command's. */
  readonly after?: () => Promise<number | void>;
}

interface Row {
  /** How many bytes the body must have. */
  readonly size: number;
  readonly run: (request: RequestPacket) => Promise<Outcome> | Outcome;
}

/** The stub, from the greeting to the next reset. */
export class StubLoader implements Program {
  readonly #machine: Machine;
  readonly #receiver = new StubReceiver();
  readonly #flash: StubFlashWriter;
  readonly #rows: ReadonlyMap<number, Row>;
  #ram: { address: number; left: number } | undefined;
  #loaded: LoadedRange[] = [];
  #carriedStatus = 0;
  readonly #reader: StubReader;

  /** Makes a stub that has not greeted yet. */
  constructor(machine: Machine) {
    this.#machine = machine;
    this.#flash = new StubFlashWriter(machine);
    this.#reader = new StubReader(machine.flash, (data) => this.#sendRaw(data));
    this.#rows = new Map(this.#table());
  }

  /** Connects the flash and greets. */
  async greet(): Promise<void> {
    this.#machine.spi.attach(0);
    await this.#sendRaw(STUB_GREETING);
  }

  /** Takes bytes from the UART, and answers the frames that they end. */
  async receive(bytes: Uint8Array): Promise<void> {
    this.#receiver.rest();
    for (const byte of bytes) {
      const frame = this.#receiver.take(byte);
      if (frame !== undefined) await this.#take(frame);
    }
  }

  async #take(frame: Uint8Array): Promise<void> {
    if (this.#reader.active) return await this.#acknowledge(frame);
    if (frame.length < 8) return;
    const request = decodeRequest(frame);
    if (request === undefined) {
      return await this.#reply(frame[1] ?? 0, {
        status: STUB_ERROR.invalidCommand,
      });
    }
    const verdict = await this.#machine.ask(request, "stub");
    if (verdict?.kind === "ignore") return;
    if (verdict?.kind === "refuse") {
      return await this.#reply(request.opcode, { status: verdict.status });
    }
    await this.#answer(request);
  }

  /** Whatever comes while flash is being read is taken for an acknowledgement. */
  async #acknowledge(frame: Uint8Array): Promise<void> {
    this.#machine.traffic.record({ kind: "raw", to: "board", payload: frame });
    this.#carriedStatus = await this.#reader.acknowledge(frame);
  }

  async #answer(request: RequestPacket): Promise<void> {
    if (request.size !== request.body.length) {
      return await this.#reply(request.opcode, {
        status: STUB_ERROR.dataLength,
      });
    }
    const carried = this.#carriedStatus;
    this.#carriedStatus = 0;
    if (carried !== 0) {
      return await this.#reply(request.opcode, { status: carried });
    }
    // RUN_USER_CODE is neither answered nor obeyed.
    if (request.opcode === RUN_USER_CODE.opcode) return;
    const outcome = await this.#run(request);
    await this.#reply(request.opcode, outcome);
    if ((outcome.status ?? 0) !== 0) return;
    this.#carriedStatus = await outcome.after?.() ?? 0;
  }

  #run(request: RequestPacket): Promise<Outcome> | Outcome {
    const row = this.#rows.get(request.opcode);
    if (row === undefined) return { status: STUB_ERROR.invalidCommand };
    if (row.size !== ANY_SIZE && row.size !== request.body.length) {
      return { status: STUB_ERROR.dataLength };
    }
    return row.run(request);
  }

  async #reply(opcode: number, outcome: Outcome): Promise<void> {
    const { status = 0, value = 0, data = new Uint8Array(0) } = outcome;
    const body = status === 0 ? data : new Uint8Array(0);
    const header = encodeResponseHeader(opcode, body.length + 2, value);
    const payload = new Uint8Array(header.length + body.length + 2);
    payload.set(header);
    payload.set(body, header.length);
    payload.set([status >> 8, status & 0xff], payload.length - 2);
    const entry = { kind: "reply", loader: "stub", opcode, status } as const;
    this.#machine.traffic.record({ ...entry, payload });
    await this.#machine.send(encodeFrame(payload));
  }

  async #sendRaw(payload: Uint8Array): Promise<void> {
    this.#machine.traffic.record({ kind: "raw", to: "host", payload });
    await this.#machine.send(encodeFrame(payload));
  }

  #table(): [number, Row][] {
    const { memory, spi, flash } = this.#machine;
    return [
      [FLASH_BEGIN.opcode, {
        size: ANY_SIZE,
        run: ({ body }) => this.#flashBegin(body, false),
      }],
      [FLASH_DATA.opcode, {
        size: ANY_SIZE,
        run: (request) => this.#flashData(request),
      }],
      [FLASH_END.opcode, {
        size: 4,
        run: () => ({ status: this.#flash.end() }),
      }],
      [MEM_BEGIN.opcode, { size: 16, run: ({ body }) => this.#memBegin(body) }],
      [MEM_END.opcode, { size: 8, run: ({ body }) => this.#memEnd(body) }],
      [MEM_DATA.opcode, {
        size: ANY_SIZE,
        run: ({ body }) => this.#memData(body),
      }],
      [SYNC.opcode, { size: 36, run: () => this.#sync() }],
      [WRITE_REG.opcode, {
        size: ANY_SIZE,
        run: ({ body }) => this.#writeReg(body),
      }],
      [READ_REG.opcode, {
        size: 4,
        run: ({ body }) => ({ value: memory.readWord(readUint32(body)) }),
      }],
      [SPI_SET_PARAMS.opcode, {
        size: 24,
        run: ({ body }) => {
          flash.size = readUint32(body, 4);
          return {};
        },
      }],
      [SPI_ATTACH.opcode, {
        size: 4,
        run: ({ body }) => {
          spi.attach(readUint32(body));
          return {};
        },
      }],
      [CHANGE_BAUDRATE.opcode, {
        size: 8,
        run: ({ body }) => this.#changeBaudRate(readUint32(body)),
      }],
      [FLASH_DEFL_BEGIN.opcode, {
        size: ANY_SIZE,
        run: ({ body }) => this.#flashBegin(body, true),
      }],
      [FLASH_DEFL_DATA.opcode, {
        size: ANY_SIZE,
        run: (request) => this.#deflatedData(request),
      }],
      [FLASH_DEFL_END.opcode, {
        size: 4,
        run: () => ({ status: this.#flash.end() }),
      }],
      [SPI_FLASH_MD5.opcode, { size: 16, run: ({ body }) => this.#md5(body) }],
      [GET_SECURITY_INFO.opcode, { size: 0, run: () => this.#securityInfo() }],
      [ERASE_FLASH.opcode, { size: ANY_SIZE, run: () => this.#eraseAll() }],
      [ERASE_REGION.opcode, {
        size: 8,
        run: ({ body }) => this.#eraseRegion(body),
      }],
      [READ_FLASH.opcode, {
        size: 16,
        run: ({ body }) => this.#readFlash(body),
      }],
    ];
  }

  async #sync(): Promise<Outcome> {
    for (let i = 1; i < SYNC_REPLIES; i++) await this.#reply(SYNC.opcode, {});
    return {};
  }

  async #flashBegin(body: Uint8Array, deflated: boolean): Promise<Outcome> {
    if (body.length !== 16 && body.length !== 20) {
      return { status: STUB_ERROR.dataLength };
    }
    const region = {
      address: readUint32(body, 12),
      size: readUint32(body, 0),
      deflated,
      encrypted: body.length === 20 && readUint32(body, 16) !== 0,
    };
    return { status: await this.#flash.begin(region) };
  }

  #flashData({ body, checksum }: RequestPacket): Outcome {
    if (body.length < DATA_AT) return { status: STUB_ERROR.notEnoughData };
    if (!this.#flash.open) return { status: STUB_ERROR.notInFlashMode };
    const data = body.subarray(DATA_AT);
    if (readUint32(body) !== data.length) {
      return { status: STUB_ERROR.tooMuchData };
    }
    if (xorChecksum(data) !== checksum) return { status: STUB_ERROR.checksum };
    return { after: () => this.#flash.write(data) };
  }

  #deflatedData({ body, checksum }: RequestPacket): Outcome {
    if (body.length < DATA_AT) return { status: STUB_ERROR.dataLength };
    if (!this.#flash.open) return { status: STUB_ERROR.notInFlashMode };
    if (this.#flash.left === 0) return { status: STUB_ERROR.tooMuchData };
    const data = body.subarray(DATA_AT, DATA_AT + readUint32(body));
    if (xorChecksum(data) !== checksum) return { status: STUB_ERROR.checksum };
    return { after: () => this.#flash.inflate(data) };
  }

  #memBegin(body: Uint8Array): Outcome {
    this.#ram = { left: readUint32(body), address: readUint32(body, 12) };
    return {};
  }

  #memData(body: Uint8Array): Outcome {
    if (body.length < DATA_AT) return { status: STUB_ERROR.notEnoughData };
    if (this.#ram === undefined) return { status: STUB_ERROR.notInFlashMode };
    const data = body.subarray(DATA_AT);
    const size = readUint32(body);
    if (this.#ram.left < size || size !== data.length) {
      return { status: STUB_ERROR.tooMuchData };
    }
    this.#machine.memory.write(this.#ram.address, data);
    this.#loaded.push({ address: this.#ram.address, size });
    this.#ram.address += size;
    this.#ram.left -= size;
    return {};
  }

  #memEnd(body: Uint8Array): Outcome {
    if (this.#ram === undefined) return { status: STUB_ERROR.notInFlashMode };
    this.#ram = undefined;
    if (readUint32(body) !== 0) return {};
    return { after: () => this.#machine.jump(this.#loaded) };
  }

  #writeReg(body: Uint8Array): Outcome {
    if (body.length === 0 || body.length % 16 !== 0) {
      return { status: STUB_ERROR.notEnoughData };
    }
    const { memory } = this.#machine;
    for (let at = 0; at < body.length; at += 16) {
      const [address, mask] = [readUint32(body, at), readUint32(body, at + 8)];
      const old = mask === 0xffff_ffff ? 0 : memory.readWord(address);
      const value = readUint32(body, at + 4);
      memory.writeWord(address, (value & mask | old & ~mask) >>> 0);
    }
    return {};
  }

  #changeBaudRate(baudRate: number): Outcome {
    return {
      after: () => Promise.resolve(this.#machine.setBaudRate(baudRate)),
    };
  }

  #md5(body: Uint8Array): Outcome {
    const [address, size] = [readUint32(body), readUint32(body, 4)];
    if (!this.#machine.flash.holds(address, size)) {
      return { status: STUB_ERROR.flashFailed };
    }
    const digest = this.#machine.flash.md5(address, size);
    return { data: this.#machine.digest(digest) };
  }

  #securityInfo(): Outcome {
    if (!this.#machine.chip.rom.opcodes.includes(GET_SECURITY_INFO.opcode)) {
      return { status: STUB_ERROR.notImplemented };
    }
    return { data: encodeSecurityInfo(this.#machine) };
  }

  async #eraseAll(): Promise<Outcome> {
    await this.#machine.flash.eraseAll();
    return {};
  }

  async #eraseRegion(body: Uint8Array): Promise<Outcome> {
    const [address, size] = [readUint32(body), readUint32(body, 4)];
    if (address % SECTOR_SIZE !== 0 || size % SECTOR_SIZE !== 0) {
      return { status: STUB_ERROR.dataLength };
    }
    if (!this.#machine.flash.holds(address, size)) {
      return { status: STUB_ERROR.flashFailed };
    }
    await this.#machine.flash.erase(address, size);
    return {};
  }

  #readFlash(body: Uint8Array): Outcome {
    const [address, size] = [readUint32(body), readUint32(body, 4)];
    const packet = readUint32(body, 8);
    return { after: () => this.#reader.begin(address, size, packet) };
  }
}
