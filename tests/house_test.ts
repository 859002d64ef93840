import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import config from "../deno.json" with { type: "json" };

const ROOT = new URL("../", import.meta.url);
const PUBLIC = [
  "mod.ts",
  "lib/image/mod.ts",
  "lib/monitor/mod.ts",
  "lib/simulator/mod.ts",
  "lib/provision/mod.ts",
  "lib/cli/main.ts",
];
const MAX_LINES = 400;
/** Tables, whose length is their content's: of commands, and of a device's operations. */
const DATA = ["lib/protocol/commands.ts", "lib/device/device.ts"];

/** The one module that has state of its own: what the ports of a process share. */
const STATE = "lib/transport/reactor.ts";

interface Source {
  readonly path: string;
  readonly text: string;
}

/** The project's own modules under these folders, or the files themselves. */
function sources(...tops: string[]): Source[] {
  const paths = tops.flatMap((top) => {
    if (top.endsWith(".ts")) return [top];
    return readdirSync(new URL(top, ROOT), { recursive: true })
      .map((name) => `${top}/${String(name).replaceAll("\\", "/")}`)
      .filter((path) => path.endsWith(".ts"));
  });
  assert.ok(paths.length > 0);
  return paths.map((path) => ({
    path,
    text: Deno.readTextFileSync(new URL(path, ROOT)),
  }));
}

/** `path:line: text` of each line that matches. */
function linesLike(pattern: RegExp, files: readonly Source[]): string[] {
  return files.flatMap(({ path, text }) =>
    text.split("\n").flatMap((line, index) =>
      pattern.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : []
    )
  );
}

/** The sources without the lines that are comments. */
function code(files: readonly Source[]): Source[] {
  return files.map(({ path, text }) => ({
    path,
    text: text.replaceAll(/^[ \t]*(?:\/\*|\*|\/\/).*$/gm, ""),
  }));
}

const LIBRARY = sources("lib", "mod.ts");
const EVERYTHING = [...LIBRARY, ...sources("scripts", "tests", "bench")];

Deno.test("lib writes to no console outside the command line", () => {
  const quiet = LIBRARY.filter(({ path }) => !path.startsWith("lib/cli/"));
  assert.deepEqual(linesLike(/\bconsole\./, code(quiet)), []);
});

Deno.test("lib looks up no environment variable outside the command line", () => {
  const quiet = LIBRARY.filter(({ path }) => !path.startsWith("lib/cli/"));
  const pattern = /\bDeno\.env\b|\bprocess\.env\b/;
  assert.deepEqual(linesLike(pattern, code(quiet)), []);
});

Deno.test("no module re-exports everything of another", () => {
  assert.deepEqual(linesLike(/^export \*/, EVERYTHING), []);
});

Deno.test("no module leaves work for later", () => {
  const later = new RegExp(`\\b(${["TO" + "DO", "FIX" + "ME"].join("|")})\\b`);
  assert.deepEqual(linesLike(later, EVERYTHING), []);
});

Deno.test("no module uses any, an enum or a private keyword", () => {
  const pattern =
    /[:<|(] ?any\b|\bas any\b|^\s*(export )?(const )?enum\b|^\s*private (?!constructor)/;
  assert.deepEqual(linesLike(pattern, code(EVERYTHING)), []);
});

Deno.test("no module is longer than it may be", () => {
  const long = [...LIBRARY, ...sources("scripts", "bench")].flatMap(
    ({ path, text }) => {
      const lines = text.split("\n").length - 1;
      return lines > MAX_LINES && !DATA.includes(path)
        ? [`${path}: ${lines}`]
        : [];
    },
  );
  assert.deepEqual(long, []);
});

Deno.test("every package has one exact version", () => {
  // These two have samples and patterns, not imports.
  const real = EVERYTHING.filter(({ path }) =>
    !["tests/layers_test.ts", "tests/house_test.ts"].includes(path)
  );
  const specifiers = real.flatMap(({ text }) =>
    Array.from(text.matchAll(/"npm:((?:@[^/@"]+\/)?[^@/"]+)(?:@([^/"]+))?/g))
  );
  assert.ok(specifiers.length > 0);
  const versions = new Map<string, Set<string>>();
  for (const [, name = "", version = "none"] of specifiers) {
    versions.set(name, (versions.get(name) ?? new Set()).add(version));
  }
  for (const [name, found] of versions) {
    assert.equal(found.size, 1, `${name}: ${[...found].join(", ")}`);
    assert.match([...found].join(), /^\d+\.\d+\.\d+$/, name);
  }
});

// With a lock file in its configuration, `deno task` fetches every package in
// it before the task begins, and trusts Mozilla's certificates alone: behind a
// proxy that has its own, no task would run. So the tasks name the lock file.
Deno.test("every task that loads packages checks them against the lock file", () => {
  assert.equal(config.lock, false);
  for (const [name, task] of Object.entries(config.tasks)) {
    const command = "command" in task ? task.command : "";
    if (!/\bdeno (run|test|check|bench)\b/.test(command)) continue;
    assert.match(command, / --lock=deno\.lock --frozen /, name);
  }
});

Deno.test("mod.ts holds names and no logic", () => {
  const logic = linesLike(
    /\b(function|class|const|let)\b/,
    code(sources("mod.ts")),
  );
  assert.deepEqual(logic, []);
});

Deno.test("module state in lib does not change", () => {
  const stateless = LIBRARY.filter(({ path }) => path !== STATE);
  assert.deepEqual(linesLike(/^(export )?(let|var)\b/, stateless), []);
});

Deno.test("native libraries are loaded inside functions only", () => {
  // What fmt has formatted stands at the margin exactly if it runs at import.
  const calls = linesLike(/\bdlopen\(/, code(LIBRARY));
  assert.ok(calls.length > 0, "something is loaded somewhere");
  for (const { path, text } of code(LIBRARY)) {
    for (const statement of topLevelStatements(text)) {
      if (!/\bdlopen\(/.test(statement)) continue;
      assert.match(
        statement,
        /^(export )?(async )?(function|class|abstract class)\b/,
        `${path}: dlopen at import`,
      );
    }
  }
});

/** A formatted module's statements: each starts at the margin. */
function topLevelStatements(text: string): string[] {
  return text.split(/^(?=[A-Za-z@])/m);
}

Deno.test("importing the public modules needs no permission", async () => {
  const imports = PUBLIC.map((path) => new URL(path, ROOT).href)
    .map((url) => `import ${JSON.stringify(url)};\n`);
  const run = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--quiet", "--config", "deno.json", "-"],
    cwd: ROOT,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  await ReadableStream.from(imports).pipeThrough(new TextEncoderStream())
    .pipeTo(run.stdin);
  const { success, stdout, stderr } = await run.output();
  assert.ok(success, new TextDecoder().decode(stderr));
  assert.equal(new TextDecoder().decode(stdout), "", "nothing runs at import");
});
