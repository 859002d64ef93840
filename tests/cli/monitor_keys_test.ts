import assert from "node:assert/strict";
import {
  KEY_HELP,
  type KeyAction,
  KeyReader,
} from "../../lib/cli/monitor_keys.ts";

/** Keys as text, `^T` for Ctrl-T. */
function typed(keys: string): Uint8Array {
  return new TextEncoder().encode(
    keys.replaceAll(
      /\^(.)/g,
      (_, key) => String.fromCharCode(key.charCodeAt(0) & 0x1f),
    ),
  );
}

function brief(actions: readonly KeyAction[]): string[] {
  return actions.map((action) =>
    action.kind === "send"
      ? `send ${Array.from(action.bytes).join(" ")}`
      : action.kind === "unknown"
      ? `unknown ${action.key}`
      : action.name
  );
}

const CASES: readonly [keys: string, actions: readonly string[]][] = [
  ["ab", ["send 97 98"]],
  ["a\r", ["send 97 13"]],
  ["^]", ["exit"]],
  ["^C", ["interrupt"]],
  ["^T^R", ["reset"]],
  ["^Tr", ["reset"]],
  ["^TR", ["reset"]],
  ["^T^P", ["download"]],
  ["^T^Y", ["pause"]],
  ["^T^L", ["log"]],
  ["^T^I", ["timestamps"]],
  ["^T^H", ["help"]],
  ["^Tx", ["exit"]],
  ["^T^T", ["send 20"]],
  ["^T^]", ["send 29"]],
  ["^T^C", ["send 3"]],
  ["a^T^Rb^]", ["send 97", "reset", "send 98", "exit"]],
  ["^T^Qr", ["unknown Ctrl-Q", "send 114"]],
  ["^T5", ["unknown 5"]],
  ["^T", []],
];

for (const [keys, expected] of CASES) {
  Deno.test(`KeyReader reads ${JSON.stringify(keys)}, in one piece or key by key`, () => {
    assert.deepEqual(brief(new KeyReader("cr").push(typed(keys))), expected);
    const reader = new KeyReader("cr");
    const single = [...typed(keys)].flatMap((byte) =>
      reader.push(Uint8Array.of(byte))
    );
    // What is sent comes in more pieces then.
    assert.deepEqual(
      brief(single).join().replaceAll(/(?<=send [\d ]+),send/g, ""),
      expected.join(),
    );
  });
}

Deno.test("KeyReader sends the line end that it is told to", () => {
  assert.deepEqual(brief(new KeyReader("lf").push(typed("\r"))), ["send 10"]);
  assert.deepEqual(brief(new KeyReader("crlf").push(typed("\r"))), [
    "send 13 10",
  ]);
});

Deno.test("every key that does something is in the help", () => {
  const help = KEY_HELP.join("\n");
  for (const key of "RPYLIHXT") {
    assert.match(help, new RegExp(`Ctrl-T Ctrl-${key}`), key);
  }
  assert.match(help, /Ctrl-\]/);
});
