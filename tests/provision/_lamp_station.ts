/** A station whose boards get rows with a secret by a scanned code. */

import {
  openStore,
  prepareJob,
  Station,
  type StationOptions,
  type StationState,
} from "../../lib/provision/mod.ts";
import type { VirtualBoard } from "../../lib/simulator/mod.ts";
import { DATA } from "./_boards.ts";

/** A cell that nobody may see. */
export const SECRET = "hunter2-hunter2";

/** A station, and what it needs. */
export class LampStation implements AsyncDisposable {
  readonly station: Station;
  readonly #stack: AsyncDisposableStack;

  private constructor(station: Station, stack: AsyncDisposableStack) {
    this.station = station;
    this.#stack = stack;
  }

  /** Opens one with a row for LMP-1 and LMP-2; its slots are the boards' ports unless named. */
  static async open(
    boards: readonly VirtualBoard[],
    options: StationOptions = {},
  ): Promise<LampStation> {
    await using stack = new AsyncDisposableStack();
    const folder = await Deno.makeTempDir();
    stack.defer(() => Deno.remove(folder, { recursive: true }));
    for (const board of boards) stack.use(board);
    const table = `${folder}/rows.csv`;
    const rows = [1, 2].map((n) => `LMP-${n},${SECRET}-${n}`);
    await Deno.writeTextFile(table, ["serial,token", ...rows].join("\n"));
    const job = await prepareJob({
      name: "lamp",
      firmware: [{
        chip: "esp32",
        files: [{ address: 0x1_0000, source: DATA }],
      }],
      identity: {
        source: { kind: "csv", file: table, key: "serial" },
        rule: "code",
        secrets: ["token"],
      },
      data: { files: [{ address: 0x2_0000, text: "{serial} {token}" }] },
    });
    const store = stack.use(await openStore(`${folder}/line.db`));
    const station = stack.use(
      await Station.open(job, {
        ports: boards,
        auto: false,
        store,
        ...options,
      }),
    );
    return new LampStation(station, stack.move());
  }

  /** Waits until the station stands so. */
  async until(is: (state: StationState) => boolean): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = () => void (is(this.station.state) && resolve());
    const end = this.station.subscribe(look);
    look();
    await promise;
    end();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}
