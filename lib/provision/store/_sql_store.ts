import { EspError } from "../../errors.ts";
import { claimRow, encodeValues, findByMac } from "./_claim.ts";
import { conflict } from "./_claim_errors.ts";
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
