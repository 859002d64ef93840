/**
 * The mask ROM's loader, with the habits that the traces of real ROMs show.
 *
 * @module
 */

import { viewOf } from "../bytes.ts";
import {
  CHANGE_BAUDRATE,
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
  READ_FLASH_SLOW,
  READ_REG,
  SPI_ATTACH,
  SPI_FLASH_MD5,
  SPI_SET_PARAMS,
  SYNC,
  WRITE_REG,
} from "../protocol/commands.ts";
import { decodeRequest, type RequestPacket } from "../protocol/packet.ts";
import type { LoadedRange, Machine, Program } from "./_machine.ts";
import { ReplyBuffer, RomReceiver } from "./_rom_link.ts";
import {
  type DataPacket,
  PacketCounter,
  ROM_ERROR,
  RomFlashWriter,
} from "./_rom_flash.ts";
import { encodeSecurityInfo, hasSecureBoot } from "./_security.ts";

/** Where the data of a data packet begin, behind the header and four words. */
const DATA_AT = 24;
/** A ROM answers SYNC, and whatever follows while its reply still names SYNC, eight times. */
const SYNC_REPLIES = 8;
const SLOW_READ_SIZE = 64;
/** What the ROM sends at the new speed, behind its answer at the old one. */
const EMPTY_FRAME = Uint8Array.of(0xc0, 0xc0);

/** What a command comes to. */
interface Outcome {
  /** 0 for success. */
  readonly error?: number;
  /** How much data the reply has. */
  readonly dataSize?: number;
  /** Whether a success repeats the last error's code in its second status byte. */
  readonly keepsError?: boolean;
  /** Whether there is no reply, as something else runs by then. */
  readonly silent?: boolean;
  /** What happens once the reply has been sent. */
  readonly after?: () => Promise<void>;
}

type Handler = (word: (index: number) => number) => Promise<Outcome> | Outcome;

/** The loader. It begins anew with every reset. */
export class RomLoader implements Program {
  readonly #machine: Machine;
  readonly #receiver = new RomReceiver();
  readonly #reply: ReplyBuffer;
  readonly #flash: RomFlashWriter;
  readonly #ramPackets = new PacketCounter();
  readonly #handlers: ReadonlyMap<number, Handler>;
  #lastError = 0;
  #ramAddress = 0;
  #loaded: LoadedRange[] = [];

  /** Makes the loader of the machine's chip. */
  constructor(machine: Machine) {
    this.#machine = machine;
    this.#reply = new ReplyBuffer(machine.chip.rom.statusBytes);
    this.#flash = new RomFlashWriter(machine);
    const { opcodes, secureDownloadOpcodes = [] } = machine.chip.rom;
    const left = machine.secureDownload ? secureDownloadOpcodes : opcodes;
    this.#handlers = new Map(
      this.#table().filter(([opcode]) => left.includes(opcode)),
    );
  }

  /** Takes bytes from the UART, and answers the frames that they end. */
  async receive(bytes: Uint8Array): Promise<void> {
    for (const byte of bytes) {
      const length = this.#receiver.take(byte);
      if (length > 0) await this.#answer(length);
    }
  }

  async #answer(length: number): Promise<void> {
    const { buffer } = this.#receiver;
    const request = decodeRequest(buffer.slice(0, length));
    if (request === undefined) return;
    const verdict = await this.#machine.ask(request, "rom");
    if (verdict?.kind === "ignore") return;
    const outcome = verdict?.kind === "refuse"
      ? this.#refuse(request, verdict.status)
      : await this.#run(request);
    if (outcome.silent) return;
    await this.#send();
    await outcome.after?.();
  }

  #refuse({ opcode }: RequestPacket, status: number): Outcome {
    this.#reply.opcode = opcode;
    this.#reply.finish(0, status >> 8 !== 0, status & 0xff);
    return {};
  }

  async #run({ opcode }: RequestPacket): Promise<Outcome> {
    const handler = this.#handlers.get(opcode);
    if (handler === undefined) {
      this.#lastError = ROM_ERROR.invalid;
      this.#reply.finish(0, true, this.#lastError);
      return {};
    }
    const view = viewOf(this.#receiver.buffer);
    const outcome = await handler((index) =>
      view.getUint32(8 + 4 * index, true)
    );
    const { error = 0, dataSize = 0, keepsError = false } = outcome;
    if (error !== 0 || !keepsError) this.#lastError = error;
    this.#reply.opcode = opcode;
    this.#reply.finish(dataSize, error !== 0, this.#lastError);
    return outcome;
  }

  async #send(): Promise<void> {
    const { traffic } = this.#machine;
    const payload = this.#reply.payload();
    const frame = this.#reply.frame();
    const copies = this.#reply.opcode === SYNC.opcode ? SYNC_REPLIES : 1;
    const { statusBytes } = this.#machine.chip.rom;
    for (let i = 0; i < copies; i++) {
      traffic.record({
        kind: "reply",
        loader: "rom",
        opcode: this.#reply.opcode,
        status: viewOf(payload).getUint16(payload.length - statusBytes),
        payload,
      });
      await this.#machine.send(frame);
    }
  }

  #table(): [number, Handler][] {
    return [
      [FLASH_BEGIN.opcode, (word) => this.#flashBegin(word, false)],
      [FLASH_DATA.opcode, (word) => this.#flashData(word, false)],
      [FLASH_END.opcode, (word) => this.#flashEnd(word(0))],
      [MEM_BEGIN.opcode, (word) => this.#memBegin(word)],
      [MEM_END.opcode, (word) => this.#memEnd(word(0))],
      [MEM_DATA.opcode, (word) => this.#memData(word)],
      [SYNC.opcode, (word) => this.#value(word(0))],
      [WRITE_REG.opcode, (word) => this.#writeReg(word)],
      [
        READ_REG.opcode,
        (word) => this.#value(this.#machine.memory.readWord(word(0))),
      ],
      [SPI_SET_PARAMS.opcode, (word) => this.#setParams(word(1))],
      [SPI_ATTACH.opcode, (word) => this.#attach(word(0))],
      [READ_FLASH_SLOW.opcode, (word) => this.#readSlow(word(0), word(1))],
      [CHANGE_BAUDRATE.opcode, (word) => this.#changeBaudRate(word(0))],
      [FLASH_DEFL_BEGIN.opcode, (word) => this.#flashBegin(word, true)],
      [FLASH_DEFL_DATA.opcode, (word) => this.#flashData(word, true)],
      [FLASH_DEFL_END.opcode, (word) => this.#flashEnd(word(0))],
      [SPI_FLASH_MD5.opcode, (word) => this.#md5(word(0), word(1))],
      [GET_SECURITY_INFO.opcode, () => this.#securityInfo()],
    ];
  }

  #value(value: number): Outcome {
    this.#reply.setValue(value);
    return {};
  }

  #packet(word: (index: number) => number): DataPacket {
    const { buffer } = this.#receiver;
    const size = Math.min(word(0), buffer.length - DATA_AT);
    return {
      sequence: word(1),
      checksum: word(-1),
      data: buffer.slice(DATA_AT, DATA_AT + size),
    };
  }

  async #flashBegin(
    word: (index: number) => number,
    deflated: boolean,
  ): Promise<Outcome> {
    const { encryptedFlag } = this.#machine.chip.rom;
    const error = await this.#flash.begin({
      address: word(3),
      size: word(0),
      deflated,
      encrypted: encryptedFlag && word(4) !== 0,
    });
    return { error, keepsError: true };
  }

  async #flashData(
    word: (index: number) => number,
    deflated: boolean,
  ): Promise<Outcome> {
    const packet = this.#packet(word);
    const error = deflated
      ? await this.#flash.deflatedData(packet)
      : await this.#flash.data(packet);
    return { error, keepsError: true };
  }

  /** Leaves the loader either way: by a reset, or for what is in flash. */
  #flashEnd(stay: number): Outcome {
    const after = stay === 0
      ? () => Promise.resolve(this.#machine.restart("software"))
      : () => this.#machine.runFlash();
    return { error: this.#flash.end(), after };
  }

  #memBegin(word: (index: number) => number): Outcome {
    this.#ramPackets.restart();
    this.#ramAddress = word(3);
    return { keepsError: true };
  }

  #memData(word: (index: number) => number): Outcome {
    const packet = this.#packet(word);
    const error = this.#ramPackets.check(packet);
    if (error === 0) {
      this.#machine.memory.write(this.#ramAddress, packet.data);
      this.#loaded.push({
        address: this.#ramAddress,
        size: packet.data.length,
      });
      this.#ramAddress += packet.data.length;
    }
    return { error, keepsError: true };
  }

  #memEnd(stay: number): Outcome {
    if (stay !== 0) return {};
    // With which code a real ROM refuses is not known.
    if (this.#refusesJumps()) return { error: ROM_ERROR.invalid };
    return { after: () => this.#machine.jump(this.#loaded) };
  }

  #writeReg(word: (index: number) => number): Outcome {
    const { memory } = this.#machine;
    const [address, value, mask] = [word(0), word(1), word(2)];
    const old = mask === 0xffff_ffff ? 0 : memory.readWord(address);
    memory.writeWord(address, (value & mask | old & ~mask) >>> 0);
    return {};
  }

  #attach(pins: number): Outcome {
    this.#machine.spi.attach(pins);
    return {};
  }

  #setParams(size: number): Outcome {
    this.#machine.flash.size = size;
    return {};
  }

  #refusesJumps(): boolean {
    const { silicon } = this.#machine;
    return silicon.securedJump !== undefined && hasSecureBoot(this.#machine);
  }

  /** Whether a program has put itself where the ROM expects its way to read flash. */
  #isDiverted(): boolean {
    const { silicon: { securedJump }, memory } = this.#machine;
    const pointer = securedJump?.readPointer;
    return pointer !== undefined && memory.readWord(pointer) !== 0;
  }

  async #readSlow(address: number, size: number): Promise<Outcome> {
    if (this.#isDiverted()) {
      await this.#machine.jump(this.#loaded);
      return { silent: true };
    }
    if (size > SLOW_READ_SIZE) {
      return { error: ROM_ERROR.readLength, dataSize: SLOW_READ_SIZE };
    }
    if (!this.#machine.flash.holds(address, size)) {
      return { error: ROM_ERROR.failed, dataSize: SLOW_READ_SIZE };
    }
    this.#reply.setData(this.#machine.flash.read(address, size));
    return { dataSize: SLOW_READ_SIZE };
  }

  #changeBaudRate(baudRate: number): Outcome {
    const { crystalHz } = this.#machine;
    const guess = this.#guessCrystal();
    const real = Math.round(baudRate * crystalHz / guess);
    return {
      after: async () => {
        this.#machine.setBaudRate(real);
        await this.#machine.send(EMPTY_FRAME);
      },
    };
  }

  /** What the ROM takes the crystal for, in hertz. */
  #guessCrystal(): number {
    const { crystalHz, silicon: { crystalGuess: guess }, memory } =
      this.#machine;
    switch (guess?.kind) {
      case undefined:
        return crystalHz;
      case "fixed":
        return guess.mhz * 1e6;
      case "register":
        return (memory.readWord(guess.address) >>> guess.shift) %
            2 ** guess.width * 1e6;
      case "calibrated":
        return 15_625 / 40 * (memory.readWord(guess.calibration) >>> 7) *
          (memory.readWord(guess.oscillator) & 0xff);
    }
  }

  #md5(address: number, size: number): Outcome {
    if (!this.#machine.flash.holds(address, size)) {
      return { error: ROM_ERROR.failed };
    }
    const digest = this.#machine.digest(this.#machine.flash.md5(address, size));
    const text = new TextEncoder().encode(digest.toHex());
    this.#reply.setData(text);
    return { dataSize: text.length };
  }

  #securityInfo(): Outcome {
    const info = encodeSecurityInfo(this.#machine);
    this.#reply.setData(info);
    return { dataSize: info.length, keepsError: true };
  }
}
