import { type SqlDatabase, type SqlSession, UniqueViolation } from "./_sql.ts";

/** How often to try again when another station makes the same tables at the same moment. */
const MAX_RACES = 20;

/** What each version of the schema adds to the one before; never to be changed once released. */
const MIGRATIONS: readonly (readonly string[])[] = [[
  `CREATE TABLE identity (
    pool TEXT NOT NULL,
    key TEXT NOT NULL,
    place BIGINT NOT NULL,
    reserved_for TEXT,
    row_values TEXT NOT NULL,
    mac TEXT,
    station TEXT,
    claimed_at TEXT,
    passed_at TEXT,
    PRIMARY KEY (pool, key),
    UNIQUE (pool, mac),
    UNIQUE (pool, reserved_for)
  )`,
  "CREATE INDEX identity_free ON identity (pool, place) WHERE mac IS NULL",
  `CREATE TABLE counter (
    pool TEXT NOT NULL PRIMARY KEY,
    next BIGINT NOT NULL
  )`,
  `CREATE TABLE attempt (
    id TEXT NOT NULL PRIMARY KEY,
    mac TEXT,
    station TEXT NOT NULL,
    started_at TEXT NOT NULL,
    finished_at TEXT NOT NULL,
    result TEXT NOT NULL,
    pool TEXT,
    cells TEXT NOT NULL
  )`,
  "CREATE INDEX attempt_mac ON attempt (mac)",
]];

/**
 * Brings a database to the newest schema.
 *
 * @returns The version that was found, if it is newer than this program knows.
 */
export async function migrate(
  database: SqlDatabase,
): Promise<number | undefined> {
  for (let race = 1;; race++) {
    try {
      return await database.transaction(upgrade);
    } catch (error) {
      if (!(error instanceof UniqueViolation) || race === MAX_RACES) {
        throw error;
      }
    }
  }
}

async function upgrade(session: SqlSession): Promise<number | undefined> {
  const found = await lockVersion(session);
  if (found > MIGRATIONS.length) return found;
  for (const statement of MIGRATIONS.slice(found).flat()) {
    await session.query(statement);
  }
  await session.query("UPDATE espline_schema SET version = ?1", [
    MIGRATIONS.length,
  ]);
  return undefined;
}

/** Reads the version, and keeps other stations that start at the same time waiting. */
async function lockVersion(session: SqlSession): Promise<number> {
  await session.query(
    "CREATE TABLE IF NOT EXISTS espline_schema (one BIGINT PRIMARY KEY, version BIGINT NOT NULL)",
  );
  await session.query(
    "INSERT INTO espline_schema (one, version) VALUES (1, 0) ON CONFLICT DO NOTHING",
  );
  // An update locks the row in both databases.
  const [row] = await session.query(
    "UPDATE espline_schema SET version = version RETURNING version",
  );
  return Number(row?.version ?? 0);
}
