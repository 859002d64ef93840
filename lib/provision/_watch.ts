/** Boards that come and go. */

import type { Clock } from "../clock.ts";
import type { PortInfo } from "../transport/list_ports.ts";

/** How a {@linkcode PortWatch} looks. */
export interface PortWatchOptions {
  /** Lists the ports. */
  readonly list: () => Promise<readonly PortInfo[]>;
  /** What time is told by. */
  readonly clock: Clock;
  /** How long to wait between two looks, in milliseconds. */
  readonly interval: number;
  /** How long a port must be there, or gone, before that counts, in milliseconds. */
  readonly settle: number;
  /** A port is there to stay. */
  readonly onArrive: (place: string, port: PortInfo) => void;
  /** A port that is there has another path than before. */
  readonly onMove: (place: string, port: PortInfo) => void;
  /** A port is gone for good. */
  readonly onLeave: (place: string) => void;
  /** The ports cannot be listed. */
  readonly onError: (error: unknown) => void;
}

/** What is known of a place. */
interface Seen {
  port: PortInfo;
  /** Since when it has been there, or gone. */
  since: number;
  isThere: boolean;
  /** Whether its arrival has been told. */
  told: boolean;
}

/**
 * Looks for ports again and again. A chip with USB of its own leaves and comes
 * back at each reset, under another path perhaps, so what counts is the place,
 * and only what lasts.
 */
export class PortWatch implements Disposable {
  readonly #options: PortWatchOptions;
  readonly #places = new Map<string, Seen>();
  #cancel: (() => void) | undefined;
  #ended = false;

  constructor(options: PortWatchOptions) {
    this.#options = options;
    void this.#look();
  }

  async #look(): Promise<void> {
    try {
      const ports = await this.#options.list();
      if (!this.#ended) this.#take(ports);
    } catch (error) {
      if (!this.#ended) this.#options.onError(error);
    }
    if (this.#ended) return;
    const { clock, interval } = this.#options;
    this.#cancel = clock.schedule(() => void this.#look(), interval);
  }

  #take(ports: readonly PortInfo[]): void {
    const { clock, settle, onArrive, onMove, onLeave } = this.#options;
    const now = clock.now();
    const found = new Map(ports.map((port) => [placeOf(port), port]));
    for (const [place, port] of found) {
      const seen = this.#places.get(place);
      if (seen === undefined) {
        const fresh = { port, since: now, isThere: true, told: false };
        this.#places.set(place, fresh);
      } else {
        if (!seen.isThere) seen.since = now;
        seen.isThere = true;
        const moved = seen.told && seen.port.path !== port.path;
        seen.port = port;
        if (moved) onMove(place, port);
      }
    }
    for (const [place, seen] of this.#places) {
      if (seen.isThere && !found.has(place)) {
        seen.isThere = false;
        seen.since = now;
      }
      if (now - seen.since < settle) continue;
      if (seen.isThere && !seen.told) {
        seen.told = true;
        onArrive(place, seen.port);
      } else if (!seen.isThere) {
        this.#places.delete(place);
        if (seen.told) onLeave(place);
      }
    }
  }

  [Symbol.dispose](): void {
    this.#ended = true;
    this.#cancel?.();
  }
}

/** Where a port is plugged in; its path, if its system does not tell. */
export function placeOf({ location, path }: PortInfo): string {
  return location ?? path;
}
