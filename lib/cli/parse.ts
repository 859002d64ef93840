/**
 * From the words of a command line to a verb with its values.
 *
 * @module
 */

import type {
  Argument,
  Arguments,
  ArgumentValues,
  Command,
  Options,
  OptionValues,
} from "./command.ts";
import { loadCommands, type Verb } from "./commands.ts";
import { GLOBAL_OPTIONS } from "./options.ts";
import { verbName } from "./spelling.ts";
import { naming, readOptions } from "./typed_options.ts";
import { UsageError } from "./usage_error.ts";
import { type Typed, WordReader } from "./words.ts";

/** A command line that has been understood. */
export type Parsed = ParsedCall | ParsedHelp;

/** A verb is to be run. */
export interface ParsedCall {
  /** Tells this variant from the other. */
  readonly kind: "call";
  /** The verb. */
  readonly command: Command;
  /** Its arguments. */
  readonly arguments: ArgumentValues<Arguments>;
  /** Its own options. */
  readonly options: OptionValues<Options>;
  /** The options of every verb. */
  readonly globals: OptionValues<typeof GLOBAL_OPTIONS>;
}

/** A help text is to be shown. */
export interface ParsedHelp {
  /** Tells this variant from the other. */
  readonly kind: "help";
  /** The text. */
  readonly text: string;
}

/** What the words are read against. */
export interface Grammar {
  /** The verbs. */
  readonly verbs: readonly Verb[];
  /** The value of an environment variable, if it is set. */
  env(name: string): string | undefined;
  /** How many characters fit in a line of help text. */
  readonly columns: number;
}

/** What was typed of options, and of which. */
interface TypedOptions {
  /** Of those of every verb. */
  readonly globals: Typed;
  /** Of the verb's own. */
  readonly own: Typed;
}

/**
 * Reads a command line.
 *
 * @throws {UsageError} If it cannot be understood.
 */
export async function parseCommandLine(
  words: readonly string[],
  grammar: Grammar,
): Promise<Parsed> {
  const reader = new WordReader(words);
  const typed: TypedOptions = { globals: new Map(), own: new Map() };
  const before = reader.readFirst({
    options: GLOBAL_OPTIONS,
    typed: typed.globals,
  });
  if (before.help) return await help(undefined, grammar);
  await refuseUnknown(before.unknown, grammar);
  const [word] = before.words;
  if (word === undefined) {
    throw new UsageError("No verb was given", 'Try "espline help".');
  }
  const command = await findVerb(word, grammar)?.load();
  if (command === undefined) {
    throw new UsageError(
      `Unknown command "${word}"`,
      await suggestion(await loadCommands(grammar.verbs), [word]) ??
        'Try "espline help".',
    );
  }
  const behind = reader.readRest([
    { options: command.options, typed: typed.own },
    { options: GLOBAL_OPTIONS, typed: typed.globals },
  ]);
  if (behind.help) return await help(command.name, grammar);
  await refuseUnknown(behind.unknown, grammar, command);
  const { env } = grammar;
  return withHint(command, () => {
    const own = typedOf(command, typed);
    const options = readOptions(command.options, own, env);
    return {
      kind: "call",
      command,
      arguments: readArguments(command, behind.words, options),
      options,
      globals: readOptions(GLOBAL_OPTIONS, typed.globals, env),
    };
  });
}

/**
 * The help text of a verb, or of all.
 *
 * @throws {UsageError} If there is no such verb.
 */
export async function helpText(
  verb: string | undefined,
  grammar: Grammar,
): Promise<string> {
  const { helpText } = await import("./program.ts");
  const { columns } = grammar;
  if (verb === undefined) {
    return helpText({ commands: await loadCommands(grammar.verbs), columns });
  }
  const command = await findVerb(verb, grammar)?.load();
  if (command === undefined) {
    throw new UsageError(
      `There is no verb "${verb}"`,
      'Try "espline help" for the list of them.',
    );
  }
  return helpText({ commands: [command], columns }, command.name);
}

async function help(
  verb: string | undefined,
  grammar: Grammar,
): Promise<ParsedHelp> {
  return { kind: "help", text: await helpText(verb, grammar) };
}

function findVerb(word: string, { verbs }: Grammar): Verb | undefined {
  const wanted = verbName(word);
  return verbs.find(({ name }) => name === wanted);
}

/** @throws {UsageError} If a word was to be an option and is none. */
async function refuseUnknown(
  unknown: string | undefined,
  { verbs }: Grammar,
  command?: Command,
): Promise<void> {
  if (unknown === undefined) return;
  const guess = command === undefined
    ? suggestion(await loadCommands(verbs), [unknown])
    : suggestion([command], [command.name, unknown]);
  const otherwise = command === undefined
    ? 'Try "espline help".'
    : `Try "espline help ${command.name}"; what is no option goes behind --.`;
  throw new UsageError(
    `Unknown option "${unknown}"`,
    await guess ?? otherwise,
  );
}

/** What may have been meant by the last of these words. */
async function suggestion(
  commands: readonly Command[],
  words: readonly string[],
): Promise<string | undefined> {
  const { suggestion } = await import("./program.ts");
  return suggestion(commands, words);
}

/** @throws {UsageError} If there are too few or too many, or one cannot be read. */
function readArguments(
  { name, arguments: parts }: Command,
  words: readonly string[],
  options: OptionValues<Options>,
): ArgumentValues<Arguments> {
  const entries = Object.entries(parts);
  const missing = entries[words.length]?.[1];
  if (missing?.label.startsWith("<")) {
    const what = missing.label.replaceAll(/[<>]|\.{3}/g, "");
    throw new UsageError(`Missing required argument "${what}"`);
  }
  const isOpen = entries.some(([, argument]) => isVariadic(argument));
  if (words.length > entries.length && !isOpen) {
    const plural = entries.length === 1 ? "" : "s";
    throw new UsageError(
      `Too many arguments for "${name}". Expected ${entries.length} argument${plural} but got ${words.length}`,
    );
  }
  return Object.fromEntries(entries.map(([key, argument], i) => {
    const given = words.slice(i, isVariadic(argument) ? undefined : i + 1);
    return [
      key,
      naming(label(argument.label), () => argument.parse(given, options)),
    ];
  }));
}

/** What was typed of a verb's own options. One that it has in place of an option of every verb is its own before it, too. */
function typedOf({ options }: Command, { globals, own }: TypedOptions): Typed {
  const known: Options = GLOBAL_OPTIONS;
  const taken = [...globals].filter(([key]) =>
    options[key]?.flags === known[key]?.flags
  );
  return new Map([...taken, ...own]);
}

/** @throws {UsageError} With a hint, whatever was wrong. */
function withHint<T>({ name }: Command, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof UsageError) || error.hint !== undefined) {
      throw error;
    }
    throw new UsageError(error.message, `Try "espline help ${name}".`);
  }
}

function isVariadic({ label }: Argument<unknown>): boolean {
  return label.includes("...");
}

/** `<address>` as people call it: `ADDRESS`. */
function label(text: string): string {
  return text.replaceAll(/[^a-z -]/g, "").toUpperCase();
}
