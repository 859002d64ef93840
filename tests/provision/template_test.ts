import assert from "node:assert/strict";
import fc from "npm:fast-check@4.10.2";
import {
  renderTemplate,
  templateNames,
} from "../../lib/provision/_template.ts";

const VALUES: Readonly<Record<string, string>> = {
  serial: "LMP-1",
  empty: "",
  odd: "{serial} $& $1",
  "a b/c": "spaced",
};
const lookup = (name: string) => VALUES[name];

Deno.test("renderTemplate puts values into their places", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["", ""],
    ["plain", "plain"],
    ["{serial}", "LMP-1"],
    ["<{serial}{serial}>", "<LMP-1LMP-1>"],
    ["{empty}|", "|"],
    ["{a b/c}", "spaced"],
    ['{{"serial": "{serial}"}}', '{"serial": "LMP-1"}'],
    ["{{{serial}}}", "{LMP-1}"],
    ["{{serial}}", "{serial}"],
  ];
  for (const [template, text] of cases) {
    assert.equal(renderTemplate(template, lookup), text, template);
  }
});

Deno.test("renderTemplate takes nothing in a value for a place", () => {
  assert.equal(renderTemplate("{odd}", lookup), "{serial} $& $1");
});

Deno.test("renderTemplate says which value is missing, and quotes neither template nor values", () => {
  assert.throws(() => renderTemplate("hunter2 {serial} {gone}", lookup), {
    name: "RangeError",
    message: 'Cannot fill a template in: there is no value "gone"',
  });
  assert.throws(() => renderTemplate("{}", lookup), { name: "RangeError" });
});

Deno.test("templateNames finds names, and braces without a partner", () => {
  assert.deepEqual(templateNames("{a}{{b}}{{{c}}} {a}"), ["a", "c", "a"]);
  for (const template of ["{", "}", "a{b", "hunter2}", "{a{b}}", "{{{a}}"]) {
    assert.throws(() => templateNames(template), (error: unknown) => {
      assert.ok(error instanceof SyntaxError);
      assert.match(error.message, /^There is a single "[{}]": write/);
      return true;
    }, template);
  }
});

Deno.test("renderTemplate and templateNames agree on any text", () => {
  const piece = fc.constantFrom("{", "}", "{{", "}}", "{a}", "x", "é", "\n");
  const template = fc.array(piece, { maxLength: 12 }).map((all) =>
    all.join("")
  );
  fc.assert(
    fc.property(template, (text) => {
      let names: string[];
      try {
        names = templateNames(text);
      } catch (error) {
        assert.ok(error instanceof SyntaxError);
        return;
      }
      const asked: string[] = [];
      const rendered = renderTemplate(text, (name) => (asked.push(name), "V"));
      assert.deepEqual(asked, names);
      assert.equal(rendered.split("V").length - 1, names.length);
    }),
    { seed: 2, numRuns: 500 },
  );
});

Deno.test("renderTemplate gives back any text whose braces are doubled", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const template = text.replaceAll(/[{}]/g, "$&$&");
      assert.equal(renderTemplate(template, () => undefined), text);
    }),
    { seed: 2 },
  );
});
