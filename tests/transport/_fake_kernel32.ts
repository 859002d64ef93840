import type { Kernel32 } from "../../lib/transport/_kernel32.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const STATUS_SUCCESS = 0;
const STATUS_TIMEOUT = 0x102;
const STATUS_CANCELLED = 0xc000_0120;
const ERROR_INVALID_HANDLE = 6;
const ERROR_IO_PENDING = 997;
/** What `GetLastError` yields after anything that leaves no error of its own. */
const STALE_ERROR = 0xdead;
const INVALID_HANDLE = 0xffff_ffff_ffff_ffffn;
const IOCP_HANDLE = 0x100n;

interface Pending {
  readonly kind: "read" | "write";
  readonly handle: bigint;
  readonly buffer: Bytes;
  readonly size: number;
  readonly overlapped: Bytes;
}

interface Packet {
  readonly handle: bigint;
  readonly address: bigint;
  readonly status: number;
  readonly bytes: number;
}

/**
 * Windows, as far as a serial port sees it. Reads and writes answer
 * `ERROR_IO_PENDING` and come back as packets of the completion port;
 * `GetLastError` knows only of the call just before, and of none on a pool
 * thread.
 */
export class FakeKernel32 implements Kernel32 {
  /** Every call that changes something, as `Name(arguments)`. */
  readonly calls: string[] = [];
  /** Bytes that were written and taken. */
  readonly written: number[] = [];
  readonly openHandles = new Set<bigint>();
  /** The device's DCB. */
  dcb: Bytes = hex(
    "1c000000 80250000 11100000 0000 000a 8002 07 02 02 13 14 00 00 00 0000",
  );
  /** What `CreateFileW` fails with. */
  openError = 0;
  /** What every call on the handle fails with. */
  deviceError = 0;
  /** What a function, by its name, fails with. */
  readonly failing = new Map<string, number>();
  /** What the driver makes of a speed asked for. */
  toBaudRate = (wanted: number): number => wanted;
  /** Bytes that a write takes at most. */
  writeLimit = Infinity;
  /** Whether writes wait for {@linkcode finishWrite}. */
  holdWrites = false;
  /** Whether operations that can end at once do so, as those of some drivers. */
  immediate = false;
  /** What `ClearCommError` reports as not yet sent, one answer a call. */
  outputQueue: number[] = [];
  timeouts: Bytes | undefined;
  closed = false;
  #lastError = STALE_ERROR;
  #nextHandle = 0x200n;
  #input: number[] = [];
  readonly #operations: Pending[] = [];
  readonly #packets: Packet[] = [];
  #poll: (() => void) | undefined;
  readonly #addresses = new WeakMap<Bytes, bigint>();
  #nextAddress = 0x7ff0_0000_0000n;
  readonly #failures = new WeakMap<Bytes, number>();

  /** Lets the device send bytes. */
  receive(...bytes: number[]): void {
    this.#input.push(...bytes);
    const index = this.#operations.findIndex(({ kind }) => kind === "read");
    if (index >= 0) this.#answerRead(index);
  }

  /** Ends the pending read with no bytes, as its timeout does. */
  timeOutRead(): void {
    this.#end(this.#take("read"), STATUS_TIMEOUT, 0);
  }

  /** Ends the pending read as cancelled, though nobody asked. */
  cancelRead(): void {
    this.#end(this.#take("read"), STATUS_CANCELLED, 0, 995);
  }

  /** Ends the held write as cancelled, though nobody asked. */
  cancelWrite(): void {
    this.#end(this.#take("write"), STATUS_CANCELLED, 0, 995);
  }

  /** Ends the held write. */
  finishWrite(): void {
    this.#answerWrite(this.#take("write"));
  }

  /** Pulls the plug: what is pending ends with `error`, and so does what comes. */
  unplug(error: number, status = 0xc000_0001): void {
    this.deviceError = error;
    for (const operation of this.#operations.splice(0)) {
      this.#end(operation, status, 0, error);
    }
  }

  get pendingReads(): number {
    return this.#operations.filter(({ kind }) => kind === "read").length;
  }

  get pendingWrites(): number {
    return this.#operations.filter(({ kind }) => kind === "write").length;
  }

  CreateFileW(
    path: Bytes,
    access: number,
    share: number,
    _security: null,
    disposition: number,
    flags: number,
    template: bigint,
  ): bigint {
    const name = new TextDecoder("utf-16le").decode(path);
    this.calls.push(
      `CreateFileW(${name.replace("\0", "")}, ${
        access.toString(16)
      }, ${share}, ${disposition}, ${flags.toString(16)}, ${template})`,
    );
    if (this.openError !== 0) {
      this.#lastError = this.openError;
      return INVALID_HANDLE;
    }
    const handle = this.#nextHandle++;
    this.openHandles.add(handle);
    return handle;
  }

  async CreateFileWAsync(
    ...args: Parameters<Kernel32["CreateFileW"]>
  ): Promise<bigint> {
    const handle = await Promise.resolve(this.CreateFileW(...args));
    this.#lastError = STALE_ERROR; // the pool thread's own
    return handle;
  }

  CloseHandle(handle: bigint): number {
    this.calls.push(`CloseHandle(${handle})`);
    // What was cancelled, too, ends only when its packet is taken.
    const busy = [...this.#operations, ...this.#packets]
      .some((each) => each.handle === handle);
    const broken = this.failing.has("GetQueuedCompletionStatusEx");
    if (busy && !broken) throw new Error("Closed with an operation under way");
    return this.openHandles.delete(handle) ? 1 : this.#fail(6);
  }

  CloseHandleAsync(handle: bigint): Promise<number> {
    return Promise.resolve(this.CloseHandle(handle));
  }

  GetLastError(): number {
    const error = this.#lastError;
    this.#lastError = STALE_ERROR;
    return error;
  }

  GetCommState(handle: bigint, dcb: Bytes): number {
    if (dcb[0] !== 28) throw new Error("DCBlength is not set");
    return this.#call("GetCommState", handle, () => dcb.set(this.dcb));
  }

  SetCommState(handle: bigint, dcb: Bytes): number {
    const view = new DataView(dcb.buffer);
    return this.#call("SetCommState", handle, () => {
      const wanted = view.getUint32(4, true);
      this.calls.push(`SetCommState(${wanted})`);
      this.dcb = dcb.slice();
      new DataView(this.dcb.buffer)
        .setUint32(4, this.toBaudRate(wanted), true);
    });
  }

  SetCommTimeouts(handle: bigint, timeouts: Bytes): number {
    return this.#call("SetCommTimeouts", handle, () => {
      this.timeouts = timeouts.slice();
    });
  }

  SetupComm(handle: bigint): number {
    return this.#call("SetupComm", handle, () => {});
  }

  EscapeCommFunction(handle: bigint, action: number): number {
    return this.#call("EscapeCommFunction", handle, () => {
      this.calls.push(`EscapeCommFunction(${action})`);
    });
  }

  PurgeComm(handle: bigint, actions: number): number {
    return this.#call("PurgeComm", handle, () => {
      this.calls.push(`PurgeComm(${actions})`);
      if ((actions & 0x8) !== 0) this.#input = [];
      if ((actions & 0x1) !== 0) this.#cancel(handle, "write");
      if ((actions & 0x2) !== 0) this.#cancel(handle, "read");
    });
  }

  ClearCommError(handle: bigint, _errors: Bytes, status: Bytes): number {
    return this.#call("ClearCommError", handle, () => {
      const queued = this.outputQueue.shift() ?? 0;
      new DataView(status.buffer).setUint32(8, queued, true);
    });
  }

  ReadFile(
    handle: bigint,
    buffer: Bytes,
    size: number,
    _read: null,
    overlapped: Bytes,
  ): number {
    return this.#start({ kind: "read", handle, buffer, size, overlapped });
  }

  WriteFile(
    handle: bigint,
    buffer: Bytes,
    size: number,
    _written: null,
    overlapped: Bytes,
  ): number {
    return this.#start({ kind: "write", handle, buffer, size, overlapped });
  }

  CancelIoEx(handle: bigint): number {
    this.calls.push(`CancelIoEx(${handle})`);
    const before = this.#operations.length;
    this.#cancel(handle, "read");
    this.#cancel(handle, "write");
    return this.#operations.length < before ? 1 : this.#fail(1168);
  }

  GetOverlappedResult(
    handle: bigint,
    overlapped: Bytes,
    _bytes: Bytes,
    _wait: number,
  ): number {
    if (!this.openHandles.has(handle)) return this.#fail(ERROR_INVALID_HANDLE);
    const error = this.#failures.get(overlapped) ?? 0;
    return error === 0 ? 1 : this.#fail(error);
  }

  CreateIoCompletionPort(handle: bigint, port: bigint): bigint {
    this.calls.push(
      handle === INVALID_HANDLE ? "CreatePort()" : `Attach(${handle})`,
    );
    if (handle === INVALID_HANDLE) this.openHandles.add(IOCP_HANDLE);
    else if (!this.openHandles.has(handle) || port !== IOCP_HANDLE) return 0n;
    return IOCP_HANDLE;
  }

  async GetQueuedCompletionStatusEx(
    _port: bigint,
    entries: Bytes,
    capacity: number,
    count: Bytes,
  ): Promise<number> {
    if (this.#poll !== undefined) throw new Error("Two waits at once");
    if (this.#packets.length === 0) {
      await new Promise<void>((resolve) => this.#poll = resolve);
      this.#poll = undefined;
    }
    this.#lastError = STALE_ERROR;
    const error = this.failing.get("GetQueuedCompletionStatusEx");
    if (error !== undefined) return 0;
    const view = new DataView(entries.buffer);
    const packets = this.#packets.splice(0, capacity);
    packets.forEach(({ address, status, bytes }, index) => {
      view.setBigUint64(index * 32, 0n, true);
      view.setBigUint64(index * 32 + 8, address, true);
      view.setBigUint64(index * 32 + 16, BigInt(status), true);
      view.setUint32(index * 32 + 24, bytes, true);
    });
    new DataView(count.buffer).setUint32(0, packets.length, true);
    return 1;
  }

  PostQueuedCompletionStatus(): number {
    this.#queue({ handle: 0n, address: 0n, status: STATUS_SUCCESS, bytes: 0 });
    return 1;
  }

  addressOf(buffer: Bytes): bigint {
    const known = this.#addresses.get(buffer);
    if (known !== undefined) return known;
    const address = this.#nextAddress;
    this.#nextAddress += 0x40n;
    this.#addresses.set(buffer, address);
    return address;
  }

  close(): void {
    if (this.openHandles.size > 0) throw new Error("Unloaded while in use");
    this.closed = true;
  }

  /** Lets the wait of the completion port fail. */
  breakQueue(): void {
    this.failing.set("GetQueuedCompletionStatusEx", ERROR_INVALID_HANDLE);
    this.#poll?.();
  }

  #call(name: string, handle: bigint, work: () => void): number {
    if (!this.openHandles.has(handle)) return this.#fail(ERROR_INVALID_HANDLE);
    const error = this.failing.get(name) ?? this.deviceError;
    if (error !== 0) return this.#fail(error);
    work();
    this.#lastError = STALE_ERROR;
    return 1;
  }

  #fail(error: number): 0 {
    this.#lastError = error;
    return 0;
  }

  #start(operation: Pending): number {
    const { kind, handle, overlapped } = operation;
    if (!this.openHandles.has(handle)) return this.#fail(ERROR_INVALID_HANDLE);
    if (this.deviceError !== 0) return this.#fail(this.deviceError);
    if (operation.size > operation.buffer.length) throw new Error("Overrun");
    this.addressOf(overlapped);
    const before = this.#packets.length;
    this.#operations.push(operation);
    if (kind === "read" && this.#input.length > 0) {
      this.#answerRead(this.#operations.length - 1);
    } else if (kind === "write" && !this.holdWrites) this.finishWrite();
    if (this.immediate && this.#packets.length > before) return 1;
    return this.#fail(ERROR_IO_PENDING);
  }

  #answerRead(index: number): void {
    const [operation] = this.#operations.splice(index, 1);
    if (operation === undefined) throw new Error("No such read");
    const bytes = this.#input.splice(0, operation.size);
    operation.buffer.set(bytes);
    this.#end(operation, STATUS_SUCCESS, bytes.length);
  }

  #answerWrite(operation: Pending): void {
    const taken = Math.min(operation.size, this.writeLimit);
    this.written.push(...operation.buffer.subarray(0, taken));
    this.#end(operation, STATUS_SUCCESS, taken);
  }

  #take(kind: "read" | "write"): Pending {
    const index = this.#operations.findIndex((each) => each.kind === kind);
    const [operation] = this.#operations.splice(index, index < 0 ? 0 : 1);
    if (operation === undefined) throw new Error(`No ${kind} is pending`);
    return operation;
  }

  #cancel(handle: bigint, kind: "read" | "write"): void {
    const matches = (each: Pending) =>
      each.handle === handle && each.kind === kind;
    for (const operation of this.#operations.filter(matches)) {
      this.#operations.splice(this.#operations.indexOf(operation), 1);
      this.#end(operation, STATUS_CANCELLED, 0, 995);
    }
  }

  #end(operation: Pending, status: number, bytes: number, error = 0): void {
    this.#failures.set(operation.overlapped, error);
    const address = this.addressOf(operation.overlapped);
    this.#queue({ handle: operation.handle, address, status, bytes });
  }

  #queue(packet: Packet): void {
    this.#packets.push(packet);
    this.#poll?.();
  }
}

/** Bytes out of hex digits and blanks. */
export function hex(text: string): Bytes {
  return Uint8Array.fromHex(text.replaceAll(" ", ""));
}
