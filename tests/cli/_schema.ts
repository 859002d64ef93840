/** Checks values against the part of JSON Schema that the command line writes. */

import assert from "node:assert/strict";
import type { Schema } from "../../lib/cli/schema.ts";

/**
 * @param path Where the value stands, for the message.
 * @throws {AssertionError} If the value is not what the schema says.
 */
export function validate(value: unknown, schema: Schema, path = "$"): void {
  if ("anyOf" in schema) {
    assert(
      schema.anyOf.some((kind) => isValid(value, kind)),
      `${path} is of none of its kinds: ${JSON.stringify(value)}`,
    );
    return;
  }
  const actual = kindOf(value);
  const fits = actual === schema.type ||
    schema.type === "number" && actual === "integer";
  assert(fits, `${path} is of type ${actual}, not ${schema.type}`);
  if (schema.type === "array") {
    const items = value as unknown[];
    items.forEach((item, i) => validate(item, schema.items, `${path}[${i}]`));
  } else if (schema.type === "object") {
    const fields = value as Record<string, unknown>;
    const missing = schema.required.filter((name) => !(name in fields));
    assert.deepEqual(missing, [], `${path} lacks fields`);
    for (const [name, field] of Object.entries(fields)) {
      const known = schema.properties[name] ?? schema.additionalProperties;
      assert(known, `${path} has an undocumented field "${name}"`);
      validate(field, known, `${path}.${name}`);
    }
  } else if (schema.enum !== undefined) {
    const words: readonly unknown[] = schema.enum;
    assert(words.includes(value), `${path} is none of ${words.join(", ")}`);
  }
}

function isValid(value: unknown, schema: Schema): boolean {
  try {
    validate(value, schema);
    return true;
  } catch {
    return false;
  }
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return "array";
  if (value === null) return "null";
  if (Number.isInteger(value)) return "integer";
  return typeof value;
}
