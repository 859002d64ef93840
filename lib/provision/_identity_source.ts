/** From a job's plan of identities to rows and the rules by which boards claim them. */

import { parse } from "npm:csv-parse@6.2.0/sync";
import { formatMac, parseMac } from "../bytes.ts";
import { systemClock } from "../clock.ts";
import { EspError, TimeoutError } from "../errors.ts";
import { withLimits } from "../limits.ts";
import { checkDigit } from "./_check_digit.ts";
import { postJson, readJson } from "./_http.ts";
import type { JobProblem } from "./_problems.ts";
import { readReason } from "./_text.ts";
import type { ProvisionJob } from "./job.ts";
import type {
  CsvSource,
  GeneratorSource,
  HttpSource,
  IdentityPlan,
} from "./job_identity.ts";
import type { ClaimRule, IdentityRow } from "./store/store.ts";

const DEFAULT_COLUMN = "serial";
const DEFAULT_HTTP_TIMEOUT = 10_000;
/** How many bytes a server's answer may have: far more than flash has room for as a row. */
const MOST_ANSWER = 64 * 1024;

/** A plan of identities whose table has been read. */
export interface PreparedIdentity {
  /** The plan. */
  readonly plan: IdentityPlan;
  /** What the rows are called together. */
  readonly pool: string;
  /** The columns that every row has; `undefined` if a server decides, or the table cannot be read. */
  readonly columns: readonly string[] | undefined;
  /** The rows of a table; none from other sources. */
  readonly rows: readonly IdentityRow[];
  /** Columns that are shown to nobody. */
  readonly secrets: ReadonlySet<string>;
}

/** What the sources need to know of a board and the world. */
export interface ClaimContext {
  /** The board's MAC address. */
  readonly mac: string;
  /** The board's chip. */
  readonly chip: string;
  /** The station. */
  readonly station: string;
  /** What was scanned, where the plan's rule is `code`. */
  readonly code?: string | undefined;
  /** Looks up an environment variable. */
  readonly env: (name: string) => string | undefined;
  /** Gives up. */
  readonly signal: AbortSignal;
}

/** Reads a plan's table and finds what is wrong with it. */
export async function prepareIdentity(
  { name, identity }: ProvisionJob,
  report: (problem: JobProblem) => void,
): Promise<PreparedIdentity | undefined> {
  if (identity === undefined) return undefined;
  const { source, secrets = [] } = identity;
  const rows = source.kind === "csv" ? await readRows(source, report) : [];
  const columns = source.kind === "csv"
    ? rows[0] && Object.keys(rows[0].values)
    : source.kind === "generator"
    ? [source.column ?? DEFAULT_COLUMN]
    : undefined;
  secrets.forEach((column, index) => {
    if (columns === undefined || columns.includes(column)) return;
    const path = ["identity", "secrets", index];
    report({ path, message: `There is no column "${column}"` });
  });
  if (identity.rule === "mac" && source.kind === "csv" && !source.mac) {
    const message = 'Rule "mac" needs the name of the column "mac"';
    report({ path: ["identity", "source"], message });
  }
  return {
    plan: identity,
    pool: identity.pool ?? name,
    columns,
    rows,
    secrets: new Set(secrets),
  };
}

async function readRows(
  { file, key, mac }: CsvSource,
  report: (problem: JobProblem) => void,
): Promise<IdentityRow[]> {
  const path = ["identity", "source", "file"];
  const problem = (message: string) => report({ path, message });
  let records: Record<string, string>[];
  try {
    records = parse(await Deno.readFile(file), {
      bom: true,
      columns: true,
      skip_empty_lines: true,
    });
  } catch (error) {
    problem(`The table of identities cannot be read: ${readReason(error)}`);
    return [];
  }
  const [first] = records;
  if (first === undefined) {
    problem("The table of identities has no row");
    return [];
  }
  const missing = [key, mac].filter((column) =>
    column !== undefined && !Object.hasOwn(first, column)
  );
  if (missing.length > 0) {
    problem(`The table of identities has no column "${missing.join('", "')}"`);
    return [];
  }
  const seen = { keys: new Set<string>(), macs: new Set<string>() };
  return records.flatMap((values, index) => {
    // The heading is row 1, as in a spreadsheet.
    const row = `Row ${index + 2} of the table of identities`;
    const name = values[key] ?? "";
    if (name === "") problem(`${row} has an empty "${key}"`);
    if (seen.keys.has(name)) problem(`${row} has "${key}" "${name}" again`);
    seen.keys.add(name);
    const owner = mac === undefined ? "" : values[mac] ?? "";
    if (owner === "") return [{ key: name, values }];
    try {
      const address = formatMac(parseMac(owner));
      if (seen.macs.has(address)) problem(`${row} has MAC ${address} again`);
      seen.macs.add(address);
      return [{ key: name, mac: address, values }];
    } catch {
      problem(`${row} has "${owner}" for a MAC address`);
      return [];
    }
  });
}

/**
 * The rule by which a board claims a row; asks the server, if the source is one.
 *
 * @throws {EspError} `identity-none` if the server gives no row or nothing was scanned.
 */
export async function claimRule(
  { plan, pool }: PreparedIdentity,
  context: ClaimContext,
): Promise<ClaimRule> {
  const { source, rule = "next" } = plan;
  if (source.kind === "generator") return counterRule(source);
  if (source.kind === "http") {
    return { kind: "given", row: await askServer(source, pool, context) };
  }
  if (rule !== "code") return { kind: rule };
  if (context.code === undefined) {
    throw new EspError(
      `Cannot claim a row for ${context.mac}: nothing has been scanned`,
      {
        code: "identity-none",
        hint: "Scan the board's code, and start again.",
      },
    );
  }
  return { kind: "code", code: context.code };
}

function counterRule(source: GeneratorSource): ClaimRule {
  const { first = 1, digits = 0, prefix = "" } = source;
  const { column = DEFAULT_COLUMN, checkDigit: kind } = source;
  const most = digits === 0 ? Number.MAX_SAFE_INTEGER : 10 ** digits - 1;
  return {
    kind: "counter",
    first,
    last: source.last ?? most,
    make: (number) => {
      const text = String(number).padStart(digits, "0");
      const check = kind === undefined ? "" : checkDigit(kind, text);
      const key = `${prefix}${text}${check}`;
      return { key, values: { [column]: key } };
    },
  };
}

async function askServer(
  {
    url,
    key = DEFAULT_COLUMN,
    headers = {},
    timeout = DEFAULT_HTTP_TIMEOUT,
  }: HttpSource,
  pool: string,
  { mac, chip, station, env, signal }: ClaimContext,
): Promise<IdentityRow> {
  const refuse = (why: string) =>
    new EspError(`Cannot claim a row for ${mac}: ${new URL(url).host} ${why}`, {
      code: "identity-none",
      hint:
        "Nothing has been written. Check the server, and run this board again.",
    });
  const limits = {
    step: `ask ${new URL(url).host}`,
    clock: systemClock,
    signals: [signal],
    timeout,
  };
  const request = {
    url,
    // Asked twice for one board, the server must not give two rows.
    headers: {
      ...headers,
      "idempotency-key": `${encodeURIComponent(pool)}/${mac}`,
    },
    env,
    body: JSON.stringify({ pool, mac, chip, station }),
  };
  const answer = await withLimits(limits, async (limit = signal) => {
    const response = await postJson({ ...request, signal: limit });
    return await readJson(response, MOST_ANSWER);
  }).catch((cause: unknown) => {
    signal.throwIfAborted();
    if (cause instanceof TimeoutError) throw refuse("does not answer in time");
    throw refuse(cause instanceof Error ? cause.message : String(cause));
  });
  const values = textValues(answer);
  const name = values?.[key];
  if (values === undefined || !name) {
    throw refuse(`answers no object of texts and numbers with a "${key}"`);
  }
  return { key: name, values };
}

function textValues(answer: unknown): Record<string, string> | undefined {
  if (typeof answer !== "object" || answer === null || Array.isArray(answer)) {
    return undefined;
  }
  const entries = Object.entries(answer);
  return entries.every(([, value]) => isPlainValue(value))
    ? Object.fromEntries(entries.map(([name, value]) => [name, String(value)]))
    : undefined;
}

/** A text, a truth value, or a number that JSON has carried without loss. */
function isPlainValue(value: unknown): boolean {
  if (typeof value === "number") {
    return Number.isSafeInteger(value) || !Number.isInteger(value);
  }
  return typeof value === "string" || typeof value === "boolean";
}
