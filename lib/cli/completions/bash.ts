/**
 * The completion script for bash.
 *
 * @module
 */

import {
  type CompletionModel,
  namesOf,
  type OptionModel,
  valuedNames,
  type Values,
} from "./model.ts";

/** Writes a script that bash can source; it needs nothing else. */
export function bashScript({ verbs, globals }: CompletionModel): string {
  const names = verbs.map(({ name }) => name).join(" ");
  return `# Completions of espline for bash.
_espline_words() {
  compgen -W "$1" -- "$cur"
}
_espline_files() {
  compopt -o filenames 2> /dev/null
  compgen -f -- "$cur"
}
_espline_values() {
  case "$verb $prev" in
${verbs.flatMap(({ name, options }) => cases(name, options)).join("\n")}
${cases("", globals).join("\n")}
    *) return 1 ;;
  esac
}
_espline_options() {
  case $verb in
${
    verbs.map(({ name, options }) =>
      `    ${name}) _espline_words '${namesOf(options).join(" ")}' ;;`
    ).join("\n")
  }
    *) _espline_words '${namesOf(globals).join(" ")}' ;;
  esac
}
_espline_arguments() {
  case $verb in
    '') _espline_words '${names}' ;;
${
    verbs.flatMap(({ name, values }) => {
      const command = completing(values);
      return command === "" ? [] : [`    ${name}) ${command} ;;`];
    }).join("\n")
  }
  esac
}
_espline() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]}
  local verb='' line i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case \${COMP_WORDS[i]} in
      ${valuedNames(globals).join(" | ")}) ((i++)) ;;
      -*) ;;
      *) verb=\${COMP_WORDS[i]//_/-}; break ;;
    esac
  done
  COMPREPLY=()
  while IFS= read -r line; do COMPREPLY+=("$line"); done < <(
    if [[ $cur == -* ]]; then _espline_options
    else _espline_values || _espline_arguments; fi
  )
}
complete -F _espline espline
`;
}

/** What comes behind an option with a value, of a verb or before it. */
function cases(verb: string, options: readonly OptionModel[]): string[] {
  return options.flatMap(({ names, values }) => {
    if (values === undefined) return [];
    const pattern = names.map((name) => `'${verb} ${name}'`).join(" | ");
    return [`    ${pattern}) ${completing(values) || ":"} ;;`];
  });
}

function completing({ words, files }: Values): string {
  return [
    words.length === 0 ? "" : `_espline_words '${words.join(" ")}'`,
    files ? "_espline_files" : "",
  ].filter((part) => part !== "").join("; ");
}
