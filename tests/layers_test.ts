import assert from "node:assert/strict";
import { readdirSync } from "node:fs";

const ROOT = new URL("../", import.meta.url);
const BASE = ["errors", "bytes", "clock", "limits", "progress"].map((n) =>
  `lib/${n}.ts`
);
const BUILDING = ["base", "chips", "framing", "protocol"];
/** The layers that a layer may import, beside itself. */
const BELOW: Readonly<Record<string, readonly string[]>> = {
  base: [],
  chips: ["base"],
  framing: ["base"],
  protocol: ["base"],
  transport: ["base"],
  image: ["base", "chips", "npm"],
  loader: [...BUILDING, "lib/transport/transport.ts"],
  simulator: [...BUILDING, "transport"],
  device: [...BUILDING, "transport", "image", "loader"],
  monitor: ["base", "image", "transport"],
  provision: [
    ...["base", "chips", "image", "device", "monitor"],
    ...["lib/transport/list_ports.ts", "npm", "deno.json"],
  ],
  // The command line starts fast: what needs no board loads single modules, not the whole library.
  cli: ["base", "chips", "image", "public", "npm", "deno.json"],
  scripts: ["public"],
  "mod.ts": [...BUILDING, "transport", "image", "loader", "device", "monitor"],
};
const PUBLIC = [
  "mod.ts",
  ...["image/mod", "monitor/mod", "simulator/mod", "provision/mod", "cli/main"]
    .map((name) => `lib/${name}.ts`),
];
/** What single files may import beyond their layer. */
const EXTRA: Readonly<Record<string, readonly RegExp[]>> = {
  // Deno reads what an `import()` names at every start, and provision's mod.ts names a hundred modules.
  "lib/cli/boards_view.ts": [/^\.\.\/provision\/rows\.ts$/],
  // A job may be a module, whose path only its user knows.
  "lib/provision/load_job.ts": [/^\(computed\)$/],
  // What a browser runs is no module of this program.
  "lib/provision/dashboard/_assets.ts": [/^\.\/client\/\w+\.(?:html|css|js)$/],
  "lib/loader/stub.ts": [/^npm:esptool-js@[\d.]+\/.*\.json$/],
};

/** `deno task` fetches an import map's packages before a task can say whom to trust, so there is none. */
const PINNED_PACKAGE = /^npm:(?:@[\w.-]+\/)?[\w.-]+@\d+\.\d+\.\d+(?:\/.*)?$/;

/** `lib/device/open.ts` is of `device`, and `lib/bytes.ts` of `base`. */
function layerOf(path: string): string {
  if (BASE.includes(path)) return "base";
  const [top = "", folder = "", rest] = path.split("/");
  return rest === undefined ? top : top === "lib" ? folder : top;
}

/** Every module that a source names: imports, re-exports, types and `import()`; not those in comments. */
function importsOf(source: string): { specifier: string; lazy: boolean }[] {
  const code = source.replaceAll(/^\s*(?:\/\*|\*|\/\/).*$/gm, "");
  const named =
    /^(?:import|export)\b[\w$*{},\s]*?\bfrom\s*"([^"]+)"|^import\s*"([^"]+)"/gm;
  const called = /(\bawait\s+)?\bimport\(\s*(?:["'`]([^"'`$]+))?/g;
  return [
    ...Array.from(code.matchAll(named), ([, from, bare]) => ({
      specifier: from ?? bare ?? "",
      lazy: false,
    })),
    ...Array.from(code.matchAll(called), ([, lazy, specifier]) => ({
      specifier: specifier ?? "(computed)",
      lazy: lazy !== undefined,
    })),
  ];
}

/** Why `path` may not import `specifier`, or `undefined` if it may. */
function objection(
  path: string,
  specifier: string,
  lazy: boolean,
): string | undefined {
  const layer = layerOf(path);
  const below = BELOW[layer] ?? [];
  if (specifier.startsWith("node:")) return undefined;
  if (EXTRA[path]?.some((extra) => extra.test(specifier))) return undefined;
  if (!specifier.startsWith(".")) {
    return PINNED_PACKAGE.test(specifier) && below.includes("npm")
      ? undefined
      : `no package here: ${specifier}`;
  }
  const target = new URL(specifier, new URL(path, ROOT)).href
    .slice(ROOT.href.length);
  const folder = target.slice(0, target.lastIndexOf("/") + 1);
  if (!/\.(ts|json)$/.test(target)) return `without its ending: ${target}`;
  if (target.slice(folder.length).startsWith("_")) {
    if (path.slice(0, path.lastIndexOf("/") + 1) !== folder) {
      return `private to ${folder}: ${target}`;
    }
  }
  const other = layerOf(target);
  const allowed = other === layer || below.includes(other) ||
    below.includes(target) ||
    below.includes("public") && PUBLIC.includes(target) ||
    layer === "device" && other === "simulator" && lazy;
  return allowed ? undefined : `${layer} does not stand on ${target}`;
}

function sources(): string[] {
  const found = ["lib", "scripts"].flatMap((folder) =>
    readdirSync(new URL(folder, ROOT), { recursive: true })
      .map((name) => `${folder}/${String(name).replaceAll("\\", "/")}`)
  );
  return ["mod.ts", ...found.filter((path) => path.endsWith(".ts"))];
}

Deno.test("lib, scripts and mod.ts import only what stands below them", () => {
  const paths = sources();
  assert.ok(paths.length > 20, "found the sources");
  const objections = paths.flatMap((path) => {
    if (BELOW[layerOf(path)] === undefined) return [`${path}: of no layer`];
    return importsOf(Deno.readTextFileSync(new URL(path, ROOT)))
      .map(({ specifier, lazy }) => objection(path, specifier, lazy))
      .flatMap((why) => why === undefined ? [] : [`${path}: ${why}`]);
  });
  assert.deepEqual(objections, []);
});

/** Everything that is loaded with a module, except for types and `import()`. */
function loadedWith(path: string, loaded = new Set<string>()): Set<string> {
  if (loaded.has(path)) return loaded;
  loaded.add(path);
  if (!path.endsWith(".ts")) return loaded;
  const source = Deno.readTextFileSync(new URL(path, ROOT)).replaceAll(
    /^(?:import|export) (?:type\b|\{(?:\s*type \w+,?)+\s*\})[^;]*;/gm,
    "",
  ).replaceAll(/\b(?:typeof|await) import\(/g, "");
  for (const { specifier } of importsOf(source)) {
    const target = specifier.startsWith(".")
      ? new URL(specifier, new URL(path, ROOT)).href.slice(ROOT.href.length)
      : specifier;
    loadedWith(target, loaded);
  }
  return loaded;
}

/** What takes long to load: half of the time of elf2image is this. */
const SLOW =
  /^(?:mod\.ts|(?:npm|node):.*|lib\/(?:device|loader|transport)\/.*)$/;

for (
  const module of [
    "main",
    "commands/elf2image",
    "commands/make_image",
    "commands/version",
    "commands/help",
  ]
) {
  Deno.test(`lib/cli/${module}.ts starts without what is slow to load`, () => {
    const slow = (path: string) =>
      [...loadedWith(path)].filter((name) => SLOW.test(name));
    assert.ok(slow("lib/cli/config.ts").includes("lib/loader/link.ts"));
    assert.deepEqual(slow(`lib/cli/${module}.ts`), []);
  });
}

const FORBIDDEN: readonly [path: string, source: string][] = [
  ["lib/bytes.ts", `import { esp32 } from "./chips/esp32.ts";`],
  [
    "lib/chips/a.ts",
    `import type { Transport } from "../transport/transport.ts";`,
  ],
  ["lib/loader/a.ts", `import { openTcp } from "../transport/tcp.ts";`],
  ["lib/loader/a.ts", `export {\n  parse,\n} from "../image/elf.ts";`],
  ["lib/loader/a.ts", `const a = await import("../simulator/mod.ts");`],
  ["lib/loader/a.ts", `import stub from "npm:esptool-js@0.7.0/a.json";`],
  [
    "lib/loader/stub.ts",
    `import { ESPLoader } from "npm:esptool-js@0.7.0/lib/index.js";`,
  ],
  ["lib/simulator/a.ts", `import { Link } from "../loader/link.ts";`],
  ["lib/device/a.ts", `import { VirtualBoard } from "../simulator/mod.ts";`],
  ["lib/device/a.ts", `let a: import("../simulator/mod.ts").VirtualBoard;`],
  ["lib/device/a.ts", `import * as posix from "../transport/_posix.ts";`],
  ["lib/provision/a.ts", `import { Link } from "../loader/link.ts";`],
  ["lib/provision/a.ts", `import { x } from "npm:csv-parse@^6.2.0";`],
  ["lib/cli/commands/a.ts", `import { open } from "../../device/open.ts";`],
  ["lib/image/a.ts", `import "jsr:@std/assert";`],
  ["lib/image/a.ts", `import { Device } from "../device/device.ts";`],
  ["lib/image/a.ts", `const a = await import(name);`],
  ["lib/image/a.ts", `import { a } from "./elf";`],
  ["scripts/a.ts", `import { chipById } from "../lib/chips/registry.ts";`],
];

for (const [path, source] of FORBIDDEN) {
  Deno.test(`the layer check objects to ${source} in ${path}`, () => {
    const [found, ...more] = importsOf(source);
    assert.ok(found !== undefined && more.length === 0);
    assert.ok(objection(path, found.specifier, found.lazy));
  });
}
