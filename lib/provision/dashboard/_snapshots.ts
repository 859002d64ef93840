/** A station's state as server-sent events. */

import type { Clock } from "../../clock.ts";
import type { Station } from "../station.ts";
import { pageState } from "./_page_state.ts";

/** The least time between two snapshots, in milliseconds. */
const PACE = 100;
/** The longest time between two snapshots: by it a page knows that it is still connected. */
const HEARTBEAT = 5_000;
/** After how long a page connects again, in milliseconds. */
const RETRY = 1_000;

const ENCODER = new TextEncoder();

/**
 * Tells pages how the station stands: at once, when it changes, and every now
 * and then. A page that is slow misses what lies between; nothing piles up.
 */
export class Snapshots implements Disposable {
  readonly #station: Station;
  readonly #clock: Clock;
  readonly #unsubscribe: () => void;
  /** Resolves when there is a newer snapshot, or none will come any more. */
  #next = Promise.withResolvers<void>();
  #version = 0;
  #event: Uint8Array | undefined;
  #ended = false;
  #publishedAt = -Infinity;
  #isDue = false;
  #cancel: () => void;

  constructor(station: Station, clock: Clock) {
    this.#station = station;
    this.#clock = clock;
    this.#unsubscribe = station.subscribe(() => this.#onChange());
    this.#cancel = clock.schedule(() => this.#publish(), HEARTBEAT);
  }

  /** The events for one page. */
  stream(): ReadableStream<Uint8Array> {
    let seen: number | undefined;
    let cancelled = false;
    // Who joins sets its clock by what it gets first.
    this.#event = undefined;
    return new ReadableStream({
      pull: async (controller) => {
        while (seen === this.#version && !this.#ended) {
          await this.#next.promise;
        }
        if (cancelled) return;
        if (this.#ended) return controller.close();
        seen = this.#version;
        controller.enqueue(this.#encode());
      },
      cancel: () => void (cancelled = true),
    }, { highWaterMark: 0 });
  }

  /** Ends all streams. */
  [Symbol.dispose](): void {
    this.#ended = true;
    this.#unsubscribe();
    this.#cancel();
    this.#next.resolve();
  }

  #onChange(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#cancel();
    const wait = this.#publishedAt + PACE - this.#clock.now();
    this.#cancel = this.#clock.schedule(
      () => this.#publish(),
      Math.max(0, wait),
    );
  }

  #publish(): void {
    this.#isDue = false;
    this.#publishedAt = this.#clock.now();
    this.#version++;
    this.#event = undefined;
    this.#cancel = this.#clock.schedule(() => this.#publish(), HEARTBEAT);
    this.#next.resolve();
    this.#next = Promise.withResolvers();
  }

  /** Made once for all pages, and only if there is one. */
  #encode(): Uint8Array {
    return this.#event ??= ENCODER.encode(
      `retry: ${RETRY}\ndata: ${
        JSON.stringify(pageState(this.#station.state))
      }\n\n`,
    );
  }
}
