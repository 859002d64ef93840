import { DatabaseSync } from "node:sqlite";
import { delay, systemClock } from "../../clock.ts";
import {
  type SqlDatabase,
  type SqlRow,
  type SqlSession,
  type SqlValue,
  UniqueViolation,
} from "./_sql.ts";

/** How long to wait for another's transaction, in milliseconds. */
const BUSY_TIMEOUT = 10_000;
/** How long to wait before asking again, in milliseconds. */
const BUSY_PAUSE = 5;
/** Result codes, the low byte of the extended ones. */
const SQLITE_BUSY = 5;
const SQLITE_CONSTRAINT = 19;

/**
 * An SQLite file. Its calls are synchronous, and a commit waits for the disk:
 * about a millisecond for each claim and each attempt, of which a board has two.
 */
export class SqliteDatabase implements SqlDatabase {
  /** A transaction has the whole file to itself. */
  readonly lockClauses = [""];
  readonly #database: DatabaseSync;
  /** Transactions of one connection run one after another. */
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(path: string) {
    // SQLite's own waiting would hold up the event loop, and with it whoever is to end.
    this.#database = new DatabaseSync(path, { timeout: 0 });
  }

  /** Opens a file, and makes it if it is not there. */
  static async open(path: string): Promise<SqliteDatabase> {
    const opened = new SqliteDatabase(path);
    try {
      await opened.#execute("PRAGMA journal_mode = WAL");
      // A claim must survive a power cut, which NORMAL does not promise under WAL.
      await opened.#execute("PRAGMA synchronous = FULL");
      return opened;
    } catch (error) {
      await opened[Symbol.asyncDispose]();
      throw error;
    }
  }

  transaction<T>(work: (session: SqlSession) => Promise<T>): Promise<T> {
    const turn = this.#turn.then(() => this.#transaction(work));
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async #transaction<T>(work: (session: SqlSession) => Promise<T>): Promise<T> {
    await this.#execute("BEGIN IMMEDIATE");
    try {
      const result = await work(this.#session);
      this.#database.exec("COMMIT");
      return result;
    } catch (error) {
      this.#database.exec("ROLLBACK");
      // SQLite names the columns, never their values.
      throw resultCode(error) === SQLITE_CONSTRAINT
        ? new UniqueViolation("row exists already", { cause: error })
        : error;
    }
  }

  /** Executes a statement as soon as no other connection is in its way. */
  async #execute(text: string): Promise<void> {
    const deadline = systemClock.now() + BUSY_TIMEOUT;
    for (;;) {
      try {
        // Not `exec`, whose errors in Deno lack SQLite's code.
        this.#database.prepare(text).run();
        return;
      } catch (error) {
        const wait = resultCode(error) === SQLITE_BUSY &&
          systemClock.now() < deadline;
        if (!wait) throw error;
      }
      await delay(systemClock, BUSY_PAUSE);
    }
  }

  readonly #session: SqlSession = {
    query: (text, parameters = []) =>
      Promise.resolve(this.#run(text, parameters)),
  };

  #run(text: string, parameters: readonly SqlValue[]): SqlRow[] {
    return this.#database.prepare(text).all(...parameters) as SqlRow[];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#turn;
    if (this.#database.isOpen) this.#database.close();
  }
}

/** The primary result code of an error that SQLite gave. */
function resultCode(error: unknown): number | undefined {
  return error instanceof Error && "errcode" in error
    ? Number(error.errcode) & 0xff
    : undefined;
}
