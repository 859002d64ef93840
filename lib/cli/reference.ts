/**
 * The parts of docs/cli.md and docs/json.md that the records of the verbs say.
 *
 * @module
 */

import type { AnyOption, Command, Options } from "./command.ts";
import { CHIP_SCHEMA, ERROR_SCHEMA } from "./json_schema.ts";
import { GLOBAL_OPTIONS } from "./options.ts";
import type { ObjectSchema, Schema } from "./schema.ts";

/** Every option and verb, as Markdown. */
export function cliReference(commands: readonly Command[]): string {
  return [
    "## Options of every verb",
    optionTable(GLOBAL_OPTIONS),
    "## Verbs",
    ...commands.map(describeVerb),
  ].join("\n\n");
}

/** Every verb's JSON result, as Markdown. */
export function jsonReference(commands: readonly Command[]): string {
  return [
    "## `chip`",
    fieldTable(CHIP_SCHEMA),
    "## `error`",
    fieldTable(ERROR_SCHEMA),
    "## `result`, verb by verb",
    ...commands.map(({ name, result }) =>
      `### ${name}\n\n${fieldTable(result)}`
    ),
  ].join("\n\n");
}

function describeVerb(command: Command): string {
  const { name, summary, boards, options, examples } = command;
  const parts = Object.values(command.arguments);
  const usage = ["espline", name, ...parts.map(({ label }) => label)].join(" ");
  const sentence = summary.charAt(0).toUpperCase() + summary.slice(1);
  const sections = [
    `### ${name}`,
    `${sentence}${
      boards === "many" ? "; on several boards at once too." : "."
    }`,
    code([usage]),
    parts.map(({ label, summary }) => `- \`${label}\`: ${summary}`).join("\n"),
    optionTable(options),
    code(
      examples.flatMap(({ line, does }) => [`# ${does}`, `espline ${line}`]),
    ),
  ];
  return sections.filter((section) => section !== "").join("\n\n");
}

function code(lines: readonly string[]): string {
  return lines.length === 0 ? "" : ["```sh", ...lines, "```"].join("\n");
}

function optionTable(options: Options): string {
  const rows = Object.values(options).filter(({ hidden }) => !hidden)
    .map((option) => [
      `\`${option.flags}\``,
      option.summary,
      variableOf(option),
    ]);
  return rows.length === 0
    ? ""
    : table(["Option", "What it is", "Variable"], rows);
}

function variableOf(option: AnyOption): string {
  return option.kind === "flag" || option.env === undefined
    ? ""
    : `\`ESPLINE_${option.env}\``;
}

function fieldTable(schema: ObjectSchema): string {
  const rows = fieldsOf(schema, "").map(([name, type, description]) => [
    `\`${name}\``,
    type,
    description,
  ]);
  return rows.length === 0
    ? "An empty object."
    : table(["Field", "Type", "What it is"], rows);
}

type Field = readonly [name: string, type: string, description: string];

/** An object's fields, and those of what is inside it: `files[].address`. */
function fieldsOf(schema: ObjectSchema, prefix: string): Field[] {
  const named = Object.entries(schema.properties).flatMap(([name, field]) => {
    const required = schema.required.includes(name);
    return describeField(`${prefix}${name}`, field, required);
  });
  const { additionalProperties: others } = schema;
  return others === false
    ? named
    : [...named, ...describeField(`${prefix}NAME`, others, true)];
}

function describeField(
  name: string,
  schema: Schema,
  required: boolean,
): Field[] {
  const type = required ? typeOf(schema) : `${typeOf(schema)}, if it applies`;
  const field: Field = [name, type, schema.description ?? ""];
  if ("anyOf" in schema) return [field];
  if (schema.type === "object") return [field, ...fieldsOf(schema, `${name}.`)];
  if (schema.type !== "array") return [field];
  const { items } = schema;
  return "type" in items && items.type === "object"
    ? [field, ...fieldsOf(items, `${name}[].`)]
    : [field];
}

function typeOf(schema: Schema): string {
  if ("anyOf" in schema) return schema.anyOf.map(typeOf).join(" or ");
  if (schema.type === "array") return `list of ${typeOf(schema.items)}`;
  if (schema.type !== "object" && schema.enum !== undefined) {
    return schema.enum.map((word) => `"${word}"`).join(" or ");
  }
  return schema.type;
}

function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)]
    .join("\n");
}
