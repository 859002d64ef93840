/**
 * What a command that ends early has done to the flash.
 *
 * @module
 */

import type { ProgressEvent } from "../../mod.ts";
import { formatAddress } from "../bytes.ts";

interface Change {
  readonly kind: "write" | "erase";
  readonly address: number;
  readonly done: number;
  readonly total: number;
}

/** Follows what is written and erased, and tells it in words. */
export class FlashState {
  readonly #changes: Change[] = [];
  #expected = false;
  #verified = false;

  /** Whether something is known to have been written or erased. */
  get changed(): boolean {
    return this.#changes.length > 0;
  }

  /** Says that the next thing done changes the flash, even if no event tells of it yet. */
  expectChange(): void {
    this.#expected = true;
  }

  /** Says that what has been written is verified. */
  verify(): void {
    this.#verified = true;
  }

  /** Takes note of an event. */
  observe(event: ProgressEvent): void {
    if (event.kind !== "write" && event.kind !== "erase") return;
    this.#verified = false;
    const { kind, address, done, total } = event;
    const last = this.#changes.at(-1);
    const goesOn = last?.kind === kind && last.address === address &&
      last.total === total;
    if (goesOn) this.#changes.pop();
    this.#changes.push({ kind, address, done, total });
  }

  /** What the flash holds now, as one or more sentences. */
  describe(): string {
    if (this.changed) {
      return this.#changes.map(describeChange).join(" ") + this.#doubt();
    }
    return this.#expected
      ? "The flash may be partly erased."
      : "The flash is unchanged.";
  }

  /** The last thing written is verified by what comes behind it, which did not come. */
  #doubt(): string {
    const last = this.#changes.at(-1);
    const whole = last?.kind === "write" && last.done >= last.total;
    return whole && !this.#verified ? " It has not been verified." : "";
  }
}

function describeChange(change: Change): string {
  const { kind, done, total } = change;
  const place = range(change);
  if (done >= total) {
    return `${place} is ${kind === "write" ? "written" : "erased"}.`;
  }
  return kind === "erase"
    ? `${place} is partly erased: write it again before it is used.`
    : `${place} is incomplete: ${done} of ${total} bytes are written, ` +
      "and what was there is erased. Write it again before it is used.";
}

function range({ address, total }: Change): string {
  return `The flash from ${formatAddress(address)} to ${
    formatAddress(address + total)
  }`;
}
