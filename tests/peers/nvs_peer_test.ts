/**
 * ESP-IDF's NVS partition generator and espline build the same CSV, and must
 * build the same bytes, plain and encrypted, in both versions; and what it has
 * built is parsed to the rows that it was built from.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import {
  buildNvs,
  decryptNvs,
  deriveNvsKeys,
  encodeNvsKeys,
  formatNvsCsv,
  type NvsContents,
  type NvsVersion,
  parseNvs,
  parseNvsCsv,
  parseNvsKeys,
} from "../../lib/image/mod.ts";
import { temporaryFolder } from "../cli/_cli.ts";
import { peerTest } from "./_peers.ts";

interface Case {
  readonly name: string;
  /** Rows below the header line and `w,namespace,,`. */
  readonly rows: string;
  /** In bytes; 0x6000 if left out. */
  readonly size?: number;
  /** The only version that the rows can be built in. */
  readonly only?: NvsVersion;
  /** Whether the lines end with CRLF. */
  readonly crlf?: boolean;
}

const PEM = `"-----BEGIN CERTIFICATE-----
MIIB""quoted"", with a comma
-----END CERTIFICATE-----
"`;

const FILES = {
  "text.txt": new TextEncoder().encode("line one\nline two\n"),
  "bytes.bin": Uint8Array.from({ length: 300 }, (_, index) => index),
  "hex.txt": new TextEncoder().encode("00ff10\n"),
  "number.txt": new TextEncoder().encode("42\n"),
};

/** That many numbers, to begin something else further down in a page. */
function numbers(count: number): string {
  return Array.from({ length: count }, (_, i) => `n${i},data,u8,${i % 256}\n`)
    .join("");
}

function hex(size: number): string {
  return Array.from({ length: size }, (_, i) => (i * 7 & 0xff))
    .map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

const LIMITS = `
a,data,u8,0
b,data,u8,255
c,data,i8,-128
d,data,i8,127
e,data,u16,65535
f,data,i16,-32768
g,data,u32,4294967295
h,data,i32,-2147483648
i,data,u64,18446744073709551615
j,data,i64,-9223372036854775808
k,data,i64,9223372036854775807
`.trimStart();

const CASES: readonly Case[] = [
  { name: "nothing", rows: "" },
  { name: "numbers at their limits", rows: LIMITS },
  {
    name: "numbers with signs and spaces",
    rows: "a,data,i16, +7 \nb,data,u8,007\nc,data,U8,1\n",
  },
  {
    name: "comments and empty lines",
    rows: "# a\n\na,data,u8,1\n#b,data,u8,2\n\n",
  },
  { name: "a multi-line string", rows: `pem,data,string,${PEM}\n` },
  { name: "CRLF", rows: `pem,data,string,${PEM}\na,data,u8,1\n`, crlf: true },
  { name: "UTF-8", rows: "a,data,string,Zürich ☕\n" },
  { name: "an empty string", rows: "a,data,string,\n" },
  {
    name: "quotes inside",
    rows: `a,data,string,say "hi"\nb,data,string,{x:"y"}\n`,
  },
  {
    name: "a short row and a long key",
    rows: "v,namespace\nfifteen_letters,data,u8,1\n",
  },
  {
    name: "namespaces",
    rows: Array.from(
      { length: 200 },
      (_, i) => `s${i},namespace,,\nk,data,u16,${i}\n`,
    ).join(""),
  },
  {
    name: "binary, hex and base64",
    rows:
      "a,data,binary,abc\nb,data,hex2bin, 00FFab \nc,data,base64,AAECAwQ=\nd,data,binary,\n",
  },
  {
    name: "filled blobs",
    rows:
      "a,data,blob_fill(40;0xFF),\nb,data,blob_fill(40;0x00),abc\nc,data,blob_sz_fill(40;0xA5),abc\n",
  },
  {
    name: "files",
    rows:
      "a,file,string,text.txt\nb,file,binary,bytes.bin\nc,file,hex2bin,hex.txt\nd,file,u8,number.txt\n",
  },
  ...[30, 31, 32, 1983].map((size) => ({
    name: `a string of ${size}`,
    rows: `a,data,string,${"x".repeat(size)}\n`,
  })),
  ...[1, 31, 32, 33, 1984].map((size) => ({
    name: `a blob of ${size}`,
    rows: `a,data,hex2bin,${hex(size)}\n`,
  })),
  {
    name: "the longest string",
    rows: `a,data,string,${"x".repeat(3967)}\n`,
    only: 2,
  },
  ...[3967, 3968, 3969, 4000, 4001, 12_000].map((size) => ({
    name: `a blob of ${size}`,
    rows: `a,data,hex2bin,${hex(size)}\nb,data,u8,1\n`,
    only: 2 as const,
  })),
  {
    name: "blobs of FF, encrypted too",
    rows: `a,data,hex2bin,${"ff".repeat(200)}\nb,data,u8,1\n`,
  },
  // A page has 126 entries, one of which names the namespace.
  ...[119, 120, 121, 122, 123, 124, 125, 126].flatMap((count) => [
    {
      name: `${count} numbers and a string`,
      rows: `${numbers(count)}a,data,string,${"x".repeat(80)}\nb,data,u8,1\n`,
    },
    {
      name: `${count} numbers and a blob`,
      rows: `${numbers(count)}a,data,hex2bin,${hex(80)}\nb,data,u8,1\n`,
    },
  ]),
  {
    name: "five blobs and strings over pages",
    rows: [500, 1500, 1900, 64, 1000].map((size, i) =>
      `b${i},data,hex2bin,${hex(size)}\ns${i},data,string,${"y".repeat(size)}\n`
    ).join(""),
    size: 0x10000,
  },
  {
    name: "the smallest that can be written to",
    rows: numbers(250),
    size: 0x3000,
  },
];

const KEYS = {
  encryptionKey: Uint8Array.from({ length: 32 }, (_, i) => i),
  tweakKey: Uint8Array.from({ length: 32 }, (_, i) => 255 - i),
};

const HEADER = "key,type,encoding,value\n";

function csvOf({ rows, crlf }: Case): string {
  const text = `${HEADER}w,namespace,,\n${rows}`;
  return crlf ? text.replaceAll("\n", "\r\n") : text;
}

function contentsOf(text: string): NvsContents {
  return parseNvsCsv(text, {
    readFile: (path) => FILES[path as keyof typeof FILES],
  });
}

/** Runs the generator once per list of arguments, all in one Python; each must succeed. */
const DRIVER = `
import json, runpy, sys
for line in sys.stdin:
    sys.argv = ["nvs_partition_gen"] + json.loads(line)
    try:
        runpy.run_module("esp_idf_nvs_partition_gen", run_name="__main__")
    except SystemExit as end:
        if end.code not in (0, None):
            sys.exit(f"{sys.argv}: {end.code}")
`;

async function runGenerator(
  python: string,
  folder: string,
  runs: readonly (readonly string[])[],
): Promise<void> {
  const child = new Deno.Command(python, {
    args: ["-W", "ignore", "-c", DRIVER],
    cwd: folder,
    stdin: "piped",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const output = child.output();
  const writer = child.stdin.getWriter();
  await writer.write(
    new TextEncoder().encode(
      runs.map((run) => `${JSON.stringify(run)}\n`).join(""),
    ),
  );
  await writer.close();
  const { success, stderr } = await output;
  assert.ok(success, new TextDecoder().decode(stderr));
}

interface Build {
  readonly test: Case;
  readonly version: NvsVersion;
  readonly encrypted: boolean;
  readonly file: string;
}

const BUILDS: readonly Build[] = CASES.flatMap((test, index) =>
  ([1, 2] as const).filter((version) => (test.only ?? version) === version)
    .flatMap((version) =>
      [false, true].map((encrypted) => ({
        test,
        version,
        encrypted,
        file: `${index}-${version}-${encrypted ? "e" : "p"}`,
      }))
    )
);

function argumentsOf({ test, version, encrypted, file }: Build): string[] {
  return [
    encrypted ? "encrypt" : "generate",
    `${file}.csv`,
    `${file}.bin`,
    String(test.size ?? 0x6000),
    "--version",
    String(version),
    ...(encrypted ? ["--inputkey", "keys.bin"] : []),
  ];
}

peerTest(
  "nvs_partition_gen and buildNvs build the same, and parseNvs reads it back",
  "nvs_python",
  async ({ nvs_python }) => {
    await using folder = await temporaryFolder();
    for (const [name, bytes] of Object.entries(FILES)) {
      await Deno.writeFile(folder.file(name), bytes);
    }
    await Deno.writeFile(folder.file("keys.bin"), encodeNvsKeys(KEYS));
    for (const build of BUILDS) {
      await Deno.writeTextFile(
        folder.file(`${build.file}.csv`),
        csvOf(build.test),
      );
    }
    await runGenerator(nvs_python, folder.path, BUILDS.map(argumentsOf));
    for (const { test, version, encrypted, file } of BUILDS) {
      const what = `${test.name}, version ${version}${
        encrypted ? ", encrypted" : ""
      }`;
      const theirs = await Deno.readFile(folder.file(`${file}.bin`));
      const contents = contentsOf(csvOf(test));
      const keys = encrypted ? KEYS : undefined;
      const size = test.size ?? 0x6000;
      const ours = buildNvs(contents, { size, version, keys });
      assert.ok(ours.toHex() === theirs.toHex(), what);
      const parsed = parseNvs(theirs, { keys });
      assert.deepEqual(parsed.contents, contents, what);
      assert.deepEqual(parsed.issues, [], what);
      assert.equal(parsed.version, version, what);
      assert.deepEqual(contentsOf(formatNvsCsv(parsed.contents)), contents);
    }
  },
);

peerTest(
  "nvs_partition_gen decrypts what buildNvs encrypts, and derives the keys that deriveNvsKeys does",
  "nvs_python",
  async ({ nvs_python }) => {
    await using folder = await temporaryFolder();
    const hmacKey = Uint8Array.from({ length: 32 }, (_, i) => i * 3);
    const contents = contentsOf(`${HEADER}w,namespace,,\n${numbers(200)}`);
    const encrypted = buildNvs(contents, { size: 0x4000, keys: KEYS });
    await Deno.writeFile(folder.file("in.bin"), encrypted);
    await Deno.writeFile(folder.file("keys.bin"), encodeNvsKeys(KEYS));
    await Deno.writeFile(folder.file("hmac.bin"), hmacKey);
    await runGenerator(nvs_python, folder.path, [
      ["decrypt", "in.bin", "keys.bin", "out.bin"],
      ["generate-key", "--keyfile", "derived.bin", "--key_protect_hmac"]
        .concat("--kp_hmac_inputkey", "hmac.bin"),
      ["generate-key", "--keyfile", "random.bin"],
    ]);
    const plain = await Deno.readFile(folder.file("out.bin"));
    assert.equal(plain.toHex(), decryptNvs(encrypted, KEYS).toHex());
    const derived = await Deno.readFile(
      join(folder.path, "keys", "derived.bin"),
    );
    assert.equal(
      derived.toHex(),
      encodeNvsKeys(deriveNvsKeys(hmacKey)).toHex(),
    );
    const random = await Deno.readFile(join(folder.path, "keys", "random.bin"));
    assert.equal(
      encodeNvsKeys(parseNvsKeys(random)).toHex(),
      random.toHex(),
    );
  },
);

/** Where buildNvs is otherwise on purpose: docs/nvs.md says why. */
peerTest(
  "nvs_partition_gen adds rows for Wi-Fi, goes on in the wrong namespace and leaves pages out",
  "nvs_python",
  async ({ nvs_python }) => {
    await using folder = await temporaryFolder();
    const wifi = `${HEADER}w,namespace,,\nsta.ssid,data,string,net\n`;
    const reopened =
      `${HEADER}a,namespace,,\nb,namespace,,\na,namespace,,\nk,data,u8,1\n`;
    await Deno.writeTextFile(folder.file("wifi.csv"), wifi);
    await Deno.writeTextFile(folder.file("reopened.csv"), reopened);
    await runGenerator(nvs_python, folder.path, [
      ["generate", "wifi.csv", "wifi.bin", "0x3000"],
      ["generate", "reopened.csv", "reopened.bin", "0x3000"],
      ["generate", "wifi.csv", "small.bin", "0x2000"],
    ]);
    const read = (name: string) => Deno.readFile(folder.file(name));
    const added = `sta.apinfo,data,hex2bin,${"ff".repeat(140)}\n` +
      `sta.pmk,data,hex2bin,${"00".repeat(32)}\nsta.apsw,data,hex2bin,0000\n`;
    const explicit = buildNvs(contentsOf(wifi + added), { size: 0x3000 });
    assert.equal((await read("wifi.bin")).toHex(), explicit.toHex());
    assert.deepEqual(
      parseNvs(await read("reopened.bin")).contents.get("b")?.get("k"),
      { kind: "u8", value: 1n },
    );
    assert.deepEqual(contentsOf(reopened).get("a")?.get("k"), {
      kind: "u8",
      value: 1n,
    });
    const small = buildNvs(contentsOf(wifi + added), { size: 0x2000 });
    const theirs = await read("small.bin");
    assert.equal(theirs.length, 0x1000);
    assert.equal(small.subarray(0, 0x1000).toHex(), theirs.toHex());
    assert.ok(small.subarray(0x1000).every((byte) => byte === 0xff));
  },
);
