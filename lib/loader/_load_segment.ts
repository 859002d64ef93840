import type { OperationOptions, TransferProgress } from "../progress.ts";
import type { Loader } from "./loader.ts";

/** Bytes and where they go. */
export interface RamSegment {
  /** The address of the first byte. */
  readonly address: number;
  /** The bytes. */
  readonly data: Uint8Array;
}

/**
 * Loads one segment with MEM_BEGIN and MEM_DATA, and starts nothing.
 *
 * @param kind What the progress events are.
 */
export async function loadSegment(
  loader: Loader,
  kind: TransferProgress["kind"],
  { address, data }: RamSegment,
  options: OperationOptions = {},
): Promise<void> {
  const { signal, onProgress } = options;
  const blockSize = loader.ramBlockSize;
  const total = data.length;
  const blocks = Math.ceil(total / blockSize);
  await loader.memBegin({ size: total, blocks, blockSize, address }, {
    signal,
  });
  for (let sequence = 0; sequence < blocks; sequence++) {
    const start = sequence * blockSize;
    const block = data.subarray(start, start + blockSize);
    await loader.memData({ data: block, sequence }, { signal });
    const done = start + block.length;
    onProgress?.({ kind, port: loader.port, address, done, total });
  }
}
