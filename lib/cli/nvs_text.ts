/**
 * NVS partitions as people and `--json` read them.
 *
 * @module
 */

import type { NvsPage, NvsPartition, NvsValue } from "../image/mod.ts";
import { hex, inColumns, printable } from "./text.ts";

/** How many bytes of a blob are shown. */
const SHOWN_BYTES = 24;
const ENTRIES_PER_PAGE = 126;

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
