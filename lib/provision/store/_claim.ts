/** The claiming of rows, inside one transaction. */

import { drained, foreignCode, noRow, takenRow } from "./_claim_errors.ts";
import { type SqlRow, type SqlSession, UniqueViolation } from "./_sql.ts";
import type { Claim, ClaimRequest, CounterRule, IdentityRow } from "./store.ts";

/**
 * Gives a board its row: the one that it has, or else one by the rule.
 *
 * @param lockClauses As {@linkcode SqlDatabase.lockClauses}.
 * @throws {UniqueViolation} If another transaction was faster: look again.
 */
export async function claimRow(
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

/** The row that a board has. */
export async function findByMac(
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
export function encodeValues(values: IdentityRow["values"]): string {
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
