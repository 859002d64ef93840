/**
 * Where identities are claimed and attempts are kept.
 *
 * A claim is durable before {@linkcode Store.claim} resolves: whoever is
 * killed at any moment after it finds the same claim again, and whoever is
 * killed before it has claimed nothing.
 *
 * @module
 */

/** One device's data, before a device has it. */
export interface IdentityRow {
  /** What tells it from the others of its pool: a serial number, say. */
  readonly key: string;
  /** The MAC address of the only board that may have it, lower case with colons; absent if any may. */
  readonly mac?: string | undefined;
  /** Its values by column. May hold secrets: never to be logged. */
  readonly values: Readonly<Record<string, string>>;
}

/** The next row that nobody has. */
export interface NextRule {
  /** Tells this rule from the others. */
  readonly kind: "next";
}

/** The row that was made for this MAC address, and no other. */
export interface MacRule {
  /** Tells this rule from the others. */
  readonly kind: "mac";
}

/** The row whose key was scanned from the board or its label. */
export interface CodeRule {
  /** Tells this rule from the others. */
  readonly kind: "code";
  /** What was scanned: a row's key. */
  readonly code: string;
}

/** A row made of a number that nobody had before. */
export interface CounterRule {
  /** Tells this rule from the others. */
  readonly kind: "counter";
  /** The number of a pool's first row. */
  readonly first: number;
  /** The number of a pool's last row. */
  readonly last: number;
  /** From a number to a row. Must give the same row for the same number. */
  readonly make: (number: number) => IdentityRow;
}

/** A row that came from elsewhere, for this board. */
export interface GivenRule {
  /** Tells this rule from the others. */
  readonly kind: "given";
  /** The row. */
  readonly row: IdentityRow;
}

/** How a board that has no row yet comes by one. */
export type ClaimRule =
  | NextRule
  | MacRule
  | CodeRule
  | CounterRule
  | GivenRule;

/** Who claims what. */
export interface ClaimRequest {
  /** The rows' pool. */
  readonly pool: string;
  /** The board's MAC address, lower case with colons. */
  readonly mac: string;
  /** Which station claims it. */
  readonly station: string;
  /** How to choose a row, if the board has none. */
  readonly rule: ClaimRule;
}

/** A row that is a board's, for ever. */
export interface Claim extends IdentityRow {
  /** The rows' pool. */
  readonly pool: string;
  /** The board's MAC address, lower case with colons. */
  readonly mac: string;
  /** When it was claimed first: ISO 8601, UTC. */
  readonly claimedAt: string;
  /** Whether the board had it before. */
  readonly again: boolean;
}

/** What became of rows that were to be added. */
export interface AddedRows {
  /** How many are new. */
  readonly added: number;
  /** How many were there already, with the same values. */
  readonly known: number;
  /** How many were there unclaimed with other values, which were replaced. */
  readonly changed: number;
}

/** How a pool stands. */
export interface PoolCounts {
  /** Rows that nobody has. */
  readonly free: number;
  /** Rows that a board has which has not passed yet. */
  readonly claimed: number;
  /** Rows that a board has which has passed. */
  readonly passed: number;
}

/** One attempt at one board. */
export interface Attempt {
  /** Tells it from all others: a UUID. */
  readonly id: string;
  /** The board's MAC address; absent if it was never read. */
  readonly mac?: string | undefined;
  /** Which station made it. */
  readonly station: string;
  /** When it began: ISO 8601, UTC. */
  readonly startedAt: string;
  /** When it ended: ISO 8601, UTC. */
  readonly finishedAt: string;
  /** What became of it. */
  readonly result: "pass" | "fail" | "cancelled";
  /** The pool whose row the board had, if it had one. */
  readonly pool?: string | undefined;
  /** The inventory's cells by column. Holds no secrets. */
  readonly row: Readonly<Record<string, string>>;
}

/** Identities and attempts, shared by every line that opens the same store. */
export interface Store extends AsyncDisposable {
  /**
   * Adds rows to a pool. A row that is there stays where it is; if nobody has it, it takes the new values.
   *
   * @throws {EspError} `identity-conflict` if a claimed row would change, or two rows have one MAC address.
   */
  addRows(pool: string, rows: readonly IdentityRow[]): Promise<AddedRows>;

  /**
   * Gives a board its row: the one that it has, or else one by the rule.
   *
   * @throws {EspError} `identity-none` if there is no row for it, `identity-conflict`
   * if the row that it asks for is another board's, or it has another.
   */
  claim(request: ClaimRequest): Promise<Claim>;

  /** The row that a board has in a pool, if any. */
  findClaim(pool: string, mac: string): Promise<Claim | undefined>;

  /** Keeps an attempt; if it passed, its row counts as passed. Recording one twice is harmless. */
  record(attempt: Attempt): Promise<void>;

  /** How many attempts a board has had. */
  countAttempts(mac: string): Promise<number>;

  /** Every attempt, the oldest first. */
  attempts(): Promise<Attempt[]>;

  /** How a pool stands. */
  counts(pool: string): Promise<PoolCounts>;
}
