import assert from "node:assert/strict";
import type { Options } from "../../lib/cli/command.ts";
import {
  flag,
  GLOBAL_OPTIONS,
  repeated,
  setting,
} from "../../lib/cli/options.ts";
import { UsageError } from "../../lib/cli/usage_error.ts";
import { WordReader } from "../../lib/cli/words.ts";

const mode = (flags: string, aliases?: string[]) =>
  setting({ flags, aliases, summary: "", fallback: "", parse: String });

/** Much like those of `write-flash`. */
const OWN: Options = {
  noProgress: flag("-p, --no-progress", ""),
  eraseAll: flag("-e, --erase-all", ""),
  flashMode: mode("-fm, --flash-mode <mode>", ["--flash_mode"]),
  diffWith: repeated<readonly string[]>({
    flags: "--diff-with <file...>",
    summary: "",
    fallback: [],
    parse: (texts) => texts,
  }),
};

interface Read {
  readonly globals?: Readonly<Record<string, readonly string[]>>;
  readonly own?: Readonly<Record<string, readonly string[]>>;
  readonly words?: string;
  readonly help?: boolean;
  readonly unknown?: string;
}

function read(line: string): Read {
  const globals = new Map<string, string[]>();
  const own = new Map<string, string[]>();
  const all = { options: GLOBAL_OPTIONS, typed: globals };
  const reader = new WordReader(line.split(" "));
  const before = reader.readFirst(all);
  const behind = reader.readRest([{ options: OWN, typed: own }, all]);
  const words = [...before.words, ...behind.words].join(" ");
  return {
    ...(globals.size > 0 && { globals: Object.fromEntries(globals) }),
    ...(own.size > 0 && { own: Object.fromEntries(own) }),
    ...(words !== "" && { words }),
    ...((before.help || behind.help) && { help: true }),
    ...(behind.unknown !== undefined && { unknown: behind.unknown }),
    ...(before.unknown !== undefined && { unknown: before.unknown }),
  };
}

const CASES: ReadonlyArray<readonly [line: string, expected: Read]> = [
  ["-p my_port v a_b", { globals: { ports: ["my_port"] }, words: "v a_b" }],
  ["-pmy_port v", { globals: { ports: ["my_port"] }, words: "v" }],
  ["--port=a=b v", { globals: { ports: ["a=b"] }, words: "v" }],
  ["--port= v", { globals: { ports: [""] }, words: "v" }],
  ["v --port a --port b", { globals: { ports: ["a", "b"] }, words: "v" }],
  ["v --port --odd_name", { globals: { ports: ["--odd_name"] }, words: "v" }],
  ["-tv v", { globals: { trace: [], verbose: [] }, words: "v" }],
  ["-tb9600 v", { globals: { trace: [], baud: ["9600"] }, words: "v" }],
  ["-b=9600 v", { globals: { baud: ["=9600"] }, words: "v" }],
  // Behind the verb, -p is the verb's own, and takes no value.
  ["-p a v -p b", {
    globals: { ports: ["a"] },
    own: { noProgress: [] },
    words: "v b",
  }],
  ["v -fm dio", { own: { flashMode: ["dio"] }, words: "v" }],
  ["v -fm=dio", { own: { flashMode: ["dio"] }, words: "v" }],
  ["v --flash_mode=my_mode", { own: { flashMode: ["my_mode"] }, words: "v" }],
  ["v --flash_mode -x", { own: { flashMode: ["-x"] }, words: "v" }],
  ["v -ep 0", { own: { eraseAll: [], noProgress: [] }, words: "v 0" }],
  ["v --diff-with a b -e c", {
    own: { diffWith: ["a", "b"], eraseAll: [] },
    words: "v c",
  }],
  ["v --diff-with a -1 --", { own: { diffWith: ["a", "-1"] }, words: "v" }],
  ["v -1 - -.5e3", { words: "v -1 - -.5e3" }],
  ["v 0 -- --odd -fm", { words: "v 0 --odd -fm" }],
  ["-- v --odd", { words: "v --odd" }],
  ["v -fmdio", { words: "v", unknown: "-fmdio" }],
  ["-fm dio v", { words: "dio v", unknown: "-fm" }],
  ["-1 v", { words: "v", unknown: "-1" }],
  ["v --bogus --other", { words: "v", unknown: "--bogus" }],
  ["v --erase-all=1", { words: "v", unknown: "--erase-all=1" }],
  ["v -ex", { own: { eraseAll: [] }, words: "v", unknown: "-x" }],
  ["v --no_stub", { words: "v", unknown: "--no_stub" }],
  ["v --bogus -h", { words: "v", unknown: "--bogus", help: true }],
  ["--help", { help: true }],
  ["v -th", { globals: { trace: [] }, words: "v", help: true }],
];

for (const [line, expected] of CASES) {
  Deno.test(`WordReader reads "${line}"`, () => {
    assert.deepEqual(read(line), expected);
  });
}

Deno.test("WordReader names the option whose value is missing", () => {
  for (
    const [line, name] of [
      ["--port", "--port"],
      ["v -fm", "-fm"],
      ["v --diff-with", "--diff-with"],
      ["-tp", "-p"],
    ] as const
  ) {
    assert.throws(() => read(line), (error: unknown) => {
      assert(error instanceof UsageError);
      assert(error.message.includes(name), error.message);
      return true;
    });
  }
});
