import assert from "node:assert/strict";
import { LogFilter } from "../../lib/monitor/log_filter.ts";
import { parseLogLine } from "../../lib/monitor/log_line.ts";

/** The log, and what is left of it, of ESP-IDF's guide to its monitor. */
const LOG = [
  "load:0x40078000,len:13564",
  "entry 0x40078d4c",
  "E (31) esp_image: image at 0x30000 has invalid magic byte",
  "W (31) esp_image: image at 0x30000 has invalid SPI mode 255",
  "E (39) boot: Factory app partition is not bootable",
  "I (568) cpu_start: Pro cpu up.",
  "I (569) heap_init: Initializing. RAM available for dynamic allocation:",
  "I (603) cpu_start: Pro cpu start user code",
  "D (309) light_driver: [light_init, 74]:status: 1, mode: 2",
  "D (318) vfs: esp_vfs_register_fd_range is successful for range <54; 64) and VFS ID 1",
  "I (328) wifi: wifi driver task: 3ffdbf84, prio:23, stack:4096, core=0",
];

/** The numbers of the lines that a filter leaves. */
function left(rules: string): number[] {
  const filter = new LogFilter(rules);
  return LOG.flatMap((text, i) =>
    filter.shows(parseLogLine(text) ?? {}) ? [i] : []
  );
}

const ALL = LOG.map((_, i) => i);
const CASES: readonly [rules: string, lines: readonly number[]][] = [
  ["wifi esp_image:E light_driver:I", [2, 10]],
  ["light_driver:D esp_image:N boot:N cpu_start:N vfs:N wifi:N *:V", [
    0,
    1,
    6,
    8,
  ]],
  ["", ALL],
  ["*:V", ALL],
  ["*", ALL],
  ["*:N", []],
  ["*:E", [0, 1, 2, 4]],
  ["*:I esp_image:E", [0, 1, 2, 4, 5, 6, 7, 10]],
  ["esp_image:W esp_image:E", [2]],
  ["esp_image:W", [2, 3]],
  ["vfs:V", [9]],
  ["vfs:v", [9]],
  ["vfs:", [9]],
  ["vfs:*", [9]],
  ["vfs", [9]],
  ["  vfs   boot ", [4, 9]],
  ["nobody", []],
];

for (const [rules, expected] of CASES) {
  Deno.test(`LogFilter shows what ESP-IDF's monitor shows with "${rules}"`, () => {
    assert.deepEqual(left(rules), expected);
  });
}

for (const rules of [":W", "wifi:X", "wifi:W:E", "wifi:WW", "a:constructor"]) {
  Deno.test(`LogFilter refuses "${rules}" and names it`, () => {
    assert.throws(() => new LogFilter(`*:W ${rules}`), {
      name: "SyntaxError",
      message: new RegExp(`"${rules}" is no rule`),
    });
  });
}

Deno.test("parseLogLine reads system time, and leaves other lines alone", () => {
  assert.deepEqual(parseLogLine("I (00:00:01.345) main: up: 3"), {
    level: "I",
    tag: "main",
    uptime: "00:00:01.345",
    message: "up: 3",
  });
  assert.equal(parseLogLine("I am (12) years: old"), undefined);
  assert.equal(parseLogLine("X (12) tag: text"), undefined);
});
