/**
 * The virtual board: a chip, its flash, its crystal and the reset circuit of a
 * development board. It takes bytes and modem lines and answers as silicon does.
 *
 * @module
 */

import { setImmediate } from "node:timers/promises";
import { formatMac, parseMac } from "../bytes.ts";
import type { ChipFamily } from "../chips/family.ts";
import { chipById } from "../chips/registry.ts";
import { type Clock, systemClock } from "../clock.ts";
import { TransportError } from "../errors.ts";
import type { Transport, TransportInfo } from "../transport/transport.ts";
import { BoardLink, type LinkKind } from "./_board_link.ts";
import { parseFlashPins } from "./_flash_pins.ts";
import { isFlashPowered } from "./_flash_supply.ts";
import { ForcedDownload } from "./_forced_download.ts";
import { defineIdentity, defineRegisters } from "./_identity.ts";
import { countUp, parseFlashSize } from "./_parse_options.ts";
import {
  type ResetCircuit,
  TransistorPair,
  UsbOtg,
  UsbSerialJtag,
} from "./_reset_circuit.ts";
import { Session } from "./_session.ts";
import { bootBaudOf, type ResetCause, siliconOf } from "./_silicon.ts";
import { holdsSync, resample } from "./_uart.ts";
import type { BehaviorHooks } from "./behaviors.ts";
import type { VirtualBoardOptions } from "./board_options.ts";
import { FlashMemory } from "./flash_memory.ts";
import { MemoryMap } from "./memory_map.ts";
import { SpiController } from "./spi_controller.ts";
import { GD25Q32C_TIMING } from "./timing.ts";
import { Traffic } from "./traffic.ts";

export type { LinkKind, VirtualBoardOptions };

/** How a host is plugged in. */
export interface OpenBoardOptions {
  /** The host's speed at first, in baud. @default {115200} */
  readonly baudRate?: number | undefined;
  /** Ends the attempt. */
  readonly signal?: AbortSignal | undefined;
  /** What the cable can carry. @default {"serial"} */
  readonly link?: LinkKind | undefined;
}

/** Which program runs; `off` without power and while EN is held low. */
export type BoardState = "rom" | "stub" | "app" | "off";

const USB_VENDOR_ESPRESSIF = 0x303a;
/** How much a board does before the event loop gets its turn. */
const WORKS_PER_TURN = 64;
const DEFAULT_BAUD = 115_200;
/** The end of a made-up MAC address. */
const DEFAULT_MAC_END = "000001";

/** A board that exists in memory only. */
export class VirtualBoard implements AsyncDisposable {
  /** What the board is called in messages: `sim://esp32`, or with its name `sim://esp32#left`. */
  readonly port: string;
  /** The chip that the board is said to have. */
  readonly chip: ChipFamily;
  /** The MAC address, lower case with colons. */
  readonly mac: string;
  /** The flash chip. */
  readonly flash: FlashMemory;
  /** What has been seen and said. */
  readonly traffic: Traffic = new Traffic();
  readonly #options: VirtualBoardOptions;
  /** The chip that is really on the board. */
  readonly #silicon: ChipFamily;
  readonly #crystalHz: number;
  readonly #clock: Clock;
  readonly #memory: MemoryMap;
  readonly #spi: SpiController;
  readonly #hooks: readonly BehaviorHooks[];
  readonly #circuit: ResetCircuit;
  readonly #forced: ForcedDownload;
  #strap: "auto" | "download" | "run";
  #download = false;
  #baudRate = DEFAULT_BAUD;
  #measuresLine = false;
  #bitten = false;
  #busy: Promise<void> = Promise.resolve();
  #works = 0;
  #session: Session | undefined;
  #link: BoardLink | undefined;
  #powered = false;
  #closed = false;

  /**
   * Makes a board without power; plugging a host in gives it power.
   *
   * @throws {RangeError} If an option's value does not exist.
   * @throws {SyntaxError} If the MAC address or revision cannot be read.
   */
  constructor(options: VirtualBoardOptions) {
    this.#options = options;
    this.chip = chipById(options.chip);
    const { behaviors = [], name } = options;
    const other = behaviors.findLast((behavior) => behavior.chip !== undefined);
    this.#silicon = other?.chip === undefined
      ? this.chip
      : chipById(other.chip);
    this.port = `sim://${this.chip.id}${name === undefined ? "" : `#${name}`}`;
    this.#clock = options.clock ?? systemClock;
    this.#strap = options.strap ?? "auto";
    const silicon = siliconOf(this.#silicon);
    this.#crystalHz = (options.crystalMhz ?? silicon.crystalMhz) * 1_000_000;
    const mac = countUp(
      parseMac(options.mac ?? silicon.oui + DEFAULT_MAC_END),
      options.index ?? 0,
    );
    this.mac = formatMac(mac);
    this.flash = new FlashMemory({
      size: parseFlashSize(options.flashSize ?? "4MB"),
      jedecId: options.flashId,
      content: options.flash,
      sfdp: options.sfdp,
    });
    this.#memory = new MemoryMap(this.#silicon.memory);
    this.#spi = new SpiController({
      registers: this.#silicon.registers.spi,
      memory: this.#memory,
      flash: this.flash,
      usrReset: silicon.spiUsr,
      timing: options.flashTiming ?? GD25Q32C_TIMING,
      clock: options.timing === "clocked" ? this.#clock : undefined,
      powered: () => isFlashPowered(this.#silicon, this.#memory),
      namedPins: silicon.flashPins,
      flashPins: parseFlashPins(options.flashPins ?? "SPI", silicon.flashPins),
    });
    this.#forced = new ForcedDownload(this.#silicon, this.#memory);
    this.#circuit = this.#makeCircuit();
    defineIdentity(this.#silicon, this.#memory, mac, options);
    defineRegisters(this.#silicon, this.#memory, {
      usb: options.usb,
      crystalHz: this.#crystalHz,
      baudRate: () => this.#baudRate,
      download: () => this.#download,
      onBite: () => void (this.#bitten = true),
    });
    this.#hooks = behaviors.map((behavior) =>
      behavior.start({
        flash: this.flash,
        brownOut: () => this.#brownOut(),
        unplug: () => this.unplug(),
      })
    ).reverse();
  }

  /** What runs. */
  get state(): BoardState {
    return this.#session?.state ?? "off";
  }

  /** The speed of the board's UART, in baud. */
  get baudRate(): number {
    return this.#baudRate;
  }

  /**
   * Plugs a host in. The first time, and after {@linkcode unplug}, the board
   * gets power and starts; otherwise it goes on as it was left.
   *
   * @throws {TransportError} `port-busy` if a host is plugged in, `port-closed` if the board is closed.
   */
  // deno-lint-ignore require-await -- a failure to open rejects
  async open(options: OpenBoardOptions = {}): Promise<Transport> {
    const { baudRate, signal, link: kind = "serial" } = options;
    signal?.throwIfAborted();
    if (this.#closed || this.#link !== undefined) {
      throw new TransportError(
        `Cannot open ${this.port}: ${
          this.#closed ? "the board is closed" : "another host is plugged in"
        }`,
        { code: this.#closed ? "port-closed" : "port-busy" },
      );
    }
    const link: BoardLink = new BoardLink({
      port: this.port,
      kind,
      hasSpeed: kind !== "stream" && !this.#isUsb(),
      info: this.#adapter(),
      baudRate,
      clock: this.#clock,
      timing: this.#options.timing ?? "instant",
      onLines: ({ dtr, rts }) => {
        this.traffic.record({ kind: "signals", dtr, rts });
        this.#circuit.set({ dtr, rts });
      },
      onBaudRate: (baudRate) =>
        this.traffic.record({ kind: "baud", side: "host", baudRate }),
      onBytes: (bytes) => this.#hear(bytes),
      onEnd: () => {
        if (this.#link === link) this.#link = undefined;
      },
    });
    this.#link = link;
    if (!this.#powered) this.#powerOn(kind);
    return link.host;
  }

  /** Presses the reset button. IO0 is low if the strap says `download`. */
  reset(): void {
    if (this.#powered) this.#start("enable-pin", false);
  }

  /** Pulls the cable, which takes the power away too: RAM and the running program are lost. */
  unplug(): void {
    this.#powered = false;
    this.#stop();
    this.#memory.clear();
    this.flash.reset();
    const link = this.#link;
    this.#link = undefined;
    link?.unplug();
  }

  /** Takes the board away for good; a host that is plugged in finds its port gone. Closing twice is harmless. */
  async close(): Promise<void> {
    this.#closed = true;
    this.unplug();
    await this.#busy;
  }

  /** Closes the board. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #makeCircuit(): ResetCircuit {
    const target = {
      hold: () => this.#stop(),
      start: (io0Low: boolean) =>
        this.#start(this.#isUsb() ? "usb" : "enable-pin", io0Low),
    };
    if (this.#options.usb === "otg") {
      return new UsbOtg({
        isApp: () => this.state === "app",
        restart: (download) => {
          this.#forced.isSet = download;
          this.#start("software", false);
        },
      });
    }
    return this.#isUsb()
      ? new UsbSerialJtag(target)
      : new TransistorPair(target);
  }

  /** Whether the host is at the chip itself, without an adapter. */
  #isUsb(): boolean {
    return (this.#options.usb ?? "bridge") !== "bridge";
  }

  #adapter(): Partial<TransportInfo> {
    const { jtagProductId, otgProductId } = this.#silicon.usb ?? {};
    const isOtg = this.#options.usb === "otg";
    const usbProductId = isOtg ? otgProductId : jtagProductId;
    if (!this.#isUsb()) return {};
    return { usbVendorId: USB_VENDOR_ESPRESSIF, usbProductId };
  }

  #powerOn(kind: LinkKind): void {
    this.#powered = true;
    if (this.#options.strap === undefined && kind !== "serial") {
      this.#strap = "download";
    }
    this.#start("power-on", false);
  }

  /** Ends what runs, without starting anything. */
  #stop(): void {
    this.#session?.end();
    this.#session = undefined;
    this.#link?.flush();
  }

  /** Samples the straps and starts the chip. */
  #start(cause: ResetCause, io0Low: boolean): void {
    this.#forced.reset(cause);
    this.#download = this.#strap === "download" || this.#forced.isSet ||
      (this.#strap === "auto" && io0Low);
    this.#boot(cause);
  }

  /** Starts the chip; the straps are as they were sampled last. */
  #boot(cause: ResetCause): void {
    this.#stop();
    this.#bitten = false;
    // A CPU reset leaves RAM and the RTC's registers alone.
    if (cause !== "software") this.#memory.clear();
    this.#forced.show();
    this.#spi.reset();
    this.#baudRate = bootBaudOf(this.#silicon, this.#crystalHz);
    this.#measuresLine = this.#download;
    const mode = this.#download ? "download" : "run";
    this.traffic.record({ kind: "reset", cause, mode });
    const session = this.#makeSession();
    this.#session = session;
    this.#enqueue(session, () => session.boot(cause, this.#download));
  }

  #makeSession(): Session {
    return new Session({
      chip: this.#silicon,
      memory: this.#memory,
      spi: this.#spi,
      flash: this.flash,
      flashKey: this.#options.flashKey,
      crystalHz: this.#crystalHz,
      secureDownload: this.#options.secureDownload ?? false,
      traffic: this.traffic,
      clock: this.#clock,
      timing: this.#options.timing ?? "instant",
      flashTiming: this.#options.flashTiming ?? GD25Q32C_TIMING,
      hooks: this.#hooks,
      appText: this.#options.appText ?? "",
      app: this.#options.app,
      ramText: this.#options.ramText ?? "",
      transmit: (bytes) => this.#transmit(bytes),
      setBaudRate: (baudRate) => this.#setBaudRate(baudRate),
      restart: (cause) => this.#boot(cause),
    });
  }

  #brownOut(): void {
    const text = siliconOf(this.#silicon).boot.brownOut;
    if (text !== "") {
      this.traffic.record({ kind: "text", text });
      this.#transmit(new TextEncoder().encode(text));
    }
    // The straps are sampled anew: nobody pulls IO0 low now.
    this.#start("brown-out", false);
  }

  #setBaudRate(baudRate: number): void {
    this.#baudRate = baudRate;
    this.traffic.record({ kind: "baud", side: "board", baudRate });
  }

  #transmit(bytes: Uint8Array): number {
    const sent = this.#hooks.reduce(
      (sent, hook) => hook.send?.(sent) ?? sent,
      bytes,
    );
    this.traffic.bytesToHost += sent.length;
    return this.#link?.send(sent, this.#baudRate) ?? 0;
  }

  /** Takes bytes off the line. Settles when the program has dealt with them. */
  #hear(bytes: Uint8Array): Promise<void> {
    this.traffic.bytesFromHost += bytes.length;
    let received = bytes;
    for (const hook of this.#hooks) {
      received = hook.receive?.(received) ?? received;
    }
    const session = this.#session;
    if (session === undefined || received.length === 0) return this.#busy;
    const heard = this.#listen(received);
    return this.#enqueue(session, async () => {
      await session.receive(heard);
      if (this.#bitten) this.#start("watchdog", false);
    });
  }

  /** What the UART makes of the bytes. The ROM takes the line's speed from the first SYNC. */
  #listen(bytes: Uint8Array): Uint8Array {
    const hostBaud = this.#link?.baudRate;
    if (this.#measuresLine && holdsSync(bytes)) {
      this.#measuresLine = false;
      this.#baudRate = hostBaud ?? DEFAULT_BAUD;
    }
    if (hostBaud === undefined) return bytes;
    return resample(bytes, hostBaud, this.#baudRate);
  }

  /** Runs one piece of work after the other; what a reset cuts short ends silently. */
  #enqueue(session: Session, work: () => Promise<void>): Promise<void> {
    const done = this.#busy.then(async () => {
      // Board and host could hand each other bytes for ever without the event
      // loop getting its turn: no timer would fire, and no signal come through.
      // A clock that stands still gives turns itself.
      const turn = ++this.#works % WORKS_PER_TURN === 0;
      if (turn && this.#clock === systemClock) await setImmediate();
      if (session.signal.aborted) return;
      try {
        await work();
      } catch (error) {
        if (!session.signal.aborted) throw error;
      }
    });
    this.#busy = done.catch(() => {});
    return done;
  }
}
