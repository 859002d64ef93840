/**
 * What a verb's `--json` result looks like: JSON Schema, in the small part of
 * it that is needed, and words to write it with.
 *
 * @module
 */

/** A JSON Schema (draft 2020-12) of one value. */
export type Schema = ScalarSchema | ArraySchema | ObjectSchema | EitherSchema;

/** Of a text, a number or a truth value. */
export interface ScalarSchema {
  /** What it is. */
  readonly type: "string" | "integer" | "number" | "boolean";
  /** What it says, with its unit. */
  readonly description: string;
  /** The words that a text can be. */
  readonly enum?: readonly string[];
}

/** Of a list. */
export interface ArraySchema {
  /** Tells this variant from the others. */
  readonly type: "array";
  /** What it lists. */
  readonly description: string;
  /** Each of its items. */
  readonly items: Schema;
}

/** Of an object. */
export interface ObjectSchema {
  /** Tells this variant from the others. */
  readonly type: "object";
  /** What it describes, unless its place says so. */
  readonly description?: string;
  /** What it has, by name. */
  readonly properties: Readonly<Record<string, Schema>>;
  /** What of it is always there. */
  readonly required: readonly string[];
  /** What else it may have: nothing, or any names with values of one kind. */
  readonly additionalProperties: false | Schema;
}

/** Of a value of one of several kinds. */
export interface EitherSchema {
  /** What it says. */
  readonly description: string;
  /** The kinds. */
  readonly anyOf: readonly Schema[];
}

/** A field that is not always there. */
export interface Maybe {
  /** Its schema, where it is there. */
  readonly maybe: Schema;
}

/** The fields of an object. */
export type Fields = Readonly<Record<string, Schema | Maybe>>;

/** A text, or one of the given words. */
export function text(
  description: string,
  words?: readonly string[],
): ScalarSchema {
  return { type: "string", description, ...(words && { enum: words }) };
}

/** A whole number, such as a number of bytes or an address. */
export function integer(description: string): ScalarSchema {
  return { type: "integer", description };
}

/** A number, such as milliseconds. */
export function number(description: string): ScalarSchema {
  return { type: "number", description };
}

/** `true` or `false`. */
export function truth(description: string): ScalarSchema {
  return { type: "boolean", description };
}

/** A list of values of one kind. */
export function listOf(items: Schema, description: string): ArraySchema {
  return { type: "array", description, items };
}

/** A value of one of several kinds. */
export function either(
  kinds: readonly Schema[],
  description: string,
): EitherSchema {
  return { description, anyOf: kinds };
}

/** A field that is left out where its value is not known or does not apply. */
export function maybe(schema: Schema): Maybe {
  return { maybe: schema };
}

/** An object with these fields and no others. */
export function object(fields: Fields, description?: string): ObjectSchema {
  const entries = Object.entries(fields);
  return {
    type: "object",
    ...(description !== undefined && { description }),
    properties: Object.fromEntries(
      entries.map((
        [name, field],
      ) => [name, "maybe" in field ? field.maybe : field]),
    ),
    required: entries.filter(([, field]) => !("maybe" in field))
      .map(([name]) => name),
    additionalProperties: false,
  };
}

/** An object whose names are data: any number of fields of one kind. */
export function mapOf(values: Schema, description: string): ObjectSchema {
  return {
    type: "object",
    description,
    properties: {},
    required: [],
    additionalProperties: values,
  };
}
