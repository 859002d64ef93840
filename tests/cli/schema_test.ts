import assert from "node:assert/strict";
import { loadCommands } from "../../lib/cli/commands.ts";
import {
  either,
  integer,
  listOf,
  mapOf,
  maybe,
  number,
  object,
  text,
  truth,
} from "../../lib/cli/schema.ts";
import { validate } from "./_schema.ts";

const COMMANDS = await loadCommands();

const SCHEMA = object({
  name: text("a name"),
  size: either([integer("bytes"), text("all of it", ["all"])], "how much"),
  speed: maybe(number("kbit/s")),
  flags: listOf(truth("a flag"), "flags"),
  keys: mapOf(integer("a value"), "values by key"),
}, "a thing");

const GOOD = { name: "x", size: 1, flags: [true], keys: { a: 1, b: 2 } };

Deno.test("object describes what is there, what may be, and nothing else", () => {
  assert.deepEqual(object({ a: text("an a"), b: maybe(truth("a b")) }), {
    type: "object",
    properties: {
      a: { type: "string", description: "an a" },
      b: { type: "boolean", description: "a b" },
    },
    required: ["a"],
    additionalProperties: false,
  });
  validate(GOOD, SCHEMA);
  validate({ ...GOOD, size: "all", speed: 1.5 }, SCHEMA);
  for (
    const wrong of [
      null,
      [],
      { ...GOOD, name: 1 },
      { ...GOOD, name: undefined },
      { ...GOOD, size: "some" },
      { ...GOOD, size: 1.5 },
      { ...GOOD, speed: null },
      { ...GOOD, flags: [1] },
      { ...GOOD, flags: {} },
      { ...GOOD, keys: { a: "1" } },
      { ...GOOD, more: 1 },
      { name: "x" },
    ]
  ) {
    assert.throws(() => validate(wrong, SCHEMA), JSON.stringify(wrong));
  }
});

for (const { name, examples } of COMMANDS) {
  Deno.test(`${name} has examples`, () => {
    assert(examples.length > 0, "no example");
    for (const { line } of examples) assert(line.includes(name), line);
  });
}
