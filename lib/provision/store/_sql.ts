/** A value that both databases take and give. */
export type SqlValue = string | number | null;

/** A row by column. */
export type SqlRow = Readonly<Record<string, SqlValue>>;

/** Runs statements; parameters are written `?1`, `?2` …. */
export interface SqlSession {
  /** Runs one statement and returns its rows. */
  query(text: string, parameters?: readonly SqlValue[]): Promise<SqlRow[]>;
}

/** A database, as far as it differs from the other. */
export interface SqlDatabase extends AsyncDisposable {
  /**
   * What a SELECT of a free row ends with, one try after the other: first rows
   * that others are taking are left to them, then they are waited for, since
   * they may give them back.
   */
  readonly lockClauses: readonly string[];
  /**
   * Runs `work` in a transaction that is durable when this resolves, and undone if it throws.
   *
   * @throws {UniqueViolation} If another transaction took what this one wanted.
   */
  transaction<T>(work: (session: SqlSession) => Promise<T>): Promise<T>;
}

/** A row exists already: another transaction came first, or the data are at fault. */
export class UniqueViolation extends Error {
  override readonly name = "UniqueViolation";
}
