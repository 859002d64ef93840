/**
 * What a person or a log sees while a verb works.
 *
 * @module
 */

import type {
  ConnectProgress,
  ProgressEvent,
  TransferProgress,
} from "../../mod.ts";
import type { Display } from "./display.ts";
import { hex } from "./text.ts";

/** The transfers that are worth a bar; a stub's upload is one line. */
type Shown = Exclude<TransferProgress["kind"], "stub">;

const TITLES: Readonly<Record<Shown, string>> = {
  write: "Writing at",
  read: "Reading from",
  erase: "Erasing at",
  verify: "Verifying at",
  dump: "Dumping from",
  ram: "Loading into RAM at",
};

/** The widest bar, in characters. */
const MAX_BAR_WIDTH = 30;

/** How a {@linkcode Screen} behaves. */
export interface ScreenOptions {
  /** Says more. */
  readonly verbose?: boolean | undefined;
}

/** Lines, and progress: a bar where a person looks, else one line for each 10 %. */
export class Screen {
  readonly #display: Display;
  readonly #verbose: boolean;
  /** What the last progress was about, and how far it was told. */
  #shown = { title: "", step: -1 };
  #progress = true;
  #stubTold = false;

  /** Makes a screen on a display. */
  constructor(display: Display, options: ScreenOptions = {}) {
    this.#display = display;
    this.#verbose = options.verbose ?? false;
  }

  /** Leaves out the progress of transfers from now on. */
  hideProgress(): void {
    this.#progress = false;
  }

  /** Writes a line, below whatever bar stands there. */
  line(text = ""): void {
    this.endLine();
    this.#display.line(text);
  }

  /** Ends the line of a bar or of the attempts, if one is open. */
  endLine(): void {
    this.#display.end();
    this.#shown = { title: "", step: -1 };
  }

  /** Shows what an event is about. */
  show(event: ProgressEvent): void {
    switch (event.kind) {
      case "connect":
        this.#connect(event);
        break;
      case "identify":
        this.line(`Detecting chip type... ${event.chip}`);
        break;
      case "baud":
        this.line(`Changed the speed to ${event.baud} baud.`);
        break;
      case "reset":
        this.line(
          RESETS[event.mode] ?? `Resetting the chip (${event.mode})...`,
        );
        break;
      case "note":
        this.line(`Note: ${event.message}.`);
        break;
      case "stub":
        this.#stub();
        break;
      default:
        if (this.#progress) this.#transfer(event, TITLES[event.kind]);
    }
  }

  #connect({ attempt, attempts, reset }: ConnectProgress): void {
    if (!this.#verbose) {
      this.#display.part(attempt === 1 ? "Connecting..." : ".");
      return;
    }
    const of = attempts === Infinity ? "" : ` of ${attempts}`;
    this.line(`Connecting, attempt ${attempt}${of}, reset: ${reset}`);
  }

  /** Said once, although a stub comes in several parts. */
  #stub(): void {
    if (!this.#stubTold) this.line("Uploading stub flasher...");
    this.#stubTold = true;
  }

  #transfer(event: TransferProgress, verb: string): void {
    const title = `${verb} ${hex(event.address)}`;
    const percent = event.total === 0
      ? 100
      : Math.floor(100 * event.done / event.total);
    const { redraws } = this.#display;
    const step = redraws ? percent : Math.floor(percent / 10);
    if (title === this.#shown.title && step === this.#shown.step) return;
    if (title !== this.#shown.title) this.endLine();
    if (redraws) this.#bar(title, percent, event);
    else if (step > 0) this.#display.line(`${title}... (${step * 10} %)`);
    this.#shown = { title, step };
    if (redraws && event.done >= event.total) this.endLine();
  }

  #bar(
    title: string,
    percent: number,
    { done, total }: TransferProgress,
  ): void {
    const { columns } = this.#display;
    const figures = `${String(percent).padStart(3)} % ${done}/${total} bytes`;
    const room = columns - title.length - figures.length - 5;
    const width = Math.max(0, Math.min(MAX_BAR_WIDTH, room));
    const full = Math.floor(width * percent / 100);
    const bar = width < 5
      ? " "
      : ` [${"=".repeat(full)}${" ".repeat(width - full)}] `;
    this.#display.bar(`${title}${bar}${figures}`.slice(0, columns - 1));
  }
}

/** The sentences that wrappers of esptool wait for. */
const RESETS: Readonly<Record<string, string>> = {
  "hard-reset": "Hard resetting via RTS pin...",
  "soft-reset": "Soft resetting...",
  "watchdog-reset": "Hard resetting with a watchdog...",
  "no-reset": "Staying in the loader.",
  "no-reset-stub": "Staying in the stub flasher.",
};
