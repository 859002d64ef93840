/**
 * The flasher stub: a program for the chip's RAM that takes the ROM's place.
 *
 * @module
 */

import { formatAddress } from "../bytes.ts";
import {
  ChipError,
  CommandError,
  FrameError,
  TimeoutError,
} from "../errors.ts";
import type { OperationOptions } from "../progress.ts";
import { MEM_END, READ_FLASH_SLOW } from "../protocol/commands.ts";
import { decodeResponse, splitStatus } from "../protocol/packet.ts";
import { describeStatus } from "../protocol/status.ts";
import { loadSegment } from "./_load_segment.ts";
import { operate } from "./_operation.ts";
import type { FrameExchange, Link } from "./link.ts";
import { readFlashSecurity } from "./flash_security.ts";
import { readRevision } from "./identity.ts";
import { Loader } from "./loader.ts";

/** A stub as JSON files have it; the keys are esptool's. */
export interface StubImage {
  /** Where it is entered. */
  readonly entry: number;
  /** Its code, in base64. */
  readonly text: string;
  /** Where the code is loaded. */
  readonly text_start: number;
  /** Its data, in base64. */
  readonly data?: string;
  /** Where the data is loaded. */
  readonly data_start?: number;
  /** Where its cleared memory begins. */
  readonly bss_start?: number;
}

/** Options of {@linkcode runStub}. */
export interface RunStubOptions extends OperationOptions {
  /** A stub of one's own; Espressif's by default. */
  readonly stub?: StubImage | undefined;
}

/** A range of RAM, half-open. */
export interface RamRange {
  /** The first address. */
  readonly start: number;
  /** The first address behind it. */
  readonly end: number;
}

/** Each stub is loaded when it is first needed; the paths are written out so that they are found without running. */
const STUBS: Readonly<Record<string, () => Promise<{ default: StubImage }>>> = {
  esp8266: () =>
    import("npm:esptool-js@0.7.0/lib/targets/stub_flasher/esp8266.json", {
      with: { type: "json" },
    }),
  esp32: () =>
    import("npm:esptool-js@0.7.0/lib/targets/stub_flasher/esp32.json", {
      with: { type: "json" },
    }),
  esp32s2: () =>
    import("npm:esptool-js@0.7.0/lib/targets/stub_flasher/esp32s2.json", {
      with: { type: "json" },
    }),
  esp32s3: () =>
    import("npm:esptool-js@0.7.0/lib/targets/stub_flasher/esp32s3.json", {
      with: { type: "json" },
    }),
  esp32c3: () =>
    import("npm:esptool-js@0.7.0/lib/targets/stub_flasher/esp32c3.json", {
      with: { type: "json" },
    }),
  esp32c2: () =>
    import("npm:esptool-js@0.7.0/lib/targets/stub_flasher/esp32c2.json", {
      with: { type: "json" },
    }),
  esp32c6: () =>
    import("npm:esptool-js@0.7.0/lib/targets/stub_flasher/esp32c6.json", {
      with: { type: "json" },
    }),
  esp32h2: () =>
    import("npm:esptool-js@0.7.0/lib/targets/stub_flasher/esp32h2.json", {
      with: { type: "json" },
    }),
  esp32p4: () =>
    import("npm:esptool-js@0.7.0/lib/targets/stub_flasher/esp32p4.json", {
      with: { type: "json" },
    }),
  "esp32p4-rev1": () =>
    import("npm:esptool-js@0.7.0/lib/targets/stub_flasher/esp32p4-rev1.json", {
      with: { type: "json" },
    }),
  esp32c5: () =>
    import("npm:esptool-js@0.7.0/lib/targets/stub_flasher/esp32c5.json", {
      with: { type: "json" },
    }),
  esp32c61: () =>
    import("npm:esptool-js@0.7.0/lib/targets/stub_flasher/esp32c61.json", {
      with: { type: "json" },
    }),
  esp32h4: () =>
    import("npm:esptool-js@0.7.0/lib/targets/stub_flasher/esp32h4.json", {
      with: { type: "json" },
    }),
  esp32s31: () =>
    import("npm:esptool-js@0.7.0/lib/targets/stub_flasher/esp32s31.json", {
      with: { type: "json" },
    }),
};

/** What a stub says when it runs. */
const GREETING = "OHAI";

/**
 * Loads the stub that Espressif publishes for a chip.
 *
 * @param file The name in the chip's record.
 * @throws {ChipError} `stub-missing` if there is none.
 */
export async function importStub(file: string): Promise<StubImage> {
  const load = STUBS[file];
  if (load === undefined) throw missing(file);
  return (await load()).default;
}

function missing(what: string): ChipError {
  return new ChipError(`Cannot load stub "${what}": there is none`, {
    code: "stub-missing",
    hint: "Pass a stub, or use the ROM.",
  });
}

/**
 * Loads the stub that Espressif publishes for the chip that answers.
 *
 * @returns `undefined` if there is none for the family or for the chip's
 * revision, or if the chip runs none as it is secured.
 */
export async function publishedStub(
  loader: Loader,
  options: OperationOptions = {},
): Promise<StubImage | undefined> {
  const { stub } = loader.chip;
  if (loader.secureDownload) return undefined;
  if (stub?.secureBoot?.kind === "never") {
    const { secureBoot } = await readFlashSecurity(loader, options);
    if (secureBoot) return undefined;
  }
  if (stub?.earlier === undefined) return stub && await importStub(stub.file);
  const { major, minor } = await readRevision(loader, options);
  const isEarlier = major * 100 + minor < stub.earlier.before;
  const { file } = isEarlier ? stub.earlier : stub;
  return file === undefined ? undefined : await importStub(file);
}

/** The ranges of RAM that a stub needs: its code, its data. */
export function stubRanges(stub: StubImage): RamRange[] {
  const text = { start: stub.text_start, size: decodedSize(stub.text) };
  const ranges = [{ start: text.start, end: text.start + text.size }];
  if (stub.data !== undefined && stub.data_start !== undefined) {
    const dataEnd = stub.data_start + decodedSize(stub.data);
    const bss = stub.bss_start ?? stub.data_start;
    ranges.push({
      start: Math.min(bss, stub.data_start),
      end: Math.max(bss, dataEnd),
    });
  }
  return ranges;
}

function decodedSize(base64: string): number {
  return Uint8Array.fromBase64(base64).length;
}

/**
 * Uploads the stub and starts it. A stub that runs already is taken as it is.
 *
 * @returns A loader over the same line; the one passed in must not be used any more.
 * @throws {ChipError} `stub-missing` or `stub-failed`.
 */
export async function runStub(
  loader: Loader,
  options: RunStubOptions = {},
): Promise<Loader> {
  if (loader.isStub) return loader;
  const { link, chip } = loader;
  return await operate(
    link.clock,
    `run the stub on ${link.port}`,
    options,
    async (signal) => {
      const stub = options.stub ??
        await publishedStub(loader, { ...options, signal });
      if (stub === undefined) throw missing(chip.name);
      await upload(loader, stub, { ...options, signal });
      const pointer = await securedStart(loader, { signal });
      if (pointer !== undefined) {
        await loader.memEnd({ entry: 0 }, { signal });
        await loader.writeReg(pointer, stub.entry, { signal });
      }
      await link.exchange((line) => {
        if (pointer === undefined) line.request(MEM_END, { entry: stub.entry });
        else line.request(READ_FLASH_SLOW, { address: 0, size: 0 });
        return greeted(link, line, stub.entry, signal);
      });
      return new Loader(link, chip, {
        isStub: true,
        stub,
        usbMode: loader.usbMode,
      });
    },
  );
}

async function upload(
  loader: Loader,
  stub: StubImage,
  options: OperationOptions,
): Promise<void> {
  const segments = [{ address: stub.text_start, base64: stub.text }];
  if (stub.data !== undefined && stub.data_start !== undefined) {
    segments.push({ address: stub.data_start, base64: stub.data });
  }
  for (const { address, base64 } of segments) {
    const data = Uint8Array.fromBase64(base64);
    await loadSegment(loader, "stub", { address, data }, options);
  }
}

/** Where the pointer is by which a stub must be started, on a chip that jumps nowhere with secure boot. */
async function securedStart(
  loader: Loader,
  options: OperationOptions,
): Promise<number | undefined> {
  const start = loader.chip.stub?.secureBoot;
  if (start?.kind !== "pointer") return undefined;
  const { secureBoot } = await readFlashSecurity(loader, options);
  return secureBoot ? start.address : undefined;
}

/** Waits for the greeting of a stub that has been started; the ROM's reply before it may be missing. */
async function greeted(
  link: Link,
  line: FrameExchange,
  entry: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (let replied = false;; replied = true) {
    const frame = await nextFrame(link, line, entry, signal);
    const text = new TextDecoder("latin1").decode(frame);
    if (text === GREETING) return;
    if (replied || !isReply(frame)) {
      throw failed(`it says ${JSON.stringify(text.slice(0, 40))}`);
    }
  }
}

async function nextFrame(
  link: Link,
  line: FrameExchange,
  entry: number,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  try {
    return await line.receive({
      step: "OHAI",
      timeout: link.timeouts.default,
      signal,
    });
  } catch (error) {
    if (error instanceof TimeoutError && !signal?.aborted) {
      throw failed(
        `no greeting came from ${formatAddress(entry)} in ${error.ms} ms`,
        error,
      );
    }
    throw error;
  }
}

/** @throws {CommandError} If it is a refusal. */
function isReply(frame: Uint8Array): boolean {
  try {
    const response = decodeResponse(frame);
    const { status } = splitStatus(response.body, [0]);
    if (status >> 8 !== 0) {
      throw new CommandError(
        `Cannot run MEM_END: device answered ${describeStatus(status)}`,
        { code: "command-failed", command: MEM_END.name, status },
      );
    }
    return response.opcode === MEM_END.opcode;
  } catch (error) {
    if (error instanceof FrameError) return false;
    throw error;
  }
}

function failed(why: string, cause?: unknown): ChipError {
  return new ChipError(`Cannot run the stub: ${why}`, {
    code: "stub-failed",
    hint: "Reset the chip and try again, or use the ROM without the stub.",
    cause,
  });
}
