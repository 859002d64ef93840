import type { ChipFamily } from "../chips/family.ts";
import type { RequestPacket } from "../protocol/packet.ts";
import type { ResetCause, Silicon } from "./_silicon.ts";
import type { IgnoreVerdict, RefuseVerdict } from "./behaviors.ts";
import type { FlashDriver } from "./_flash_driver.ts";
import type { MemoryMap } from "./memory_map.ts";
import type { SpiController } from "./spi_controller.ts";
import type { LoaderKind, Traffic } from "./traffic.ts";

/** A running program: the ROM's loader, the stub, or the application. */
export interface Program {
  /** Takes bytes from the UART. */
  receive(bytes: Uint8Array): Promise<void>;
}

/**
 * What a program runs on, from one reset to the next. After the next reset
 * every call rejects, so that an old program ends wherever it waits.
 */
export interface Machine {
  /** The chip's record. */
  readonly chip: ChipFamily;
  /** The chip beyond its record. */
  readonly silicon: Silicon;
  /** The address space. */
  readonly memory: MemoryMap;
  /** The flash controller. */
  readonly spi: SpiController;
  /** Flash as a driver sees it. */
  readonly flash: FlashDriver;
  /** The crystal, in hertz. */
  readonly crystalHz: number;
  /** Whether the ROM's loader is in secure download mode. */
  readonly secureDownload: boolean;
  /** What is recorded. */
  readonly traffic: Traffic;
  /** Sends bytes; settles when the UART has taken them. */
  send(bytes: Uint8Array): Promise<void>;
  /** Prints text. */
  print(text: string): Promise<void>;
  /** Changes the UART's speed. */
  setBaudRate(baudRate: number): void;
  /** Records a request and says what a fault makes of it. A delay is already over. */
  ask(
    request: RequestPacket,
    loader: LoaderKind,
  ): Promise<IgnoreVerdict | RefuseVerdict | undefined>;
  /** Passes a digest through the faults. */
  digest(md5: Uint8Array): Uint8Array;
  /** Jumps into RAM, of which these ranges have been loaded. */
  jump(loaded: readonly LoadedRange[]): Promise<void>;
  /** Leaves the loader for the application in flash, as the ROM's `user code` call does. */
  runFlash(): Promise<void>;
  /** Resets the chip; the straps keep what they were. */
  restart(cause: ResetCause): void;
}

/** A piece of RAM that MEM_DATA has filled. */
export interface LoadedRange {
  /** Where. */
  readonly address: number;
  /** How many bytes. */
  readonly size: number;
}
