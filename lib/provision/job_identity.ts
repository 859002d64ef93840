/**
 * Where a board's own values come from, as data.
 *
 * @module
 */

/** Rows of a CSV table with a header line. */
export interface CsvSource {
  /** Tells this source from the others. */
  readonly kind: "csv";
  /** The table's path or `file:` URL. */
  readonly file: string | URL;
  /** The column whose cells tell the rows apart: a serial number, say. */
  readonly key: string;
  /** The column with the MAC address of the only board that may have the row; empty cells leave it to any. */
  readonly mac?: string | undefined;
}

/** Numbers that count up: `LMP-000042-7`. */
export interface GeneratorSource {
  /** Tells this source from the others. */
  readonly kind: "generator";
  /** The column that the text goes to, which is the row's key. @default {"serial"} */
  readonly column?: string | undefined;
  /** What stands before the number. @default {""} */
  readonly prefix?: string | undefined;
  /** The first number. @default {1} */
  readonly first?: number | undefined;
  /** The last number. @default what the digits hold, or 2^53 - 1 */
  readonly last?: number | undefined;
  /** How many digits the number has at least, with zeros in front. @default {0} */
  readonly digits?: number | undefined;
  /** The digit behind the number by which a typing error shows. @default none */
  readonly checkDigit?: "luhn" | "damm" | undefined;
}

/** A server that is asked for each board. */
export interface HttpSource {
  /** Tells this source from the others. */
  readonly kind: "http";
  /**
   * What is POSTed to, with `{ pool, mac, chip, station }` as JSON. It answers a JSON
   * object of texts and numbers, and the same again for the same MAC address.
   */
  readonly url: string;
  /** The answer's member that tells the rows apart. @default {"serial"} */
  readonly key?: string | undefined;
  /** Headers; `{env.NAME}` stands for an environment variable, so that a token need not be in the file. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** How long to wait, in milliseconds. @default {10_000} */
  readonly timeout?: number | undefined;
}

/** Where rows come from. */
export type IdentitySource = CsvSource | GeneratorSource | HttpSource;

/** How each board comes by its own row, which it then keeps for ever. */
export interface IdentityPlan {
  /**
   * What the rows are called together; jobs with the same pool share rows.
   *
   * @default the job's name
   */
  readonly pool?: string | undefined;
  /** Where rows come from. */
  readonly source: IdentitySource;
  /**
   * Which row of a CSV table a board gets: the next free one, the one with its
   * MAC address, or the one whose key is scanned.
   *
   * @default {"next"}
   */
  readonly rule?: "next" | "mac" | "code" | undefined;
  /** Columns that are written to boards and shown to nobody. */
  readonly secrets?: readonly string[] | undefined;
}
