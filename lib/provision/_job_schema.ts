/** What a job file may say. The types that it ends in are those of `job.ts`. */

import { z } from "npm:zod@4.6.7";
import { parseFlashSize } from "../chips/flash_size.ts";
import type { Firmware, FirmwareFile, ProvisionJob } from "./job.ts";
import type {
  BootCheck,
  Hook,
  HookMoment,
  ImprovPlan,
  LabelPlan,
} from "./job_actions.ts";
import type {
  BoardFileData,
  DeviceData,
  NvsData,
  NvsTemplate,
  Patch,
} from "./job_data.ts";
import { isFreeColumn } from "./inventory_row.ts";
import type { IdentityPlan, IdentitySource } from "./job_identity.ts";
import { BOARD_STEPS } from "./result.ts";

/** Milliseconds of the units that a time may have. */
const TIME_UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  min: 60_000,
};

const text = z.string().min(1, "must not be empty");
const path = z.union([text, z.instanceof(URL)]);
const source = z.union([path, z.instanceof(Uint8Array)]);

/** A whole number; as text also hexadecimal, for JSON has no other way. */
const whole = z.union([
  z.number(),
  z.string().regex(/^(0x[\da-f_]+|\d[\d_]*)$/i, "is no number")
    .transform((digits) => Number(digits.replaceAll("_", ""))),
]).pipe(z.number().int("must be a whole number"));

/** Milliseconds; as text with a unit: `10s`. */
const time = z.union([
  z.number(),
  z.string().regex(/^\d+(\.\d+)? ?(ms|s|min)$/, 'is no time such as "10s"')
    .transform((value) => {
      const [, digits = "", unit = ""] = /^([\d.]+) ?(\w+)$/.exec(value) ?? [];
      return Number(digits) * (TIME_UNITS[unit] ?? NaN);
    }),
]).pipe(z.number().positive("must be more than nothing"));

/** Bytes; as text with a unit: `4MB`. */
const flashBytes = z.union([
  z.number().int().positive("is no flash size in bytes"),
  z.string().transform((value, context) => {
    try {
      return parseFlashSize(value);
    } catch {
      context.addIssue(`"${value}" is no flash size`);
      return z.NEVER;
    }
  }),
]);

const regex = text.superRefine((value, context) => {
  try {
    new RegExp(value);
  } catch (error) {
    context.addIssue(
      `is no regular expression: ${(error as Error).message}`,
    );
  }
});

const baud = whole.pipe(z.number().positive("is no speed in baud"));

const firmwareFile: z.ZodType<FirmwareFile> = z.strictObject({
  address: whole.optional(),
  partition: text.optional(),
  source,
  sha256: z.string().regex(/^[\da-f]{64}$/i, "is not 64 hex digits").optional(),
  name: text.optional(),
}).superRefine(exactlyOne("address", "partition"));

/** What boards of one family get. */
export const firmwareSchema: z.ZodType<Firmware> = z.strictObject({
  chip: text,
  files: z.array(firmwareFile).optional(),
  from: path.optional(),
  partitionTable: source.optional(),
  minRevision: z.union([z.string(), z.number().transform(formatRevision)])
    .pipe(z.string().regex(/^v?\d+\.\d+$/, 'is no revision such as "3.0"'))
    .optional(),
  flashMode: z.enum(["qio", "qout", "dio", "dout"]).optional(),
  flashSize: text.optional(),
  flashFrequency: text.optional(),
  minFlashSize: flashBytes.optional(),
});

/** YAML takes 3.0 for the number 3. */
function formatRevision(value: number): string {
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

const identitySource: z.ZodType<IdentitySource> = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("csv"),
    file: path,
    key: text,
    mac: text.optional(),
  }),
  z.strictObject({
    kind: z.literal("generator"),
    column: text.optional(),
    prefix: z.string().optional(),
    first: whole.pipe(z.number().min(0)).optional(),
    last: whole.pipe(z.number().min(0)).optional(),
    digits: whole.pipe(z.number().min(0).max(15)).optional(),
    checkDigit: z.enum(["luhn", "damm"]).optional(),
  }),
  z.strictObject({
    kind: z.literal("http"),
    url: z.url({ protocol: /^https?$/, error: "is no http(s) URL" }),
    key: text.optional(),
    headers: z.record(text, z.string()).optional(),
    timeout: time.optional(),
  }),
]);

const identity: z.ZodType<IdentityPlan> = z.strictObject({
  pool: text.optional(),
  source: identitySource,
  rule: z.enum(["next", "mac", "code"]).optional(),
  secrets: z.array(text).optional(),
}).superRefine(({ source, rule }, context) => {
  if (rule === undefined || rule === "next" || source.kind === "csv") return;
  context.addIssue({
    code: "custom",
    path: ["rule"],
    message: `"${rule}" needs the rows of a csv source`,
  });
});

const nvsValue: z.ZodType<NvsTemplate | string> = z.union([
  z.string(),
  z.strictObject({
    type: z.enum([
      ...["u8", "i8", "u16", "i16", "u32", "i32", "u64", "i64"] as const,
      ...["string", "hex", "base64", "file"] as const,
    ]),
    value: z.union([z.string(), z.number().transform(String)]),
  }),
]);

const nvsName = text.max(15, "is longer than the 15 characters of an NVS name");

const nvs: z.ZodType<NvsData> = z.strictObject({
  partition: text.optional(),
  values: z.record(nvsName, z.record(nvsName, nvsValue)),
  keysPartition: text.optional(),
});

const boardFile: z.ZodType<BoardFileData> = z.strictObject({
  partition: text.optional(),
  address: whole.optional(),
  file: text.optional(),
  text: text.optional(),
}).superRefine(exactlyOne("address", "partition"))
  .superRefine(exactlyOne("file", "text"));

const patch: z.ZodType<Patch> = z.strictObject({
  file: text,
  offset: whole.pipe(z.number().min(0)).optional(),
  symbol: text.optional(),
  elf: text.optional(),
  type: z.enum(["u8", "u16", "u32", "string", "hex"]),
  size: whole.pipe(z.number().min(1).max(0x1_0000)).optional(),
  value: z.union([z.string(), z.number().transform(String)]),
}).superRefine(exactlyOne("offset", "symbol"))
  .superRefine(({ symbol, elf, type, size }, context) => {
    if ((symbol === undefined) !== (elf === undefined)) {
      context.addIssue('"symbol" and "elf" go together');
    }
    if (type === "string" && size === undefined && symbol === undefined) {
      context.addIssue('a string needs a "size"');
    }
  });

const data: z.ZodType<DeviceData> = z.strictObject({
  nvs: z.array(nvs).optional(),
  files: z.array(boardFile).optional(),
  patches: z.array(patch).optional(),
});

const boot: z.ZodType<BootCheck> = z.strictObject({
  expect: regex,
  fail: regex.optional(),
  timeout: time.optional(),
  baud: baud.optional(),
});

const improv: z.ZodType<ImprovPlan> = z.strictObject({
  ssid: text,
  password: z.string(),
  timeout: time.optional(),
});

const label: z.ZodType<LabelPlan> = z.strictObject({
  format: z.enum(["svg", "png", "zpl"]).optional(),
  qr: text.optional(),
  lines: z.array(z.string()),
  width: z.number().positive().max(1000).optional(),
  height: z.number().positive().max(1000).optional(),
  dpi: whole.pipe(z.number().min(72).max(1200)).optional(),
  file: text.optional(),
  command: z.array(text).min(1).optional(),
}).superRefine(({ qr, lines, file, command }, context) => {
  if (qr === undefined && lines.length === 0) {
    context.addIssue('a label needs a "qr" or "lines"');
  }
  if (file === undefined && command === undefined) {
    context.addIssue('a label needs a "file" or a "command" to go to');
  }
});

const MOMENTS: readonly HookMoment[] = [
  ...BOARD_STEPS.flatMap((step) =>
    [`before-${step}`, `after-${step}`] as const
  ),
  "pass",
  "fail",
];

const hook: z.ZodType<Hook> = z.strictObject({
  on: z.enum(MOMENTS),
  command: z.array(text).min(1).optional(),
  url: z.url({ protocol: /^https?$/, error: "is no http(s) URL" }).optional(),
  headers: z.record(text, z.string()).optional(),
  timeout: time.optional(),
  onFailure: z.enum(["fail", "ignore"]).optional(),
}).superRefine(exactlyOne("command", "url"));

const columns = z.record(
  text,
  z.union([z.string(), z.number().transform(String)]),
).superRefine((value, context) => {
  for (const column of Object.keys(value)) {
    if (isFreeColumn(column)) continue;
    const message = "is a column that the inventory fills by itself";
    context.addIssue({ code: "custom", path: [column], message });
  }
});

/** The members of a job, by name. */
export const JOB_MEMBERS = {
  name: text,
  firmware: z.array(firmwareSchema),
  erase: z.union([z.enum(["none", "all"]), z.array(text)]).optional(),
  write: z.enum(["changed", "always"]).optional(),
  baud: z.union([baud, z.array(baud).min(1)]).optional(),
  retries: whole.pipe(z.number().min(0).max(100)).optional(),
  identity: identity.optional(),
  data: data.optional(),
  boot: boot.optional(),
  improv: improv.optional(),
  label: label.optional(),
  columns: columns.optional(),
  hooks: z.array(hook).optional(),
} as const;

/** A whole job. */
export const jobSchema: z.ZodType<ProvisionJob> = z.strictObject(JOB_MEMBERS);

/** A check that one of two members is there, and not both. */
function exactlyOne<Key extends string>(
  one: Key,
  other: Key,
): (
  value: Readonly<Partial<Record<Key, unknown>>>,
  context: { addIssue(issue: string): void },
) => void {
  return (value, context) => {
    if ((value[one] === undefined) === (value[other] === undefined)) {
      context.addIssue(`needs either "${one}" or "${other}"`);
    }
  };
}
