/**
 * Every spelling that real esptool accepts is accepted, and every one that it
 * refuses is refused with the culprit's name. Both are given a port that does
 * not exist: who comes so far as to miss it has accepted the command line.
 */

import assert from "node:assert/strict";
import { runCli, temporaryFolder } from "../cli/_cli.ts";
import { peerTest } from "./_peers.ts";

/** Behind `--port PORT`; FILE and OTHER are files that exist. */
const ACCEPTED: readonly string[] = [
  // Verbs, and options of every verb.
  "read-mac",
  "read_mac",
  "chip_id",
  "flash_id",
  "get_security_info",
  "--chip esp32c3 read-mac",
  "--chip ESP32-C3 read-mac",
  "--chip Esp32C3 read-mac",
  "--chip auto read-mac",
  "--chip=esp32 read-mac",
  "-cesp32 read-mac",
  "-c esp32s2 read-mac",
  "-b 921600 read-mac",
  "-b9600 read-mac",
  "--baud=9600 read-mac",
  "-b 017 read-mac",
  "-b 1_000 read-mac",
  "-b +9600 read-mac",
  ...["default-reset", "default_reset", "usb-reset", "usb_reset", "no-reset"]
    .map((mode) => `--before ${mode} read-mac`),
  ...["no_reset", "no-reset-no-sync", "no_reset_no_sync"]
    .map((mode) => `--before=${mode} read-mac`),
  ...["hard-reset", "hard_reset", "soft-reset", "soft_reset", "no-reset"]
    .map((mode) => `--after ${mode} read-mac`),
  ...["no_reset", "no-reset-stub", "no_reset_stub", "watchdog-reset"]
    .map((mode) => `-a ${mode} read-mac`),
  "--connect-attempts 3 read-mac",
  "--connect-attempts -1 read-mac",
  "--connect-attempts=0 read-mac",
  "--no-stub read-mac",
  "--port-filter vid=0x1234 read-mac",
  "--port-filter name=x --port-filter pid=3 --port-filter serial=a read-mac",
  "--override-vddsdio 1.8V read-mac",
  "--override-vddsdio=1.9V read-mac",
  "--override-vddsdio OFF read-mac",
  "--trace read-mac",
  "-t -v read-mac",
  "--verbose read-mac",
  "--silent read-mac",
  "-s read-mac",
  "-tv read-mac",
  "--stub-version 2 read-mac",
  // Numbers.
  "read-flash 0x10 0x10 out",
  "read-flash 0 4k out",
  "read-flash 0 1M out",
  "read-flash 0 0x1k out",
  "read-flash 0 0b1M out",
  "read-flash 0 all out",
  "read-flash 0 ALL out",
  "read-flash 0x1_0 4 out",
  "erase-region 0 All",
  "erase-region 0 4k",
  "erase-region 0 4096",
  "erase-region 0x1 0x1000",
  "read-mem 0x3ff00000",
  "read-mem 0o17",
  "read-mem 0B1",
  "read-mem 00",
  "read-mem 0_0",
  "read-mem +16",
  "write-mem 0x10 5",
  "write-mem 0x10 5 0xff",
  "dump-mem 0x10 64k out",
  "dump-mem 0x10 1M out",
  "write-flash 0X10 FILE",
  "write-flash 0O7 FILE",
  "write-flash +1 FILE",
  "write-flash 00 FILE",
  // Options of verbs.
  "write-flash 0 FILE",
  "write_flash --flash_mode dio 0 FILE",
  "write_flash --flash_mode=dio 0 FILE",
  "write-flash --flash-mode dio 0 FILE",
  "write-flash -fm dio 0 FILE",
  "write-flash -fm=dio 0 FILE",
  "write-flash --flash_freq 40m -ff 80m 0 FILE",
  "write-flash --flash_size 4MB 0 FILE",
  "write-flash --flash-size=512KB 0 FILE",
  "write-flash -fs 2MB-c1 0 FILE",
  "write-flash -fs detect 0 FILE",
  "write-flash -fs keep -fm keep -ff keep 0 FILE",
  ...["qio", "qout", "dout"].map((mode) => `write-flash -fm ${mode} 0 FILE`),
  ...["256KB", "1MB", "4MB-c1", "8MB", "16MB", "32MB", "64MB", "128MB"]
    .map((size) => `write-flash -fs ${size} 0 FILE`),
  "write-flash -ez 0 FILE",
  "write-flash -epz 0 FILE",
  "write-flash 0 FILE -e",
  "write-flash -- 0 FILE",
  "write-flash -p -u 0 FILE",
  "write-flash --erase-all --no-progress --no-compress 0 FILE",
  "write-flash --force --compress -s 0 FILE",
  "write-flash 0 FILE 0x10000 OTHER",
  "verify-flash 0 FILE",
  "verify_flash -fm dio --flash_freq 40m -fs 4MB 0 FILE",
  "verify-flash -d 0 FILE",
  "verify-flash --diff 0 FILE",
  "read-flash -p 0 4 out",
  "read-flash --no-progress 0 4 out",
  "erase-flash",
  "erase_flash",
  "erase-flash --force",
  "erase-region --force 0 4k",
  "read-flash-status",
  "read-flash-status --bytes 3",
  "write-flash-status --non-volatile 0",
  "write-flash-status --bytes 2 0x10",
  "read-flash-sfdp 0 4",
  "load-ram FILE",
  "load_ram FILE",
  "run",
  "version",
];

/** What is refused, and what the message names. */
const REFUSED: ReadonlyArray<readonly [line: string, culprit: string]> = [
  ["read-ma", "read-ma"],
  ["Read-Mac", "Read-Mac"],
  ["read--mac", "read--mac"],
  ["read-mac extra", "read-mac"],
  ["--chip esp9 read-mac", "esp9"],
  ["--chip esp32_c3 read-mac", "esp32_c3"],
  ["-c=esp32 read-mac", "=esp32"],
  ["--ch esp32 read-mac", "--ch"],
  ["-b 0x1000 read-mac", "0x1000"],
  ["-b 0b11 read-mac", "0b11"],
  ["-b 115k read-mac", "115k"],
  ["-b fast read-mac", "fast"],
  ["--before Default-Reset read-mac", "Default-Reset"],
  ["--before hard-reset read-mac", "hard-reset"],
  ["--after hard_reset_ read-mac", "hard_reset_"],
  ["--after usb-reset read-mac", "usb-reset"],
  ["--connect_attempts 3 read-mac", "--connect_attempts"],
  ["--connect-attempts 0x3 read-mac", "0x3"],
  ["--connect-attempts many read-mac", "many"],
  ["--no_stub read-mac", "--no_stub"],
  ["--nostub read-mac", "--nostub"],
  ["--no-st read-mac", "--no-st"],
  ["--silent --verbose read-mac", "--verbose"],
  ["-s -t read-mac", "--trace"],
  ["--override-vddsdio 1.8v read-mac", "1.8v"],
  ["--override-vddsdio off read-mac", "off"],
  ["--override_vddsdio OFF read-mac", "--override_vddsdio"],
  ["--stub-version 3 read-mac", "3"],
  ["--stub_version 2 read-mac", "--stub_version"],
  ["read-flash 0 010 out", "010"],
  ["read-flash 0 4K out", "4K"],
  ["read-flash 0 1m out", "1m"],
  ["read-flash 0 1G out", "1G"],
  ["read-flash 0 1.5k out", "1.5k"],
  ["read-flash 4k 4 out", "4k"],
  ["read-flash -1 4 out", "-1"],
  ["read-flash 0 -4 out", "-4"],
  ["read-flash 0 4", "file"],
  ["read-mem 010", "010"],
  ["read-mem -1", "-1"],
  ["read-mem 1k", "1k"],
  ["read-mem 1e3", "1e3"],
  ["read-mem", "address"],
  ["write-mem 0x10 -1", "-1"],
  ["write-mem 0x10 5 0xff 7", "write-mem"],
  ["write-mem 0x10", "value"],
  ["write-flash --fm dio 0 FILE", "--fm"],
  ["write-flash -fmdio 0 FILE", "-fmdio"],
  ["write-flash -fm DIO 0 FILE", "DIO"],
  ["write-flash -ff 40M 0 FILE", "40M"],
  ["write-flash -ff 41m 0 FILE", "41m"],
  ["write-flash -fs 4mb 0 FILE", "4mb"],
  ["write-flash -fs 3MB 0 FILE", "3MB"],
  ["write-flash --erase_all 0 FILE", "--erase_all"],
  ["write-flash --no_progress 0 FILE", "--no_progress"],
  ["write-flash -z -u 0 FILE", "--no-compress"],
  ["write-flash 0 FILE 0x1000", "0x1000"],
  ["write-flash", "address"],
  ["write-flash 0", "0"],
  ["write-flash foo FILE", "foo"],
  ["write-flash 010 FILE", "010"],
  ["write-flash 1k FILE", "1k"],
  ["write-flash 0x1000k FILE", "0x1000k"],
  ["write-flash 1_ FILE", "1_"],
  ["write-flash -1 FILE", "-1"],
  ["verify-flash --diff yes 0 FILE", "yes"],
  ["read-flash-status --bytes 4", "4"],
  ["write-flash-status --non_volatile 0", "--non_volatile"],
  ["--version", "--version"],
];

/** What esptool refuses and espline takes, and why. */
const MORE: ReadonlyArray<readonly [line: string, why: string]> = [
  [
    "read-mac --trace --no-stub",
    "global options stand before or behind the verb",
  ],
  ["read-mac -b 9600", "global options stand before or behind the verb"],
  ["write-flash -fs 4m 0 FILE", "sizes in megabits, as in the first esptool"],
  ["write-flash -fs 32m-c1 0 FILE", "sizes in megabits"],
  ["write_flash --flash_size 16m 0 FILE", "sizes in megabits"],
  ["help", "there is a verb for it too"],
];

/** What esptool takes although it cannot do it, and espline refuses at once; and the one thing that espline lacks. */
const LESS: ReadonlyArray<readonly [line: string, culprit: string]> = [
  ["--stub-version 1 read-mac", "1"],
  ["-b -5 read-mac", "-5"],
  ["-b 0 read-mac", "0"],
  ["--port-filter vid=zz read-mac", "zz"],
  ["--port-filter foo=1 read-mac", "foo=1"],
  ["read-mem 0x100000000", "0x100000000"],
  ["write-flash 0x100000000 FILE", "0x100000000"],
  ["read-flash 0 0 out", "0"],
  ["dump-mem 0x10 0 out", "0"],
];

const PORT = "/dev/espline-no-such-port";

/** Takes a list of command lines, and says of each whether it came to the port, or was done. */
const DRIVER = `
import contextlib, io, json, sys
import esptool
verdicts = []
for words in json.load(sys.stdin):
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            esptool.main(words)
        verdicts.append([True, said.getvalue()])
    except SystemExit as error:
        verdicts.append([not error.code, said.getvalue()])
    except Exception as error:
        verdicts.append(["no-such-port" in str(error), str(error)])
json.dump(verdicts, sys.stdout)
`;

interface Verdict {
  readonly accepted: boolean;
  readonly said: string;
}

peerTest(
  "espline accepts and refuses what esptool accepts and refuses",
  ["python", "esptool"],
  async ({ python }) => {
    await using folder = await temporaryFolder();
    for (const name of ["FILE", "OTHER"]) {
      await Deno.writeFile(folder.file(name), new Uint8Array(64));
    }
    const wordsOf = (line: string) => [
      "--port",
      PORT,
      ...line.split(" ")
        .map((word) =>
          /^(FILE|OTHER|out)$/.test(word) ? folder.file(word) : word
        ),
    ];
    const wrong: string[] = [];
    const check = async (
      lines: readonly (readonly [line: string, culprit?: string])[],
      expected: { readonly theirs: boolean; readonly ours: boolean },
    ) => {
      const theirs = await askEsptool(python, lines.map(([l]) => wordsOf(l)));
      for (const [i, [line, culprit]] of lines.entries()) {
        const ours = await askEspline(wordsOf(line));
        const real = theirs[i];
        if (real?.accepted !== expected.theirs) {
          wrong.push(`esptool, ${line}: ${real?.said}`);
        }
        if (ours.accepted !== expected.ours) {
          wrong.push(`espline, ${line}: ${ours.said}`);
        } else if (!ours.accepted && !ours.said.includes(culprit ?? line)) {
          wrong.push(`espline does not name ${culprit}, ${line}: ${ours.said}`);
        }
      }
    };
    const alone = (line: string) => [line] as const;
    await check(ACCEPTED.map(alone), { theirs: true, ours: true });
    await check(REFUSED, { theirs: false, ours: false });
    await check(MORE.map(([line]) => alone(line)), {
      theirs: false,
      ours: true,
    });
    await check(LESS, { theirs: true, ours: false });
    assert.deepEqual(wrong, []);
  },
);

async function askEspline(words: readonly string[]): Promise<Verdict> {
  const { code, stdout } = await runCli(["--json", ...words]);
  const { error } = JSON.parse(stdout);
  const accepted = code === 0 || error.code === "port-not-found";
  return { accepted, said: accepted ? "" : error.message };
}

async function askEsptool(
  python: string,
  lines: readonly (readonly string[])[],
): Promise<Verdict[]> {
  const child = new Deno.Command(python, {
    args: ["-c", DRIVER],
    env: { NO_COLOR: "1", TERM: "dumb", COLUMNS: "200" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(JSON.stringify(lines)));
  await writer.close();
  const { success, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  assert(success, decoder.decode(stderr));
  return JSON.parse(decoder.decode(stdout)).map(
    ([accepted, said]: [boolean, string]) => ({ accepted, said }),
  );
}
