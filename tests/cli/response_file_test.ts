import assert from "node:assert/strict";
import {
  expandResponseFiles,
  splitWords,
} from "../../lib/cli/response_file.ts";
import { UsageError } from "../../lib/cli/usage_error.ts";
import { runCli, temporaryFolder } from "./_cli.ts";

/** As Python's shlex.split() has them, which esptool uses. */
const LINES: ReadonlyArray<readonly [line: string, words: string[]]> = [
  ["", []],
  ["  a  b\t c ", ["a", "b", "c"]],
  ["--port '/dev/with space'", ["--port", "/dev/with space"]],
  [`a 'b c' "d \\" e\\f" g\\ h`, ["a", "b c", 'd " e\\f', "g h"]],
  ["#x y", ["#x", "y"]],
  ["''", [""]],
  [`a"b"'c'd`, ["abcd"]],
  ["@nested", ["@nested"]],
];

for (const [line, words] of LINES) {
  Deno.test(`splitWords splits <${line}>`, () => {
    assert.deepEqual(splitWords(line), words);
  });
}

Deno.test("splitWords refuses what a shell would wait for", () => {
  assert.throws(() => splitWords("a 'b"), /a ' is not closed/);
  assert.throws(() => splitWords('a "b'), /a " is not closed/);
  assert.throws(() => splitWords("a\\"), /ends in a backslash/);
});

Deno.test("expandResponseFiles puts words in place, and takes @@ for an @", async () => {
  await using folder = await temporaryFolder();
  const path = folder.file("args");
  await Deno.writeTextFile(path, "-b 9600\r\n\n'read mac' @other\n");
  assert.deepEqual(await expandResponseFiles(["x", `@${path}`, "@@y", "a@b"]), [
    ..."x -b 9600".split(" "),
    "read mac",
    "@other",
    "@y",
    "a@b",
  ]);
});

Deno.test("expandResponseFiles says what is wrong with a file, and how to write an @", async () => {
  await using folder = await temporaryFolder();
  const [binary, quote, large] = ["binary", "quote", "large"].map((name) =>
    folder.file(name)
  );
  assert(binary && quote && large);
  await Deno.writeFile(binary, Uint8Array.of(0xff, 0xfe, 0, 1));
  await Deno.writeTextFile(quote, "a\n'b\n");
  await Deno.writeFile(large, new Uint8Array(0x10_0001));
  const cases: ReadonlyArray<readonly [string, RegExp]> = [
    [binary, /not text in UTF-8/],
    [quote, /line 2 of .*a ' is not closed/],
    [large, /too large/],
    [folder.path, /Cannot read the response file/],
    [folder.file("none"), /Cannot read the response file ".*none": /],
    ["", /Cannot read the response file ""/],
  ];
  for (const [path, message] of cases) {
    await assert.rejects(expandResponseFiles([`@${path}`]), (error) => {
      assert(error instanceof UsageError);
      assert.match(error.message, message);
      return true;
    });
  }
  const { code, stderr } = await runCli(["read-mac", "@none", "--json"]);
  assert.equal(code, 2);
  assert.equal(stderr, "");
  const plain = await runCli(["read-mac", "@none"]);
  assert.match(plain.stderr, /^Usage error: .*"none".*\nHint: Write @@/);
});

Deno.test("main answers in JSON where a response file asks for it", async () => {
  await using folder = await temporaryFolder();
  const path = folder.file("args");
  await Deno.writeTextFile(path, "--json\nversion");
  const { stdout } = await runCli([`@${path}`]);
  assert.equal(JSON.parse(stdout).command, "version");
});
