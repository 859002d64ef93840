/** Why a board cannot have a row. No message quotes a row's values, which may be secret. */

import { EspError } from "../../errors.ts";
import type { ClaimRequest } from "./store.ts";

/** Rows contradict each other or what has been claimed. */
export function conflict(message: string): EspError {
  return new EspError(message, {
    code: "identity-conflict",
    hint: "Nothing has been changed. Compare the rows with the inventory.",
  });
}

/** There is no row for the board. */
export function noRow({ pool, mac, rule }: ClaimRequest): EspError {
  const what = rule.kind === "mac"
    ? `no row of "${pool}" is for ${mac}`
    : rule.kind === "code"
    ? `"${pool}" has no row "${rule.code}"`
    : `"${pool}" has no free row`;
  return new EspError(`Cannot claim a row for ${mac}: ${what}`, {
    code: "identity-none",
    hint: "Nothing has been written. Add rows to the pool.",
  });
}

/** The counter has given its last number. */
export function drained(
  { pool, mac }: ClaimRequest,
  last: number,
): EspError {
  return new EspError(
    `Cannot claim a row for ${mac}: "${pool}" has given its last number, ${last}`,
    {
      code: "identity-none",
      hint: "Nothing has been written. Give the generator a larger range.",
    },
  );
}

/** The row that the board asks for is another board's. */
export function takenRow(
  { pool, mac }: ClaimRequest,
  key: string,
  owner: string,
): EspError {
  return conflict(
    `Cannot give row "${key}" of "${pool}" to ${mac}: it is ${owner}'s`,
  );
}

/** The board has another row than the one that was scanned. */
export function foreignCode(
  { pool, mac }: ClaimRequest,
  code: string,
  own: string,
): EspError {
  return conflict(
    `Cannot give row "${code}" of "${pool}" to ${mac}: it has row "${own}" already`,
  );
}
