/**
 * The completion script for fish.
 *
 * @module
 */

import {
  type CompletionModel,
  type OptionModel,
  valuedNames,
  type Values,
} from "./model.ts";

/** Writes a script that fish finds as `completions/espline.fish`. */
export function fishScript({ verbs, globals }: CompletionModel): string {
  return `# Completions of espline for fish.
function __espline_verb
    set -l words (commandline -opc)
    set -e words[1]
    while set -q words[1]
        switch $words[1]
            case ${valuedNames(globals).map(quote).join(" ")}
                set -e words[1]
            case '-*'
            case '*'
                string replace -a _ - -- $words[1]
                return
        end
        set -e words[1]
    end
end
function __espline_is
    test "$(__espline_verb)" = $argv[1]
end
complete -c espline -f
${globals.map((option) => line("__espline_is ''", option)).join("\n")}
${
    verbs.map(({ name, summary, options, values }) =>
      [
        `complete -c espline -n "__espline_is ''" -a ${name} -d ${
          quote(summary)
        }`,
        ...options.map((option) => line(`__espline_is ${name}`, option)),
        argumentLine(name, values),
      ].filter((text) => text !== "").join("\n")
    ).join("\n")
  }
`;
}

function line(condition: string, option: OptionModel): string {
  const { names, summary, values } = option;
  const parts = names.map((name) =>
    name.startsWith("--")
      ? `-l ${name.slice(2)}`
      : `${name.length === 2 ? "-s" : "-o"} ${name.slice(1)}`
  );
  return [
    `complete -c espline -n "${condition}"`,
    ...parts,
    values === undefined ? "" : argumentOf(values, "-r"),
    `-d ${quote(summary)}`,
  ].filter((part) => part !== "").join(" ");
}

function argumentLine(name: string, values: Values): string {
  const argument = argumentOf(values, "");
  return argument === ""
    ? ""
    : `complete -c espline -n "__espline_is ${name}" ${argument}`;
}

/** Words and files, or neither: `-r` says that there is a value. */
function argumentOf({ words, files }: Values, required: string): string {
  return [
    required,
    files ? "-F" : "",
    words.length === 0 ? "" : `-a ${quote(words.join(" "))}`,
  ].filter((part) => part !== "").join(" ");
}

function quote(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
