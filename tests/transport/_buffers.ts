// What a fake of a native function makes of its buffers.

export function bytesOf(buffer: AllowSharedBufferSource | null): Uint8Array {
  if (!(buffer instanceof Uint8Array)) throw new Error("No buffer");
  return buffer;
}

export function put32(
  buffer: AllowSharedBufferSource | null,
  value: number,
): void {
  new DataView(bytesOf(buffer).buffer).setUint32(0, value, true);
}
