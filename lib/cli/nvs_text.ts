/**
 * NVS partitions as people and `--json` read them.
 *
 * @module
 */

import type {
  NvsPage,
  NvsPageState,
  NvsPartition,
  NvsValue,
} from "../image/mod.ts";
import {
  either,
  integer,
  listOf,
  maybe,
  object,
  text,
  truth,
} from "./schema.ts";
import { hex, inColumns, printable } from "./text.ts";

/** How many bytes of a blob are shown. */
const SHOWN_BYTES = 24;
const ENTRIES_PER_PAGE = 126;
const PAGE_STATES: readonly NvsPageState[] = [
  "empty",
  "active",
  "full",
  "freeing",
  "corrupt",
];

/** What the `--json` result of `nvs` looks like. */
export const NVS_RESULT = object({
  version: maybe(integer("show: the version of the format, 1 or 2")),
  entries: maybe(listOf(
    object({
      namespace: text("its namespace"),
      key: text("its key"),
      type: text("u8 to i64, string or blob"),
      value: maybe(either([
        text("a string, a blob as hex, or a number of 64 bits"),
        integer("any other number"),
      ], "its value, without --redact")),
    }, "a key"),
    "show: the keys",
  )),
  pages: maybe(listOf(
    object({
      offset: integer("where it is, in bytes from the partition's start"),
      state: text("what it is used for", PAGE_STATES),
      sequence: maybe(integer("its number; the newest has the greatest")),
      written: integer("how many of its 126 entries are written"),
      erased: integer("how many of them are erased"),
    }, "a page"),
    "show: the pages",
  )),
  issues: maybe(listOf(
    object({
      offset: integer("where it is, in bytes from the partition's start"),
      message: text("what is wrong, as a sentence without a period"),
    }, "an issue"),
    "show: what a device would pass over",
  )),
  changed: maybe(truth("set, erase-key: whether there was anything to change")),
  sectors: maybe(listOf(
    integer("a sector's offset from the partition's start, in bytes"),
    "set, erase-key: what was written",
  )),
  file: maybe(text("of all others: the file that was written")),
  size: maybe(integer("of all others: its size in bytes")),
});

/** What is shown of a partition. */
export interface NvsShown {
  /** Leaves the values out. */
  readonly redact: boolean;
  /** Shows the pages as well. */
  readonly pages: boolean;
}

/** A partition, line by line. */
export function describeNvs(
  { version, contents, pages, issues }: NvsPartition,
  shown: NvsShown,
): string[] {
  const rows = [...contents].flatMap(([namespace, values]) =>
    [...values].map(([key, value]) => [
      printable(namespace),
      printable(key),
      value.kind,
      shown.redact ? "(not shown)" : describeValue(value),
    ])
  );
  const written = pages.reduce((sum, page) => sum + page.written, 0);
  const total = pages.length * ENTRIES_PER_PAGE;
  return [
    ...inColumns([["Namespace", "Key", "Type", "Value"], ...rows]),
    "",
    `Version ${version}, ${pages.length} pages, ${written} of ${total} entries written.`,
    ...(shown.pages ? describePages(pages) : []),
    ...issues.map(({ offset, message }) =>
      `Note: at ${hex(offset)}: ${message}.`
    ),
  ];
}

/** A partition as `--json` tells it: blobs as hex, 64-bit numbers as text, since JSON's are no longer exact there. */
export function jsonNvs(
  { version, contents, pages, issues }: NvsPartition,
  { redact }: NvsShown,
): Readonly<Record<string, unknown>> {
  const entries = [...contents].flatMap(([namespace, values]) =>
    [...values].map(([key, value]) => ({
      namespace,
      key,
      type: value.kind,
      ...(!redact && { value: jsonValue(value) }),
    }))
  );
  return { version, entries, pages, issues };
}

function jsonValue({ kind, value }: NvsValue): string | number {
  if (kind === "blob") return value.toHex();
  if (kind === "string") return value;
  return kind.endsWith("64") ? String(value) : Number(value);
}

function describeValue({ kind, value }: NvsValue): string {
  if (kind === "string") return printable(JSON.stringify(value));
  if (kind !== "blob") return String(value);
  const start = value.subarray(0, SHOWN_BYTES).toHex();
  const dots = value.length > SHOWN_BYTES ? "…" : "";
  return `${start}${dots} (${value.length} bytes)`.trimStart();
}

function describePages(pages: readonly NvsPage[]): string[] {
  const rows = pages.map(({ offset, state, sequence, written, erased }) => [
    hex(offset),
    state,
    sequence === undefined ? "" : String(sequence),
    String(written),
    String(erased),
  ]);
  const headings = ["Offset", "State", "Number", "Written", "Erased"];
  return ["", ...inColumns([headings, ...rows])];
}
