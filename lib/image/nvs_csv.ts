/**
 * ESP-IDF's CSV for NVS partitions: `key,type,encoding,value`, where a row of
 * the type `namespace` opens a namespace for the rows below it.
 *
 * @module
 */

import { parse } from "npm:csv-parse@6.2.0/sync";
import { stringify } from "npm:csv-stringify@6.9.0/sync";
import { concatBytes, encodeUint32 } from "../bytes.ts";
import { checkName, type NvsContents } from "./nvs_contents.ts";
import {
  NVS_INTEGERS,
  nvsInteger,
  type NvsIntegerKind,
  type NvsValue,
  toNvsValue,
} from "./nvs_value.ts";

/** Options of {@linkcode parseNvsCsv}. */
export interface ParseNvsCsvOptions {
  /** Reads the file that a row of the type `file` names. Without it, such a row is refused. */
  readFile?(path: string): Uint8Array;
}

const COLUMNS = ["key", "type", "encoding", "value"] as const;

type Row = Record<typeof COLUMNS[number], string>;

/** `blob_fill(16;0xFF)` and its kin. */
const FILL = /^(blob_fill|blob_sz_fill)\((\d+);0x([0-9a-f]{2})\)$/;
/** The size of the longest blob that there can be, in bytes: 127 chunks of 4000. */
const MAX_FILL = 508_000;

/**
 * Reads a CSV text. Quoting is that of RFC 4180, so that a value can have
 * commas and several lines; a line that begins with `#` is a comment, as is not
 * one inside quotes. In a text with CRLF line ends, those inside values become LF.
 *
 * @throws {SyntaxError} If it cannot be read, or a key is there twice. No value is in the message.
 */
export function parseNvsCsv(
  text: string,
  options: ParseNvsCsvOptions = {},
): NvsContents {
  const contents = new Map<string, Map<string, NvsValue>>();
  let values: Map<string, NvsValue> | undefined;
  for (const { row, line } of readRows(text)) {
    const { key, type } = row;
    try {
      if (type === "namespace") {
        checkName(key, "namespace");
        values = contents.get(key) ?? new Map();
        contents.set(key, values);
        continue;
      }
      checkName(key, "key");
      if (values === undefined) {
        throw new SyntaxError("it is above the first namespace");
      }
      if (values.has(key)) throw new SyntaxError("it is there twice");
      values.set(key, rowValue(row, options));
    } catch (cause) {
      if (!(cause instanceof SyntaxError || cause instanceof RangeError)) {
        throw cause;
      }
      throw new SyntaxError(
        `Cannot parse NVS CSV: line ${line}, key ${
          JSON.stringify(key)
        }: ${cause.message}`,
        { cause },
      );
    }
  }
  return contents;
}

/**
 * Formats contents as a CSV text that {@linkcode parseNvsCsv} reads as the same.
 * Blobs are `hex2bin`.
 */
export function formatNvsCsv(contents: NvsContents): string {
  const rows: string[][] = [[...COLUMNS]];
  for (const [namespace, values] of contents) {
    rows.push([namespace, "namespace", "", ""]);
    for (const [key, { kind, value }] of values) {
      rows.push(
        kind === "blob"
          ? [key, "data", "hex2bin", value.toHex()]
          : [key, "data", kind, String(value)],
      );
    }
  }
  return stringify(rows, { quoted_match: /[\r\n]|^#/ });
}

/**
 * Reads a value in one of the CSV's encodings.
 *
 * @param encoding `u8` to `i64`, `string`, `binary`, `hex2bin`, `base64`,
 * `blob_fill(n;0xNN)` or `blob_sz_fill(n;0xNN)`, in any case.
 * @param value Text, or the bytes of a file.
 * @throws {SyntaxError} If there is no such encoding or the value is not in it. The value is not in the message.
 * @throws {RangeError} If a number does not fit.
 */
export function parseNvsValue(
  encoding: string,
  value: string | Uint8Array,
): NvsValue {
  const name = encoding.toLowerCase();
  if (name === "string") return toNvsValue(asText(value));
  if (name === "binary") return blob(asBytes(value));
  if (name === "hex2bin") return blob(fromHex(asText(value).trim()));
  if (name === "base64") return blob(fromBase64(asText(value)));
  if (Object.hasOwn(NVS_INTEGERS, name)) {
    return nvsInteger(name as NvsIntegerKind, parseInteger(asText(value)));
  }
  const [, fill, size = "", byte = ""] = FILL.exec(name) ?? [];
  if (fill === undefined) {
    throw new SyntaxError(
      `the encoding ${JSON.stringify(encoding)} is none of ${
        Object.keys(NVS_INTEGERS).join(", ")
      }, string, binary, hex2bin, base64, blob_fill(n;0xNN) and blob_sz_fill(n;0xNN)`,
    );
  }
  const data = asBytes(value);
  const filled = filledBlob(data, Number(size), parseInt(byte, 16));
  return blob(
    fill === "blob_fill"
      ? filled
      : concatBytes([encodeUint32(data.length), filled]),
  );
}

function* readRows(text: string): Generator<{ row: Row; line: number }> {
  const unified = /^[^\n]*\r\n/.test(text)
    ? text.replaceAll("\r\n", "\n")
    : text;
  let records: { record: string[]; info: { lines: number } }[];
  try {
    records = parse(unified, {
      bom: true,
      comment: "#",
      comment_no_infix: true,
      info: true,
      record_delimiter: "\n",
      relax_column_count: true,
      relax_quotes: true,
      skip_empty_lines: true,
    }) as unknown as typeof records;
  } catch (cause) {
    // Its message may quote the text, and with it a secret.
    const line = cause instanceof Error && "lines" in cause
      ? `line ${cause.lines}: `
      : "";
    throw new SyntaxError(`Cannot parse NVS CSV: ${line}its quotes are wrong`);
  }
  const [header, ...rest] = records;
  const columns = header?.record ?? [];
  const missing = COLUMNS.find((column) => !columns.includes(column));
  if (missing !== undefined) {
    throw new SyntaxError(
      `Cannot parse NVS CSV: its first line has no column "${missing}"; it must be ${
        COLUMNS.join(",")
      }`,
    );
  }
  for (const { record, info } of rest) {
    if (record.slice(columns.length).some((cell) => cell !== "")) {
      throw new SyntaxError(
        `Cannot parse NVS CSV: line ${info.lines} has ${record.length} cells, not ${columns.length}: put a value that has commas in quotes`,
      );
    }
    const cell = (column: string) => record[columns.indexOf(column)] ?? "";
    yield {
      row: {
        key: cell("key"),
        type: cell("type"),
        encoding: cell("encoding"),
        value: cell("value"),
      },
      line: info.lines,
    };
  }
}

function rowValue(row: Row, options: ParseNvsCsvOptions): NvsValue {
  const { type, encoding, value } = row;
  if (type === "data") return parseNvsValue(encoding, value);
  if (type !== "file") {
    throw new SyntaxError(
      `the type ${JSON.stringify(type)} is none of namespace, data and file`,
    );
  }
  if (options.readFile === undefined) {
    throw new SyntaxError("it names a file, and files cannot be read here");
  }
  return parseNvsValue(encoding, options.readFile(value));
}

function blob(value: Uint8Array): NvsValue {
  return { kind: "blob", value };
}

function asBytes(value: string | Uint8Array): Uint8Array {
  return typeof value === "string" ? new TextEncoder().encode(value) : value;
}

function asText(value: string | Uint8Array): string {
  if (typeof value === "string") return value;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
      .decode(value);
  } catch {
    throw new SyntaxError("the file is no text in UTF-8");
  }
}

function fromHex(text: string): Uint8Array {
  if (/^([0-9a-f]{2})*$/i.test(text)) return Uint8Array.fromHex(text);
  throw new SyntaxError("the value is not pairs of hex digits");
}

function fromBase64(text: string): Uint8Array {
  try {
    return Uint8Array.fromBase64(text);
  } catch {
    throw new SyntaxError("the value is not base64");
  }
}

function parseInteger(text: string): bigint {
  const [, sign, digits] = /^\s*([+-]?)(\d+|0x[0-9a-f]+)\s*$/i.exec(text) ?? [];
  if (digits === undefined) {
    throw new SyntaxError("the value is not a whole number");
  }
  return sign === "-" ? -BigInt(digits) : BigInt(digits);
}

function filledBlob(data: Uint8Array, size: number, byte: number): Uint8Array {
  if (size > MAX_FILL || data.length > size) {
    throw new RangeError(
      `the value, or what it is to be filled to, is longer than it may be`,
    );
  }
  const filled = new Uint8Array(size).fill(byte);
  filled.set(data);
  return filled;
}
