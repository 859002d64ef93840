import { EspError } from "../../errors.ts";
import {
  conflict,
  drained,
  foreignCode,
  noRow,
  takenRow,
} from "./_claim_errors.ts";
import {
  type SqlDatabase,
  type SqlRow,
  type SqlSession,
  UniqueViolation,
} from "./_sql.ts";
import type {
  AddedRows,
  Attempt,
  Claim,
  ClaimRequest,
  CounterRule,
  IdentityRow,
  PoolCounts,
  Store,
} from "./store.ts";

/** How often a claim is tried again when another station was faster. */
const MAX_RACES = 20;

/** A store in a database that knows SQL. */
export class SqlStore implements Store {
  readonly #database: SqlDatabase;

  constructor(database: SqlDatabase) {
    this.#database = database;
  }

  async addRows(
    pool: string,
    rows: readonly IdentityRow[],
  ): Promise<AddedRows> {
    const counts = { added: 0, known: 0, changed: 0 };
    try {
      await this.#run((session) => addAll(session, pool, rows, counts));
    } catch (error) {
      if (!(error instanceof UniqueViolation)) throw error;
      throw conflict(`Cannot add rows to "${pool}": two have one MAC address`);
    }
    return counts;
  }

  async claim(request: ClaimRequest): Promise<Claim> {
    for (let race = 1;; race++) {
      try {
        return await this.#run((session) =>
          claimRow(session, request, this.#database.lockClauses)
        );
      } catch (error) {
        // Another station has just given this board, or taken this row: look again.
        if (!(error instanceof UniqueViolation) || race === MAX_RACES) {
          throw error;
        }
      }
    }
  }

  async findClaim(pool: string, mac: string): Promise<Claim | undefined> {
    return await this.#run((session) => findByMac(session, pool, mac));
  }

  async record(attempt: Attempt): Promise<void> {
    const { id, mac, station, startedAt, finishedAt, result, pool } = attempt;
    await this.#run(async (session) => {
      await session.query(
        "INSERT INTO attempt (id, mac, station, started_at, finished_at, result, pool, cells) " +
          "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING",
        [
          id,
          mac ?? null,
          station,
          startedAt,
          finishedAt,
          result,
          pool ?? null,
          JSON.stringify(attempt.row),
        ],
      );
      if (result !== "pass" || pool === undefined || mac === undefined) return;
      await session.query(
        "UPDATE identity SET passed_at = COALESCE(passed_at, ?1) WHERE pool = ?2 AND mac = ?3",
        [finishedAt, pool, mac],
      );
    });
  }

  async countAttempts(mac: string): Promise<number> {
    const [row] = await this.#run((session) =>
      session.query("SELECT COUNT(*) AS n FROM attempt WHERE mac = ?1", [mac])
    );
    return Number(row?.n);
  }

  async attempts(): Promise<Attempt[]> {
    const rows = await this.#run((session) =>
      session.query("SELECT * FROM attempt ORDER BY finished_at, id")
    );
    return rows.map(toAttempt);
  }

  async counts(pool: string): Promise<PoolCounts> {
    const [row] = await this.#run((session) =>
      session.query(
        "SELECT COUNT(*) AS total, COUNT(mac) AS claimed, COUNT(passed_at) AS passed " +
          "FROM identity WHERE pool = ?1",
        [pool],
      )
    );
    const [total, claimed, passed] = [row?.total, row?.claimed, row?.passed]
      .map(Number) as [number, number, number];
    return { free: total - claimed, claimed: claimed - passed, passed };
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#database[Symbol.asyncDispose]();
  }

  /** Runs a transaction; what goes wrong with the database itself is a `store-failed`. */
  async #run<T>(work: (session: SqlSession) => Promise<T>): Promise<T> {
    try {
      return await this.#database.transaction(work);
    } catch (error) {
      if (error instanceof EspError || error instanceof UniqueViolation) {
        throw error;
      }
      throw storeFailed("Cannot use the store", error);
    }
  }
}

/** Makes the error of a database that does not answer as it should. The cause quotes no row. */
export function storeFailed(what: string, error: unknown): EspError {
  const reason = error instanceof Error ? error.message : String(error);
  return new EspError(`${what}: ${reason}`, {
    code: "store-failed",
    hint: "Check that the store's file or server can be reached and written.",
  });
}

async function addAll(
  session: SqlSession,
  pool: string,
  rows: readonly IdentityRow[],
  counts: { added: number; known: number; changed: number },
): Promise<void> {
  const [last] = await session.query(
    "SELECT COALESCE(MAX(place), 0) AS place FROM identity WHERE pool = ?1",
    [pool],
  );
  let place = Number(last?.place ?? 0);
  for (const row of rows) {
    counts[await addOne(session, pool, row, ++place)]++;
  }
}

async function addOne(
  session: SqlSession,
  pool: string,
  { key, mac, values }: IdentityRow,
  place: number,
): Promise<"added" | "known" | "changed"> {
  const text = encodeValues(values);
  const inserted = await session.query(
    "INSERT INTO identity (pool, key, place, reserved_for, row_values) VALUES (?1, ?2, ?3, ?4, ?5) " +
      "ON CONFLICT (pool, key) DO NOTHING RETURNING key",
    [pool, key, place, mac ?? null, text],
  );
  if (inserted.length > 0) return "added";
  const [old] = await session.query(
    "SELECT reserved_for, row_values, mac FROM identity WHERE pool = ?1 AND key = ?2",
    [pool, key],
  );
  if (old?.row_values === text && old.reserved_for === (mac ?? null)) {
    return "known";
  }
  if (old?.mac != null) {
    throw conflict(
      `Cannot change row "${key}" of "${pool}": board ${old.mac} has it already`,
    );
  }
  await session.query(
    "UPDATE identity SET reserved_for = ?3, row_values = ?4 WHERE pool = ?1 AND key = ?2",
    [pool, key, mac ?? null, text],
  );
  return "changed";
}

async function claimRow(
  session: SqlSession,
  request: ClaimRequest,
  lockClauses: readonly string[],
): Promise<Claim> {
  const { pool, mac, rule } = request;
  const known = await findByMac(session, pool, mac);
  if (known !== undefined) {
    if (rule.kind === "code" && rule.code !== known.key) {
      throw foreignCode(request, rule.code, known.key);
    }
    return known;
  }
  switch (rule.kind) {
    case "mac":
      return await take(session, request, await findReserved(session, request));
    case "next":
      return await take(
        session,
        request,
        await findReserved(session, request) ??
          await findFree(session, pool, lockClauses),
      );
    case "code":
      return await takeCode(session, request, rule.code);
    case "counter":
      return await insert(
        session,
        request,
        rule.make(await nextNumber(session, request, rule)),
      );
    case "given":
      return await takeGiven(session, request, rule.row);
  }
}

async function findByMac(
  session: SqlSession,
  pool: string,
  mac: string,
): Promise<Claim | undefined> {
  const [row] = await session.query(
    "SELECT * FROM identity WHERE pool = ?1 AND mac = ?2",
    [pool, mac],
  );
  return row === undefined ? undefined : toClaim(row, true);
}

async function findByKey(
  session: SqlSession,
  pool: string,
  key: string,
): Promise<SqlRow | undefined> {
  const [row] = await session.query(
    "SELECT * FROM identity WHERE pool = ?1 AND key = ?2",
    [pool, key],
  );
  return row;
}

async function findReserved(
  session: SqlSession,
  { pool, mac }: ClaimRequest,
): Promise<SqlRow | undefined> {
  const [row] = await session.query(
    "SELECT * FROM identity WHERE pool = ?1 AND reserved_for = ?2 AND mac IS NULL",
    [pool, mac],
  );
  return row;
}

async function findFree(
  session: SqlSession,
  pool: string,
  lockClauses: readonly string[],
): Promise<SqlRow | undefined> {
  for (const lockClause of lockClauses) {
    const [row] = await session.query(
      "SELECT * FROM identity WHERE pool = ?1 AND mac IS NULL AND reserved_for IS NULL " +
        `ORDER BY place LIMIT 1 ${lockClause}`,
      [pool],
    );
    if (row !== undefined) return row;
  }
  return undefined;
}

async function takeCode(
  session: SqlSession,
  request: ClaimRequest,
  code: string,
): Promise<Claim> {
  return await take(
    session,
    request,
    await findUntaken(session, request, code),
  );
}

/** The row of a key, if there is one; it must not be another board's. */
async function findUntaken(
  session: SqlSession,
  request: ClaimRequest,
  key: string,
): Promise<SqlRow | undefined> {
  const row = await findByKey(session, request.pool, key);
  const owner = row?.mac ?? row?.reserved_for;
  if (owner != null && owner !== request.mac) {
    throw takenRow(request, key, String(owner));
  }
  return row;
}

async function takeGiven(
  session: SqlSession,
  request: ClaimRequest,
  given: IdentityRow,
): Promise<Claim> {
  const row = await findUntaken(session, request, given.key);
  return row === undefined
    ? await insert(session, request, given)
    : await take(session, request, row);
}

/** Marks a row as the board's, unless another transaction has done so since it was read. */
async function take(
  session: SqlSession,
  request: ClaimRequest,
  row: SqlRow | undefined,
): Promise<Claim> {
  if (row === undefined) throw noRow(request);
  const { pool, mac, station } = request;
  const [taken] = await session.query(
    "UPDATE identity SET mac = ?3, station = ?4, claimed_at = ?5 " +
      "WHERE pool = ?1 AND key = ?2 AND mac IS NULL RETURNING *",
    [pool, row.key ?? null, mac, station, new Date().toISOString()],
  );
  if (taken === undefined) throw new UniqueViolation("row was taken meanwhile");
  return toClaim(taken, false);
}

async function insert(
  session: SqlSession,
  { pool, mac, station }: ClaimRequest,
  { key, values }: IdentityRow,
): Promise<Claim> {
  const [row] = await session.query(
    "INSERT INTO identity (pool, key, place, row_values, mac, station, claimed_at) " +
      "VALUES (?1, ?2, 0, ?3, ?4, ?5, ?6) RETURNING *",
    [pool, key, encodeValues(values), mac, station, new Date().toISOString()],
  );
  if (row === undefined) throw new UniqueViolation("row was not inserted");
  return toClaim(row, false);
}

/** Takes the counter's next number; a transaction that is undone gives it back. */
async function nextNumber(
  session: SqlSession,
  request: ClaimRequest,
  { first, last }: CounterRule,
): Promise<number> {
  const [row] = await session.query(
    "INSERT INTO counter (pool, next) VALUES (?1, ?2) " +
      "ON CONFLICT (pool) DO UPDATE SET next = counter.next + 1 RETURNING next",
    [request.pool, first],
  );
  const number = Math.max(Number(row?.next), first);
  if (number !== Number(row?.next)) {
    await session.query("UPDATE counter SET next = ?2 WHERE pool = ?1", [
      request.pool,
      number,
    ]);
  }
  if (number > last) throw drained(request, last);
  return number;
}

/** Values in the order of their names, so that equal rows are equal texts. */
function encodeValues(values: IdentityRow["values"]): string {
  return JSON.stringify(
    Object.fromEntries(
      Object.entries(values).sort(([a], [b]) => a < b ? -1 : 1),
    ),
  );
}

function toClaim(row: SqlRow, again: boolean): Claim {
  return {
    pool: String(row.pool),
    key: String(row.key),
    mac: String(row.mac),
    values: JSON.parse(String(row.row_values)),
    claimedAt: String(row.claimed_at),
    again,
  };
}

function toAttempt(row: SqlRow): Attempt {
  return {
    id: String(row.id),
    ...(row.mac !== null && { mac: String(row.mac) }),
    station: String(row.station),
    startedAt: String(row.started_at),
    finishedAt: String(row.finished_at),
    result: String(row.result) as Attempt["result"],
    ...(row.pool !== null && { pool: String(row.pool) }),
    row: JSON.parse(String(row.cells)),
  };
}
