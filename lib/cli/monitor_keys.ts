/**
 * The monitor's keys: what is for the board and what is for us. They are those
 * of ESP-IDF's monitor, as far as it has them.
 *
 * @module
 */

/** What a key of the monitor's does. */
export type KeyName =
  | "exit"
  | "interrupt"
  | "help"
  | "reset"
  | "download"
  | "pause"
  | "log"
  | "timestamps";

/** Bytes for the board. */
export interface SendAction {
  /** Tells this variant from the others. */
  readonly kind: "send";
  /** What is sent. */
  readonly bytes: Uint8Array;
}

/** Something for the monitor to do. */
export interface CommandAction {
  /** Tells this variant from the others. */
  readonly kind: "command";
  /** What it is. */
  readonly name: KeyName;
}

/** A key behind Ctrl-T that does nothing. */
export interface UnknownAction {
  /** Tells this variant from the others. */
  readonly kind: "unknown";
  /** The key, as it is written: `Ctrl-Q`, `q`. */
  readonly key: string;
}

/** What comes of keys. */
export type KeyAction = SendAction | CommandAction | UnknownAction;

/** What Enter sends. */
export type LineEnd = "cr" | "lf" | "crlf";

const INTERRUPT = control("C");
const ENTER = 0x0d;
const MENU = control("T");
const EXIT = control("]");
const LINE_ENDS: Readonly<Record<LineEnd, readonly number[]>> = {
  cr: [0x0d],
  lf: [0x0a],
  crlf: [0x0d, 0x0a],
};

/** Keys behind Ctrl-T. A letter does what Ctrl and the letter do. */
const MENU_KEYS: ReadonlyMap<string, KeyName> = new Map([
  ["R", "reset"],
  ["P", "download"],
  ["Y", "pause"],
  ["L", "log"],
  ["I", "timestamps"],
  ["H", "help"],
  ["X", "exit"],
]);

/** The keys, for a person. */
export const KEY_HELP: readonly string[] = [
  "Ctrl-]         quit (so does Ctrl-C)",
  "Ctrl-T Ctrl-R  reset the board, and run its program",
  "Ctrl-T Ctrl-P  reset the board into download mode, where it waits",
  "Ctrl-T Ctrl-Y  stop the output on the screen, or go on with it",
  "Ctrl-T Ctrl-L  save the output to a file, or stop doing so",
  "Ctrl-T Ctrl-I  show the time before each line, or do not",
  "Ctrl-T Ctrl-H  show these keys",
  "Ctrl-T Ctrl-X  quit",
  "Ctrl-T Ctrl-T  send Ctrl-T; likewise Ctrl-] and Ctrl-C behind Ctrl-T",
  "Behind Ctrl-T, a letter alone is as good. All other keys go to the board.",
];

/** Tells keys apart; Ctrl-T and what follows it may come in two pieces. */
export class KeyReader {
  readonly #lineEnd: LineEnd;
  #inMenu = false;

  /** Makes a reader. */
  constructor(lineEnd: LineEnd) {
    this.#lineEnd = lineEnd;
  }

  /** Takes what was typed, as a terminal in raw mode gives it. */
  push(bytes: Uint8Array): KeyAction[] {
    const actions: KeyAction[] = [];
    let plain: number[] = [];
    const flush = () => {
      if (plain.length === 0) return;
      actions.push({ kind: "send", bytes: Uint8Array.from(plain) });
      plain = [];
    };
    for (const byte of bytes) {
      const inMenu = this.#inMenu;
      this.#inMenu = !inMenu && byte === MENU;
      if (this.#inMenu) continue;
      const action = inMenu ? menuAction(byte) : plainAction(byte);
      if (action === undefined) {
        plain.push(...byte === ENTER ? LINE_ENDS[this.#lineEnd] : [byte]);
      } else {
        flush();
        actions.push(action);
      }
    }
    flush();
    return actions;
  }
}

function plainAction(byte: number): KeyAction | undefined {
  if (byte === EXIT) return { kind: "command", name: "exit" };
  if (byte === INTERRUPT) return { kind: "command", name: "interrupt" };
  return undefined;
}

function menuAction(byte: number): KeyAction {
  if (byte === MENU || byte === EXIT || byte === INTERRUPT) {
    return { kind: "send", bytes: Uint8Array.of(byte) };
  }
  const letter = String.fromCharCode(byte < 0x20 ? byte + 0x40 : byte);
  const name = MENU_KEYS.get(letter.toUpperCase());
  if (name !== undefined) return { kind: "command", name };
  return { kind: "unknown", key: byte < 0x20 ? `Ctrl-${letter}` : letter };
}

/** The byte of a key with Ctrl. */
function control(key: string): number {
  return key.charCodeAt(0) & 0x1f;
}
