/**
 * What a verb is: a record with its arguments, its options and what it does.
 *
 * @module
 */

import type { ChipIdentity } from "../../mod.ts";
import type { Board } from "./board.ts";
import type { Config } from "./config.ts";
import type { FlashState } from "./flash_state.ts";
import type { CliIo } from "./io.ts";
import type { GLOBAL_OPTIONS } from "./options.ts";
import type { ObjectSchema } from "./schema.ts";
import type { Screen } from "./screen.ts";

/** Something that stands behind a verb. */
export interface Argument<T> {
  /** As commander writes it: `<address>`, `[mask]`, `<pairs...>`. */
  readonly label: string;
  /** What it is, for the help text. */
  readonly summary: string;
  /** The words that it can be, if it is one of several. */
  readonly words?: readonly string[] | undefined;
  /**
   * From what was typed (none if left out, several if variadic) to the value.
   *
   * @param options The verb's own options, which may make words superfluous.
   * @throws {SyntaxError} If it cannot be read.
   */
  parse(
    texts: readonly string[],
    options: Readonly<Record<string, unknown>>,
  ): T;
}

/** What every option has. */
export interface OptionBase {
  /** What is typed, the long name last: `-e, --erase-all`, `-fm, --flash-mode <mode>`, `--diff-with <file...>`. */
  readonly flags: string;
  /** What it does, for the help text. */
  readonly summary: string;
  /** Older spellings, understood and not shown: `--flash_mode`. */
  readonly aliases?: readonly string[] | undefined;
  /** Leaves it out of the help text. */
  readonly hidden?: boolean | undefined;
}

/** An option without a value: its value is whether it was given. */
export interface Flag extends OptionBase {
  /** Tells this variant from the others. */
  readonly kind: "flag";
}

/** What every option with values has. */
export interface ValuedOption<T> extends OptionBase {
  /** The end of a variable's name: `ESPLINE_…` and then `ESPTOOL_…` stand in for the option. */
  readonly env?: string | undefined;
  /** The value if neither option nor variable is given. */
  readonly fallback: T;
}

/** An option with a value; the last one given counts. */
export interface Setting<T> extends ValuedOption<T> {
  /** Tells this variant from the others. */
  readonly kind: "setting";
  /**
   * From text to the value.
   *
   * @throws {SyntaxError} If it cannot be read.
   */
  parse(text: string): T;
}

/**
 * An option with several values: given several times or, if its flags end in
 * `...>`, followed by all words up to the next option.
 */
export interface Repeated<T> extends ValuedOption<T> {
  /** Tells this variant from the others. */
  readonly kind: "list";
  /**
   * From the texts, one or more, to the value.
   *
   * @throws {SyntaxError} If one cannot be read.
   */
  parse(texts: readonly string[]): T;
}

/** An option of a verb. */
export type AnyOption = Flag | Setting<unknown> | Repeated<unknown>;

/** Arguments by name, in their order. */
export type Arguments = Readonly<Record<string, Argument<unknown>>>;

/** Options by name. */
export type Options = Readonly<Record<string, AnyOption>>;

/** What the arguments of a verb were read as. */
export type ArgumentValues<A extends Arguments> = {
  readonly [Name in keyof A]: A[Name] extends Argument<infer T> ? T : never;
};

/** What the options of a verb were read as. */
export type OptionValues<O extends Options> = {
  readonly [Name in keyof O]: O[Name] extends ValuedOption<infer T> ? T
    : boolean;
};

/** One run of a verb. */
export interface Call<
  A extends Arguments = Arguments,
  O extends Options = Options,
> extends Surroundings {
  /** The verb's arguments. */
  readonly arguments: ArgumentValues<A>;
  /** The verb's own options. */
  readonly options: OptionValues<O>;
}

/** The options of every verb, and which of the ports this run of the verb is for. */
export type Globals = OptionValues<typeof GLOBAL_OPTIONS> & {
  /** The port, if one was named. */
  readonly port: string | undefined;
};

/** What every verb is given, whatever its arguments. */
export interface Surroundings {
  /** The world. */
  readonly io: CliIo;
  /** The options that every verb has. */
  readonly globals: Globals;
  /** The board that the verb is for, and whether it is one of several. */
  readonly board: Board;
  /** What the configuration file and its variables say, read when first asked for. */
  config(): Promise<Config>;
  /** Where the verb says what it does; with `--json` nobody hears it. */
  readonly screen: Screen;
  /** What has been done to the flash so far. */
  readonly flash: FlashState;
  /** Every verb there is. */
  commands(): Promise<readonly Command[]>;
  /**
   * The help text of a verb, or of all.
   *
   * @throws {UsageError} If there is no such verb.
   */
  usage(verb?: string): Promise<string>;
}

/** What a verb found out or did: the `--json` object less `ok` and `command`. */
export interface Report {
  /** The port it was done on, for a verb that has one. */
  readonly port?: string;
  /** The chip on it. */
  readonly chip?: ChipIdentity;
  /** What the verb's own documentation says; all numbers are plain numbers, in bytes or milliseconds. */
  readonly result: Readonly<Record<string, unknown>>;
}

/** A command line that shows what a verb is good for. */
export interface Example {
  /** What is typed behind `espline`: `read-flash 0 all backup.bin`. */
  readonly line: string;
  /** What it does, as the end of "this does …": `saves the whole flash`. */
  readonly does: string;
}

/** A verb. */
export interface Command<
  A extends Arguments = Arguments,
  O extends Options = Options,
> {
  /** What is typed. */
  readonly name: string;
  /** What it does, in one line of the help text. */
  readonly summary: string;
  /** What stands behind it. */
  readonly arguments: A;
  /** Its own options. */
  readonly options: O;
  /**
   * Whether it can be done on several boards at once: it runs once for each of
   * them then. What it writes must be an `OutputFile` that knows `call.board`.
   */
  readonly boards?: "many" | undefined;
  /** Command lines to learn from. */
  readonly examples: readonly Example[];
  /** What its result looks like in `--json`. */
  readonly result: ObjectSchema;
  /** Does it. Whatever it throws ends the command line with an exit code that is not 0. */
  run(call: Call<A, O>): Report | Promise<Report>;
}

/** Makes a verb of a record, so that `run` knows the types of its arguments and options. */
export function defineCommand<
  const A extends Arguments,
  const O extends Options,
>(
  command: Command<A, O>,
): Command {
  return command;
}
