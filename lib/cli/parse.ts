/**
 * From the words of a command line to a verb with its values.
 *
 * @module
 */

import {
  Command as Program,
  CommanderError,
  type Option as ProgramOption,
} from "npm:commander@14.0.3";
import type {
  Arguments,
  ArgumentValues,
  Command,
  Options,
  OptionValues,
} from "./command.ts";
import { GLOBAL_OPTIONS } from "./options.ts";
import { normalizeWords } from "./spelling.ts";
import {
  addOptions,
  naming,
  readOptions,
  ShownOption,
  type Typed,
} from "./typed_options.ts";
import { UsageError } from "./usage_error.ts";

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
  readonly commands: readonly Command[];
  /** The value of an environment variable, if it is set. */
  env(name: string): string | undefined;
  /** How many characters fit in a line of help text. */
  readonly columns: number;
}

/** A verb and what stood behind it: a list where its argument is variadic. */
interface Found {
  readonly command: Command;
  readonly texts: readonly (string | readonly string[] | undefined)[];
}

const EPILOGUE = `
Numbers: 4096, 0x1000, 0o10000 or 0b1; sizes also 4k and 1M. Older spellings
(write_flash, --flash_mode, default_reset) are understood. @FILE stands for the
words in a file, and @@TEXT for a word that begins with an @.

Variables: ESPLINE_PORT, _BAUD, _CHIP, _BEFORE, _AFTER, _CONNECT_ATTEMPTS, _FM,
_FF and _FS stand in for options; _OPEN_PORT_ATTEMPTS says how often to try to
open a port, _CFGFILE names a configuration file (else esptool.cfg, setup.cfg or
tox.ini). Each can also begin with ESPTOOL_. NO_COLOR is heeded.

Exit codes: 0 done; 1 trouble with the serial port; 2 a wrong command line, or a
failure.
`;

/**
 * Reads a command line.
 *
 * @throws {UsageError} If it cannot be understood.
 */
export function parseCommandLine(
  words: readonly string[],
  grammar: Grammar,
): Parsed {
  return new Reading(grammar).read(words);
}

/**
 * The help text of a verb, or of all.
 *
 * @throws {UsageError} If there is no such verb.
 */
export function helpText(verb: string | undefined, grammar: Grammar): string {
  return new Reading(grammar).help(verb);
}

/** Commander, used once. */
class Reading {
  readonly #grammar: Grammar;
  readonly #program: Program;
  readonly #typed: Typed = new Map();
  readonly #own: Typed = new Map();
  #output = "";
  #found: Found | undefined;

  constructor(grammar: Grammar) {
    this.#grammar = grammar;
    this.#program = this.#configure(new Program("espline"))
      .description("Talks to the loaders of ESP8266 and ESP32 chips.")
      .usage("[options] <verb> [arguments]")
      .enablePositionalOptions()
      .helpCommand(false)
      .commandsGroup("Verbs:")
      .addHelpText("after", EPILOGUE);
    addOptions(this.#program, GLOBAL_OPTIONS, this.#typed);
    for (const command of grammar.commands) this.#add(command);
  }

  read(words: readonly string[]): Parsed {
    const { commands } = this.#grammar;
    try {
      this.#program.parse(
        normalizeWords(words, commands, GLOBAL_OPTIONS),
        { from: "user" },
      );
    } catch (error) {
      if (!(error instanceof CommanderError)) throw error;
      if (error.code === "commander.helpDisplayed") {
        return { kind: "help", text: this.#output };
      }
      throw toUsageError(error);
    }
    if (this.#found === undefined) {
      throw new UsageError("No verb was given", 'Try "espline help".');
    }
    return { kind: "call", ...this.#read(this.#found) };
  }

  help(verb: string | undefined): string {
    if (verb === undefined) return this.#text(this.#program);
    const name = verb.replaceAll("_", "-");
    const found = this.#program.commands.find((known) => known.name() === name);
    if (found !== undefined) return this.#text(found);
    throw new UsageError(
      `There is no verb "${verb}"`,
      'Try "espline help" for the list of them.',
    );
  }

  /** What `outputHelp` writes, which has the epilogue that `helpInformation` lacks. */
  #text(program: Program): string {
    this.#output = "";
    program.outputHelp();
    return this.#output;
  }

  #configure(program: Program): Program {
    const { columns } = this.#grammar;
    return program
      .exitOverride()
      .helpOption("-h, --help", "show this text")
      .configureHelp({ subcommandTerm, optionTerm, minWidthToWrap: 20 })
      .configureOutput({
        writeOut: (text) => void (this.#output += text),
        // The message comes with the CommanderError too.
        writeErr: () => {},
        getOutHelpWidth: () => columns,
        getErrHelpWidth: () => columns,
        getOutHasColors: () => false,
        getErrHasColors: () => false,
      });
  }

  #add(command: Command): void {
    const program = this.#configure(new Program(command.name))
      .summary(command.summary)
      .description(command.summary)
      .addHelpText("after", exampleText(command))
      .action((...texts: unknown[]) => {
        // Commander adds its options and itself behind the arguments.
        const count = Object.keys(command.arguments).length;
        const given = texts.slice(0, count) as Found["texts"];
        this.#found = { command, texts: given };
      });
    for (const { label, summary } of Object.values(command.arguments)) {
      program.argument(label, summary);
    }
    addOptions(program, command.options, this.#own);
    addOptions(program, GLOBAL_OPTIONS, this.#typed, command.options);
    this.#program.addCommand(program);
  }

  /** @throws {UsageError} With a hint, whatever was wrong. */
  #read(found: Found): Omit<ParsedCall, "kind"> {
    try {
      return this.#values(found);
    } catch (error) {
      if (!(error instanceof UsageError) || error.hint !== undefined) {
        throw error;
      }
      const hint = `Try "espline help ${found.command.name}".`;
      throw new UsageError(error.message, hint);
    }
  }

  /** What was typed of a verb's own options. One that it has in place of an option of every verb is its own before it, too. */
  #typedFor({ options }: Command): Typed {
    const globals: Options = GLOBAL_OPTIONS;
    const taken = [...this.#typed].filter(([key]) =>
      options[key]?.flags === globals[key]?.flags
    );
    return new Map([...taken, ...this.#own]);
  }

  #values(
    { command, texts }: Found,
  ): Omit<ParsedCall, "kind"> {
    const values = Object.entries(command.arguments).map(
      ([name, argument], i) => {
        const given = [texts[i] ?? []].flat();
        return [
          name,
          naming(label(argument.label), () => argument.parse(given)),
        ];
      },
    );
    const { env } = this.#grammar;
    return {
      command,
      arguments: Object.fromEntries(values),
      options: readOptions(command.options, this.#typedFor(command), env),
      globals: readOptions(GLOBAL_OPTIONS, this.#typed, env),
    };
  }
}

/** An option with all its names, in a list of options. */
function optionTerm(option: ProgramOption): string {
  return option instanceof ShownOption ? option.term : option.flags;
}

/** What stands behind a verb's options in its help text. */
function exampleText({ examples = [] }: Command): string {
  if (examples.length === 0) return "";
  const lines = examples.map(({ line, does }) =>
    `  espline ${line}\n      ${does}`
  );
  return `\nExamples:\n${lines.join("\n")}`;
}

/** A verb with its arguments, in the list of verbs. */
function subcommandTerm(program: Program): string {
  return [program.name(), program.usage().replace("[options]", "").trim()]
    .join(" ").trimEnd();
}

/** `<address>` as people call it: `ADDRESS`. */
function label(text: string): string {
  return text.replaceAll(/[^a-z -]/g, "").toUpperCase();
}

/** Commander's `error: unknown option '--prt'\n(Did you mean --port?)` as message and hint. */
function toUsageError({ code, message }: CommanderError): UsageError {
  if (code === "commander.help") {
    return new UsageError("No verb was given", 'Try "espline help".');
  }
  // The names of programName() are for commander alone.
  const text = message.replace(/^error: /, "").replaceAll("--.", "-");
  const [first = "", suggestion] = text.split("\n");
  return new UsageError(
    first.charAt(0).toUpperCase() +
      first.slice(1).replace(/\.$/, "").replaceAll("'", '"'),
    suggestion?.replace(/^\((.*)\)$/, "$1") ?? 'Try "espline help".',
  );
}
