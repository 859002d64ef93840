/**
 * The completion script for PowerShell.
 *
 * @module
 */

import {
  type CompletionModel,
  namesOf,
  type OptionModel,
  valuedNames,
} from "./model.ts";

/** Writes a script for a profile. Where it offers nothing, PowerShell itself offers files. */
export function powershellScript(
  { verbs, globals }: CompletionModel,
): string {
  return `# Completions of espline for PowerShell.
Register-ArgumentCompleter -Native -CommandName espline -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $valued = ${list(valuedNames(globals))}
  $verbs = [ordered]@{
${
    verbs.map(({ name, summary }) => `    ${quote(name)} = ${quote(summary)}`)
      .join("\n")
  }
  }
  $options = @{
    '' = ${list(namesOf(globals))}
${
    verbs.map(({ name, options }) =>
      `    ${quote(name)} = ${list(namesOf(options))}`
    ).join("\n")
  }
  }
  $values = @{
${
    [...words("", globals), ...verbs.flatMap(argumentWords)]
      .map(([key, values]) => `    ${quote(key)} = ${list(values)}`)
      .join("\n")
  }
  }
  $words = @($commandAst.CommandElements | Select-Object -Skip 1 |
    Where-Object { $_.Extent.EndOffset -lt $cursorPosition } |
    ForEach-Object { $_.ToString() })
  $verb = ''
  for ($i = 0; $i -lt $words.Count; $i++) {
    if ($valued -ccontains $words[$i]) { $i++ }
    elseif (-not $words[$i].StartsWith('-')) {
      $verb = $words[$i].Replace('_', '-')
      break
    }
  }
  $previous = if ($words.Count -gt 0) { $words[-1] } else { '' }
  $offered = if ($wordToComplete.StartsWith('-')) { $options[$verb] }
    elseif ($values.ContainsKey("$verb $previous")) { $values["$verb $previous"] }
    elseif ($verb -eq '') { $verbs.Keys }
    else { $values["$verb "] }
  $offered | Where-Object { $_ -and $_.StartsWith($wordToComplete) } |
    ForEach-Object {
      $tip = if ($verbs.Contains($_)) { $verbs[$_] } else { $_ }
      [System.Management.Automation.CompletionResult]::new(
        $_, $_, 'ParameterValue', $tip)
    }
}
`;
}

type Entry = readonly [key: string, words: readonly string[]];

/** The words behind each option, by the verb and the option's name. */
function words(verb: string, options: readonly OptionModel[]): Entry[] {
  return options.flatMap(({ names, values }) =>
    values === undefined
      ? []
      : names.map((name): Entry => [`${verb} ${name}`, values.words])
  );
}

function argumentWords(
  { name, options, values }: CompletionModel["verbs"][number],
): Entry[] {
  return [...words(name, options), [`${name} `, values.words]];
}

function list(words: readonly string[]): string {
  return `@(${words.map(quote).join(", ")})`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
