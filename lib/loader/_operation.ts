import type { Clock } from "../clock.ts";
import { CommandError, FrameError, TimeoutError } from "../errors.ts";
import { withLimits } from "../limits.ts";
import type { OperationOptions } from "../progress.ts";
import { describeStatus } from "../protocol/status.ts";

/**
 * Runs `work` within the operation's time, and lets its errors name the
 * operation.
 *
 * @param what What is done, as it follows "Cannot": `write flash at 0x0001_0000`.
 * @param work Gets the signal that ends it: the caller's, or the time limit's.
 */
export async function operate<T>(
  clock: Clock,
  what: string,
  options: OperationOptions,
  work: (signal: AbortSignal | undefined) => Promise<T>,
): Promise<T> {
  const { timeout, signal } = options;
  return await withLimits(
    { step: what, clock, signals: [signal], timeout },
    (signal) => explained(what, signal, () => work(signal)),
  );
}

async function explained<T>(
  what: string,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (signal?.aborted && error === signal.reason) throw error;
    throw explain(what, error);
  }
}

/** Says what a failed command was part of; other errors speak for themselves. */
function explain(what: string, error: unknown): unknown {
  if (error instanceof CommandError) {
    return new CommandError(
      `Cannot ${what}: device answered ${describeStatus(error.status)}`,
      {
        code: error.code,
        hint: error.hint,
        cause: error,
        command: error.command,
        status: error.status,
      },
    );
  }
  if (error instanceof TimeoutError) {
    return new TimeoutError(
      `Cannot ${what}: no reply to ${error.step} in ${error.ms} ms`,
      {
        code: error.code,
        hint: error.hint,
        cause: error,
        step: error.step,
        ms: error.ms,
      },
    );
  }
  if (error instanceof FrameError) {
    return new FrameError(
      error.message.replace(/^Cannot [^:]*/, `Cannot ${what}`),
      { code: error.code, hint: error.hint, cause: error, bytes: error.bytes },
    );
  }
  return error;
}
