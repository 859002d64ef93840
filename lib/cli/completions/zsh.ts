/**
 * The completion script for zsh.
 *
 * @module
 */

import {
  type CompletionModel,
  type OptionModel,
  valuedNames,
  type Values,
} from "./model.ts";

/** Writes a function that zsh finds as `_espline` along its `fpath`. */
export function zshScript({ verbs, globals }: CompletionModel): string {
  return `#compdef espline
# Completions of espline for zsh.
_espline_values() {
  case "$verb $prev" in
${verbs.flatMap(({ name, options }) => cases(name, options)).join("\n")}
${cases("", globals).join("\n")}
    (*) return 1 ;;
  esac
  return 0
}
_espline_options() {
  local -a list
  case $verb in
${
    verbs.map(({ name, options }) =>
      `    (${name}) list=(${pairs(options)}) ;;`
    )
      .join("\n")
  }
    (*) list=(${pairs(globals)}) ;;
  esac
  _describe -o option list
}
_espline_arguments() {
  local -a list
  case $verb in
    ('')
      list=(${
    verbs.map(({ name, summary }) => quote(`${name}:${summary}`)).join(" ")
  })
      _describe verb list
      ;;
${
    verbs.flatMap(({ name, values }) => {
      const command = completing(values);
      return command === "" ? [] : [`    (${name}) ${command} ;;`];
    }).join("\n")
  }
  esac
}
_espline() {
  local cur=\${words[CURRENT]} prev=\${words[CURRENT-1]} verb='' i
  for ((i = 2; i < CURRENT; i++)); do
    case \${words[i]} in
      (${valuedNames(globals).join("|")}) ((i++)) ;;
      (-*) ;;
      (*) verb=\${words[i]//_/-}; break ;;
    esac
  done
  if [[ $cur == -* ]]; then _espline_options
  else _espline_values || _espline_arguments; fi
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
  _espline "$@"
else
  compdef _espline espline
fi
`;
}

/** What comes behind an option with a value, of a verb or before it. */
function cases(verb: string, options: readonly OptionModel[]): string[] {
  return options.flatMap(({ names, values }) => {
    if (values === undefined) return [];
    const pattern = names.map((name) => quote(`${verb} ${name}`)).join("|");
    return [`    (${pattern}) ${completing(values) || ":"} ;;`];
  });
}

function completing({ words, files }: Values): string {
  return [
    words.length === 0 ? "" : `compadd -- ${words.join(" ")}`,
    files ? "_files" : "",
  ].filter((part) => part !== "").join("; ");
}

function pairs(options: readonly OptionModel[]): string {
  return options.flatMap(({ names, summary }) =>
    names.map((name) => quote(`${name}:${summary}`))
  ).join(" ");
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
