/** A board's attempts: again where that may help, slower where the wire is at fault. */

import { portName, type PortTarget } from "../device/open.ts";
import { runBoard } from "./_board.ts";
import type { PreparedJob } from "./firmware.ts";
import type { LineOptions } from "./line.ts";
import type { BoardResult, FailureCode } from "./result.ts";

const DEFAULT_BAUD = 115_200;

/** Failures that a slower line may not have. */
const WIRE_FAILURES: ReadonlySet<FailureCode> = new Set([
  "timeout",
  "frame-invalid",
  "reply-invalid",
  "command-failed",
  "verify-failed",
  "stub-failed",
  "port-io",
  "baud-unsupported",
]);

/** Failures that come again however often the board is tried. */
const LASTING_FAILURES: ReadonlySet<FailureCode> = new Set([
  "cancelled",
  "chip-mismatch",
  "chip-unknown",
  "chip-lacks",
  "flash-too-small",
  "flash-unknown",
  "image-mismatch",
  "image-invalid",
  "port-denied",
  "port-unsupported",
  "identity-none",
  "identity-conflict",
  "data-invalid",
]);

/** Who is told of attempts. */
export interface AttemptListener {
  /** Called after each attempt, the last one included. */
  readonly onAttempt?: (result: BoardResult) => void;
}

/** Tries a board until it passes, or trying again makes no sense; the result is the last attempt's. */
export async function runAttempts(
  target: PortTarget,
  job: PreparedJob | undefined,
  line: LineOptions,
  { onAttempt }: AttemptListener = {},
): Promise<BoardResult> {
  const speeds = speedsOf(job, line);
  const slot = slotOf(target, line);
  let retries = job?.job.retries ?? 0;
  let speed = 0;
  for (let attempt = 1;; attempt++) {
    const baud = speeds[speed];
    const result = await runBoard(target, { slot, attempt, baud, job, line });
    onAttempt?.(result);
    const { failure } = result;
    if (failure === undefined || LASTING_FAILURES.has(failure.code)) {
      return result;
    }
    const isWire = WIRE_FAILURES.has(failure.code);
    if (isWire && speed < speeds.length - 1) speed++;
    else if (retries > 0) retries--;
    else return result;
  }
}

function speedsOf(
  job: PreparedJob | undefined,
  { baud }: LineOptions,
): readonly (number | undefined)[] {
  if (baud !== undefined) return [baud];
  if (job === undefined) return [undefined];
  return [job.job.baud ?? DEFAULT_BAUD].flat();
}

/** The name of the place where a port is. */
export function slotOf(target: PortTarget, { slots }: LineOptions): string {
  const port = portName(target);
  return slots !== undefined && Object.hasOwn(slots, port)
    ? slots[port] ?? port
    : port;
}
