/**
 * From a path or URL to a store.
 *
 * @module
 */

import { EspError } from "../../errors.ts";
import { migrate } from "./_migrations.ts";
import type { SqlDatabase } from "./_sql.ts";
import { SqlStore, storeFailed } from "./_sql_store.ts";
import type { Store } from "./store.ts";

/**
 * Opens a store and brings its tables up to date.
 *
 * @param where The path of an SQLite file, which is made if it is not there and
 * needs `--allow-read --allow-write`; or `postgres://user:password@host/database`
 * for several stations, which needs `--allow-net --allow-env`.
 * @throws {EspError} `store-failed` if it cannot be opened, or a newer espline made it.
 */
export async function openStore(where: string): Promise<Store> {
  const shown = withoutPassword(where);
  let database: SqlDatabase | undefined;
  try {
    database = await connect(where);
    const newer = await migrate(database);
    if (newer === undefined) return new SqlStore(database);
    throw new EspError(
      `Cannot open store "${shown}": its tables have version ${newer}, which is newer than this espline`,
      { code: "store-failed", hint: "Use the newest espline on each station." },
    );
  } catch (error) {
    await database?.[Symbol.asyncDispose]();
    if (error instanceof EspError) throw error;
    throw storeFailed(`Cannot open store "${shown}"`, error);
  }
}

async function connect(where: string): Promise<SqlDatabase> {
  if (/^postgres(ql)?:/.test(where)) {
    const { PostgresDatabase } = await import("./_postgres.ts");
    return new PostgresDatabase(where);
  }
  const { SqliteDatabase } = await import("./_sqlite.ts");
  return await SqliteDatabase.open(where);
}

/** A store's name for messages. */
export function withoutPassword(where: string): string {
  if (!URL.canParse(where)) return where;
  const url = new URL(where);
  if (url.password !== "") url.password = "***";
  return url.href;
}
