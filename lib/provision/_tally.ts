import type { Clock } from "../clock.ts";
import type { BoardResult, BoardStep } from "./result.ts";
import type { StationCounts } from "./station_state.ts";

const MS_PER_HOUR = 3_600_000;

/** Counts how runs end and what takes long. */
export class Tally {
  readonly #clock: Clock;
  readonly #steps = new Map<BoardStep, { count: number; ms: number }>();
  #began: number | undefined;
  #passed = 0;
  #failed = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A run begins. */
  begin(): void {
    this.#began ??= this.#clock.now();
  }

  /** A run has ended. */
  add({ result, steps }: BoardResult): void {
    if (result === "pass") this.#passed++;
    if (result === "fail") this.#failed++;
    // A step that was cut short tells nothing of how long it takes.
    if (result !== "pass") return;
    for (const { step, ms } of steps) {
      const sum = this.#steps.get(step) ?? { count: 0, ms: 0 };
      this.#steps.set(step, { count: sum.count + 1, ms: sum.ms + ms });
    }
  }

  /** The counts as they are now. */
  counts(): StationCounts {
    const passed = this.#passed;
    const failed = this.#failed;
    const hours = this.#began === undefined
      ? 0
      : (this.#clock.now() - this.#began) / MS_PER_HOUR;
    const slowest = this.#slowest();
    return {
      passed,
      failed,
      ...(passed + failed > 0 && { yield: passed / (passed + failed) }),
      ...(passed > 0 && hours > 0 && { perHour: passed / hours }),
      ...(slowest && { slowest }),
    };
  }

  #slowest(): StationCounts["slowest"] {
    return Array.from(
      this.#steps,
      ([step, { count, ms }]) => ({ step, ms: ms / count }),
    ).toSorted((a, b) => b.ms - a.ms)[0];
  }
}
