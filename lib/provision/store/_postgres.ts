import postgres from "npm:postgres@3.4.9";
import {
  type SqlDatabase,
  type SqlRow,
  type SqlSession,
  UniqueViolation,
} from "./_sql.ts";

/** Connections: a claim and an attempt take one for a few milliseconds. */
const MAX_CONNECTIONS = 4;
/** How long to wait for the server, in seconds. */
const CONNECT_TIMEOUT = 10;
/** PostgreSQL's SQLSTATE for a row that exists already. */
const UNIQUE_VIOLATION = "23505";

/** A PostgreSQL database, which several stations share. */
export class PostgresDatabase implements SqlDatabase {
  readonly lockClauses = ["FOR UPDATE SKIP LOCKED", "FOR UPDATE"];
  readonly #sql: postgres.Sql;

  /** Makes a pool of connections, which are opened when they are needed. */
  constructor(url: string) {
    this.#sql = postgres(url, {
      max: MAX_CONNECTIONS,
      connect_timeout: CONNECT_TIMEOUT,
      onnotice: () => {},
      // Counters are far from 2^53, so a bigint comes as a number.
      types: {
        bigint: {
          to: 20,
          from: [20],
          serialize: String,
          parse: Number,
        },
      },
    });
  }

  async transaction<T>(
    work: (session: SqlSession) => Promise<T>,
  ): Promise<T> {
    try {
      return await this.#sql.begin(async (sql) => {
        // A server that is told not to wait for its disk waits for this.
        await sql`SET LOCAL synchronous_commit = on`;
        return await work({
          query: async (text, parameters = []) =>
            await sql.unsafe<SqlRow[]>(
              text.replaceAll(/\?(\d)/g, "$$$1"),
              [...parameters],
            ),
        });
      }) as T;
    } catch (error) {
      const isUnique = error instanceof postgres.PostgresError &&
        error.code === UNIQUE_VIOLATION;
      // The error's own detail quotes the row, which may hold secrets.
      throw isUnique ? new UniqueViolation("row exists already") : error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sql.end({ timeout: CONNECT_TIMEOUT });
  }
}
