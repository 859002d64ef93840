/**
 * Help texts and guesses at what was meant, by commander. It is loaded for
 * these alone: that takes longer than most of what is done without a board.
 *
 * @module
 */

import {
  Command as Program,
  CommanderError,
  Option as ProgramOption,
} from "npm:commander@14.0.3";
import type { AnyOption, Command, Options } from "./command.ts";
import { GLOBAL_OPTIONS } from "./options.ts";
import { shownNames, spellings } from "./spelling.ts";

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

/** The list that the options of every verb have in a verb's help text. */
const GLOBAL_GROUP = "Options of every verb:";

/** What help texts are written of. */
export interface HelpSource {
  /** The verbs that are told of. */
  readonly commands: readonly Command[];
  /** How many characters fit in a line. */
  readonly columns: number;
}

/** The help text of a verb, which must be there, or of all. */
export function helpText(source: HelpSource, verb?: string): string {
  const program = makeProgram(source);
  const told = program.commands.find((known) => known.name() === verb) ??
    program;
  let text = "";
  told.configureOutput({ writeOut: (part) => void (text += part) });
  // It has the epilogue, which `helpInformation` lacks.
  told.outputHelp();
  return text;
}

/** What may have been meant by the last of these words: `Did you mean --port?`. */
export function suggestion(
  commands: readonly Command[],
  words: readonly string[],
): string | undefined {
  try {
    makeProgram({ commands, columns: 80 }).parse(words, { from: "user" });
    return undefined;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return /\n\((Did you mean .*)\)$/.exec(error.message)?.[1];
  }
}

function makeProgram({ commands, columns }: HelpSource): Program {
  const program = configure(new Program("espline"), columns)
    .description("Talks to the loaders of ESP8266 and ESP32 chips.")
    .usage("[options] <verb> [arguments]")
    .enablePositionalOptions()
    .helpCommand(false)
    .commandsGroup("Verbs:")
    .addHelpText("after", EPILOGUE);
  addOptions(program, GLOBAL_OPTIONS);
  for (const command of commands) {
    program.addCommand(verbProgram(command, columns));
  }
  return program;
}

function verbProgram(command: Command, columns: number): Program {
  const program = configure(new Program(command.name), columns)
    .summary(command.summary)
    .description(command.summary)
    .addHelpText("after", exampleText(command));
  for (const { label, summary } of Object.values(command.arguments)) {
    program.argument(label, summary);
  }
  addOptions(program, command.options);
  addOptions(program, GLOBAL_OPTIONS, command.options);
  return program;
}

function configure(program: Program, columns: number): Program {
  return program
    .exitOverride()
    .helpOption("-h, --help", "show this text")
    .configureHelp({ subcommandTerm, optionTerm, minWidthToWrap: 20 })
    .configureOutput({
      // The message comes with the CommanderError too.
      writeErr: () => {},
      getOutHelpWidth: () => columns,
      getErrHelpWidth: () => columns,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    });
}

/**
 * Declares options. Those of every verb have a list of their own in a verb's
 * help text, and leave out the names that the verb has given to options of its own.
 */
function addOptions(program: Program, options: Options, own?: Options): void {
  const taken = new Set(Object.values(own ?? {}).flatMap(spellings));
  for (const option of Object.values(options)) {
    const free = shownNames(option).filter((name) => !taken.has(name));
    const declared = declare(option, free);
    if (declared === undefined) continue;
    if (own !== undefined) declared.helpGroup(GLOBAL_GROUP);
    program.addOption(declared);
  }
}

/** An option under those of its names that are free, if there are any. */
function declare(
  option: AnyOption,
  shown: readonly string[],
): ShownOption | undefined {
  const value = / <.+>$/.exec(option.flags)?.[0] ?? "";
  const short = shown.find((name) => /^-[^-]$/.test(name));
  const long = shown.findLast((name) => name.startsWith("--"));
  const main = [short, long].filter((name) => name !== undefined);
  return main.length === 0 ? undefined : new ShownOption(
    main.join(", ") + value,
    option,
    shown.join(", ") + value,
  );
}

/** An option that knows how it is to be written in the help text. */
class ShownOption extends ProgramOption {
  /** Its names, with those that commander does not know, and its value. */
  readonly term: string;

  /** Declares it under the names that commander can take. */
  constructor(flags: string, option: AnyOption, term: string) {
    super(flags, option.summary);
    this.term = term;
    if (option.hidden) this.hideHelp();
  }
}

/** An option with all its names, in a list of options. */
function optionTerm(option: ProgramOption): string {
  return option instanceof ShownOption ? option.term : option.flags;
}

/** What stands behind a verb's options in its help text. */
function exampleText({ examples }: Command): string {
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
