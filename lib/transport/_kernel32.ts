/**
 * The part of kernel32.dll that a serial port needs, and the text encoding of
 * Windows' wide functions.
 *
 * @module
 */

/** What `CreateFileW` answers instead of a handle when it fails. */
export const INVALID_HANDLE = 0xffff_ffff_ffff_ffffn;

/**
 * The kernel32 functions in use, so that tests can stand in for Windows.
 *
 * Names, parameters and results are those of the Win32 documentation; handles
 * are numbers. `…Async` runs the same function on a pool thread, where
 * `GetLastError` cannot see why it failed.
 */
export interface Kernel32 {
  /** Opens a device; blocks for as long as its driver takes. */
  CreateFileW(
    path: Uint8Array<ArrayBuffer>,
    access: number,
    share: number,
    security: null,
    disposition: number,
    flags: number,
    template: bigint,
  ): bigint;
  /** `CreateFileW` on a pool thread. */
  CreateFileWAsync(
    path: Uint8Array<ArrayBuffer>,
    access: number,
    share: number,
    security: null,
    disposition: number,
    flags: number,
    template: bigint,
  ): Promise<bigint>;
  /** Closes a handle. */
  CloseHandle(handle: bigint): number;
  /** `CloseHandle` on a pool thread: a driver may wait for its output there. */
  CloseHandleAsync(handle: bigint): Promise<number>;
  /** Why the call just before failed. Nothing may come in between. */
  GetLastError(): number;
  /** Reads the 28-byte DCB. */
  GetCommState(handle: bigint, dcb: Uint8Array<ArrayBuffer>): number;
  /** Applies a DCB. */
  SetCommState(handle: bigint, dcb: Uint8Array<ArrayBuffer>): number;
  /** Sets when a read or write ends by time: five 32-bit words. */
  SetCommTimeouts(handle: bigint, timeouts: Uint8Array<ArrayBuffer>): number;
  /** Recommends the sizes of the driver's queues, in bytes. */
  SetupComm(handle: bigint, input: number, output: number): number;
  /** Sets one modem line or the break. */
  EscapeCommFunction(handle: bigint, action: number): number;
  /** Drops what is queued. */
  PurgeComm(handle: bigint, actions: number): number;
  /** Reads the 12-byte COMSTAT and clears the line's error. */
  ClearCommError(
    handle: bigint,
    errors: Uint8Array<ArrayBuffer>,
    status: Uint8Array<ArrayBuffer>,
  ): number;
  /** Starts a read. */
  ReadFile(
    handle: bigint,
    buffer: Uint8Array<ArrayBuffer>,
    size: number,
    read: null,
    overlapped: Uint8Array<ArrayBuffer>,
  ): number;
  /** Starts a write. */
  WriteFile(
    handle: bigint,
    buffer: Uint8Array<ArrayBuffer>,
    size: number,
    written: null,
    overlapped: Uint8Array<ArrayBuffer>,
  ): number;
  /** Cancels all operations of a handle. */
  CancelIoEx(handle: bigint, overlapped: null): number;
  /** Turns a finished operation's status into a Win32 error. */
  GetOverlappedResult(
    handle: bigint,
    overlapped: Uint8Array<ArrayBuffer>,
    bytes: Uint8Array<ArrayBuffer>,
    wait: number,
  ): number;
  /** Makes a completion port, or ties a handle to one. */
  CreateIoCompletionPort(
    handle: bigint,
    port: bigint,
    key: bigint,
    threads: number,
  ): bigint;
  /** Waits for finished operations on a pool thread. */
  GetQueuedCompletionStatusEx(
    port: bigint,
    entries: Uint8Array<ArrayBuffer>,
    capacity: number,
    count: Uint8Array<ArrayBuffer>,
    timeout: number,
    alertable: number,
  ): Promise<number>;
  /** Queues an entry by hand. */
  PostQueuedCompletionStatus(
    port: bigint,
    bytes: number,
    key: bigint,
    overlapped: null,
  ): number;
  /** Where a buffer lies, as Windows will name it. */
  addressOf(buffer: Uint8Array<ArrayBuffer>): bigint;
  /** Unloads the library. */
  close(): void;
}

const CREATE_FILE = {
  name: "CreateFileW",
  parameters: ["buffer", "u32", "u32", "pointer", "u32", "u32", "usize"],
  result: "usize",
} as const;
const CLOSE_HANDLE = {
  name: "CloseHandle",
  parameters: ["usize"],
  result: "i32",
} as const;
const TRANSFER = {
  parameters: ["usize", "buffer", "u32", "pointer", "buffer"],
  result: "i32",
} as const;
const HANDLE_AND_BUFFER = {
  parameters: ["usize", "buffer"],
  result: "i32",
} as const;
const HANDLE_AND_WORD = {
  parameters: ["usize", "u32"],
  result: "i32",
} as const;

const SYMBOLS = {
  CreateFileW: CREATE_FILE,
  CreateFileWAsync: { ...CREATE_FILE, nonblocking: true },
  CloseHandle: CLOSE_HANDLE,
  CloseHandleAsync: { ...CLOSE_HANDLE, nonblocking: true },
  GetLastError: { parameters: [], result: "u32" },
  GetCommState: HANDLE_AND_BUFFER,
  SetCommState: HANDLE_AND_BUFFER,
  SetCommTimeouts: HANDLE_AND_BUFFER,
  SetupComm: { parameters: ["usize", "u32", "u32"], result: "i32" },
  EscapeCommFunction: HANDLE_AND_WORD,
  PurgeComm: HANDLE_AND_WORD,
  ClearCommError: {
    parameters: ["usize", "buffer", "buffer"],
    result: "i32",
  },
  ReadFile: TRANSFER,
  WriteFile: TRANSFER,
  CancelIoEx: { parameters: ["usize", "pointer"], result: "i32" },
  GetOverlappedResult: {
    parameters: ["usize", "buffer", "buffer", "i32"],
    result: "i32",
  },
  CreateIoCompletionPort: {
    parameters: ["usize", "usize", "usize", "u32"],
    result: "usize",
  },
  GetQueuedCompletionStatusEx: {
    parameters: ["usize", "buffer", "u32", "buffer", "u32", "i32"],
    result: "i32",
    nonblocking: true,
  },
  PostQueuedCompletionStatus: {
    parameters: ["usize", "u32", "usize", "pointer"],
    result: "i32",
  },
} as const satisfies Deno.ForeignLibraryInterface;

/** Loads kernel32.dll. Needs `--allow-ffi`. */
export function openKernel32(): Kernel32 {
  const library = Deno.dlopen("kernel32.dll", SYMBOLS);
  return {
    ...library.symbols,
    addressOf: (buffer) =>
      Deno.UnsafePointer.value(Deno.UnsafePointer.of(buffer)),
    close: () => library.close(),
  };
}

/** Makes a zeroed buffer that V8 never moves, as small typed arrays may be. */
export function fixedBuffer(size: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new ArrayBuffer(size));
}

/** Encodes text as UTF-16LE with a final NUL, as Windows' wide functions take it. */
export function encodeWide(text: string): Uint8Array<ArrayBuffer> {
  const bytes = fixedBuffer((text.length + 1) * 2);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < text.length; i++) {
    view.setUint16(i * 2, text.charCodeAt(i), true);
  }
  return bytes;
}

/** Decodes UTF-16LE strings that end with a NUL each: one `REG_SZ`, or a `REG_MULTI_SZ`. */
export function decodeWide(bytes: Uint8Array): string[] {
  const text = new TextDecoder("utf-16le").decode(bytes);
  return text.split("\0").filter((part) => part !== "");
}
