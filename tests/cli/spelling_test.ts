import assert from "node:assert/strict";
import { COMMANDS } from "../../lib/cli/commands.ts";
import { GLOBAL_OPTIONS } from "../../lib/cli/options.ts";
import { normalizeWords } from "../../lib/cli/spelling.ts";

const CASES: ReadonlyArray<readonly [typed: string, understood: string]> = [
  ["write_flash 0 my_file.bin", "write-flash 0 my_file.bin"],
  ["--port /dev/my_port read_mac", "--port /dev/my_port read-mac"],
  ["-p my_port read_mac", "-p my_port read-mac"],
  ["-pmy_port read_mac", "-pmy_port read-mac"],
  ["--port=my_port read_mac", "--port=my_port read-mac"],
  ["--no-stub chip_id", "--no-stub chip-id"],
  ["--no_stub chip_id", "--no_stub chip-id"],
  ["--connect-attempts -1 chip_id", "--connect-attempts -1 chip-id"],
  ["--after no_reset chip_id", "--after no_reset chip-id"],
  [
    "write_flash -fm dio -ff 40m -fs 4MB 0 a_b",
    "write-flash --.fm dio --.ff 40m --.fs 4MB 0 a_b",
  ],
  ["write_flash -fm=dio 0 a", "write-flash --.fm=dio 0 a"],
  [
    "write_flash --flash_mode=my_mode 0 a",
    "write-flash --flash_mode=my_mode 0 a",
  ],
  ["write-flash --flash_mode -x 0 a", "write-flash --flash_mode -x 0 a"],
  ["-fm dio read-mac", "-fm dio read-mac"],
  ["write-flash -fmdio 0 a", "write-flash -fmdio 0 a"],
  // Here -p is a flag, and the next word is an address.
  ["write_flash -p 0 write_flash", "write-flash -p 0 write_flash"],
  ["read_mac --port --odd_name", "read-mac --port --odd_name"],
  ["write_flash 0 -- --odd_name -fm", "write-flash 0 -- --odd_name -fm"],
];

for (const [typed, understood] of CASES) {
  Deno.test(`normalizeWords understands "${typed}"`, () => {
    assert.equal(
      normalizeWords(typed.split(" "), COMMANDS, GLOBAL_OPTIONS).join(" "),
      understood,
    );
  });
}
