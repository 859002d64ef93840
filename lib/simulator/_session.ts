import { type Clock, delay } from "../clock.ts";
import type { ChipFamily } from "../chips/family.ts";
import { SPI_SET_PARAMS } from "../protocol/commands.ts";
import type { RequestPacket } from "../protocol/packet.ts";
import { FlashDriver } from "./_flash_driver.ts";
import { holdsGreeting } from "./_greeting.ts";
import type { LoadedRange, Machine, Program } from "./_machine.ts";
import { cipherOf } from "./_security.ts";
import { type ResetCause, type Silicon, siliconOf } from "./_silicon.ts";
import type {
  BehaviorHooks,
  IgnoreVerdict,
  RefuseVerdict,
} from "./behaviors.ts";
import type { VirtualApp } from "./board_options.ts";
import { bootBanner, bootFromFlash } from "./boot_log.ts";
import type { FlashMemory } from "./flash_memory.ts";
import type { MemoryMap } from "./memory_map.ts";
import { RomLoader } from "./rom.ts";
import type { SpiController } from "./spi_controller.ts";
import { StubLoader } from "./stub.ts";
import type { FlashTiming, TimingMode } from "./timing.ts";
import { commandName, type LoaderKind, type Traffic } from "./traffic.ts";

/** How often a boot loop is shown; silicon goes on for ever. */
const LOOP_ROUNDS = 5;

/** What a session is made of, beside its own state. */
export interface SessionOptions {
  readonly chip: ChipFamily;
  readonly memory: MemoryMap;
  readonly spi: SpiController;
  readonly flash: FlashMemory;
  /** The flash encryption key. */
  readonly flashKey: Uint8Array | undefined;
  readonly crystalHz: number;
  /** Whether the ROM's loader is in secure download mode. */
  readonly secureDownload: boolean;
  readonly traffic: Traffic;
  readonly clock: Clock;
  readonly timing: TimingMode;
  readonly flashTiming: FlashTiming;
  /** The faults, the one that was added last first. */
  readonly hooks: readonly BehaviorHooks[];
  /** What the application prints when it starts. */
  readonly appText: string;
  /** What the application does with what it is sent. */
  readonly app: VirtualApp | undefined;
  /** What a program in RAM prints when it starts. */
  readonly ramText: string;
  /** Puts bytes on the line; yields how long they take there, in milliseconds. */
  readonly transmit: (bytes: Uint8Array) => number;
  /** Changes the UART's speed. */
  readonly setBaudRate: (baudRate: number) => void;
  /** Resets the chip; the straps keep what they were. */
  readonly restart: (cause: ResetCause) => void;
}

/** What runs on the chip. */
export type RunState = "rom" | "stub" | "app";

/** The chip from one reset to the next. */
export class Session implements Machine {
  readonly silicon: Silicon;
  readonly flash: FlashDriver;
  /** What runs. */
  state: RunState = "rom";
  readonly #options: SessionOptions;
  readonly #end = new AbortController();
  #program: Program | undefined;
  #runsApp = false;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.silicon = siliconOf(options.chip);
    this.flash = new FlashDriver({
      memory: options.flash,
      timing: options.flashTiming,
      work: (ms) => this.#work(ms),
      onRead: () => options.spi.markRead(),
      connected: () => options.spi.attached,
      cipher: () => cipherOf(options.chip, options.memory, options.flashKey),
    });
    // A ROM that cannot be told the size does not check it.
    if (!options.chip.rom.opcodes.includes(SPI_SET_PARAMS.opcode)) {
      this.flash.size = options.flash.size;
    }
  }

  get chip(): ChipFamily {
    return this.#options.chip;
  }

  get memory(): MemoryMap {
    return this.#options.memory;
  }

  get spi(): SpiController {
    return this.#options.spi;
  }

  get crystalHz(): number {
    return this.#options.crystalHz;
  }

  get secureDownload(): boolean {
    return this.#options.secureDownload;
  }

  get traffic(): Traffic {
    return this.#options.traffic;
  }

  /** Aborts when the chip is reset or loses power. */
  get signal(): AbortSignal {
    return this.#end.signal;
  }

  /** Ends the session: whatever still waits in it rejects. */
  end(): void {
    this.#end.abort();
  }

  /** Runs the mask ROM, up to where it takes bytes. */
  async boot(cause: ResetCause, download: boolean): Promise<void> {
    const { chip, hooks } = this.#options;
    if (hooks.some((hook) => hook.bootLoop)) {
      this.state = "app";
      await this.#loop(cause);
    } else if (download) {
      this.#program = new RomLoader(this);
      await this.print(bootBanner(chip, { cause, download }));
    } else {
      this.state = "app";
      await this.print(bootBanner(chip, { cause, download }));
      await this.#bootApp();
    }
  }

  /** Hands bytes to whatever runs. */
  async receive(bytes: Uint8Array): Promise<void> {
    if (this.#runsApp) {
      await this.#options.app?.(bytes, (answer) => this.send(answer));
    } else await this.#program?.receive(bytes);
  }

  async send(bytes: Uint8Array): Promise<void> {
    this.#end.signal.throwIfAborted();
    await this.#work(this.#options.transmit(bytes));
  }

  async print(text: string): Promise<void> {
    if (text === "") return;
    this.traffic.record({ kind: "text", text });
    await this.send(new TextEncoder().encode(text));
  }

  setBaudRate(baudRate: number): void {
    this.#options.setBaudRate(baudRate);
  }

  async ask(
    request: RequestPacket,
    loader: LoaderKind,
  ): Promise<IgnoreVerdict | RefuseVerdict | undefined> {
    const { opcode, body } = request;
    const name = commandName(opcode);
    this.traffic.record({ kind: "request", loader, opcode, name, body });
    for (const hook of this.#options.hooks) {
      const verdict = hook.request?.(request, loader);
      if (verdict === undefined) continue;
      if (verdict.kind !== "delay") return verdict;
      const { clock } = this.#options;
      await delay(clock, verdict.ms, { signal: this.signal });
    }
    return undefined;
  }

  digest(md5: Uint8Array): Uint8Array {
    return this.#options.hooks.reduce(
      (digest, hook) => hook.digest?.(digest) ?? digest,
      md5,
    );
  }

  async jump(loaded: readonly LoadedRange[]): Promise<void> {
    const stub = loaded.some(({ address, size }) =>
      holdsGreeting(this.memory.read(address, size))
    );
    if (!stub) {
      this.#leave();
      return await this.print(this.#options.ramText);
    }
    // A stub reads the flash chip's size from its id.
    this.flash.size = this.#options.flash.size;
    this.flash.fourByteAddresses = this.chip.flash.beyond16MB;
    const program = new StubLoader(this);
    this.state = "stub";
    this.#program = program;
    await program.greet();
  }

  async runFlash(): Promise<void> {
    const { text, stays } = this.silicon.nothingToRun;
    const image = bootFromFlash(this.chip, this.#options.flash);
    if (image.runs) {
      this.#leave();
      this.#runsApp = true;
      await this.print(image.text + this.#options.appText);
    } else {
      if (!stays) this.#leave();
      await this.print(text);
    }
  }

  restart(cause: ResetCause): void {
    this.#options.restart(cause);
  }

  #leave(): void {
    this.state = "app";
    this.#program = undefined;
  }

  async #bootApp(): Promise<void> {
    const { chip, flash, appText } = this.#options;
    const image = bootFromFlash(chip, flash);
    this.#runsApp = image.runs;
    await this.print(image.runs ? image.text + appText : image.text);
  }

  async #loop(cause: ResetCause): Promise<void> {
    const { chip } = this.#options;
    await this.print(bootBanner(chip, { cause, download: false }));
    const again = bootBanner(chip, { cause: "watchdog", download: false });
    await this.print(again.repeat(LOOP_ROUNDS - 1));
  }

  async #work(ms: number): Promise<void> {
    const { clock, timing } = this.#options;
    this.signal.throwIfAborted();
    if (timing === "clocked" && ms > 0) {
      await delay(clock, ms, { signal: this.signal });
    }
  }
}
