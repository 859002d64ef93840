/**
 * What is in an NVS partition, apart from how it is laid out: namespaces, their
 * keys, and what those hold.
 *
 * @module
 */

import { type NvsValue, type NvsValueLike, toNvsValue } from "./nvs_value.ts";

/** Namespaces by name, each with its values by key, both in the order of their writing. */
export type NvsContents = ReadonlyMap<string, ReadonlyMap<string, NvsValue>>;

/** Something with names and things, as an object or as a map. */
export type NvsNamed<T> = Readonly<Record<string, T>> | ReadonlyMap<string, T>;

/** Namespaces by name, each with its values by key. */
export type NvsContentsLike = NvsNamed<NvsNamed<NvsValueLike>>;

/** Namespaces by name, each with new values by key; `null` erases a key. */
export type NvsChanges = NvsNamed<NvsNamed<NvsValueLike | null>>;

/** How many characters a name of a key or a namespace can have. */
const MAX_NAME_LENGTH = 15;

/**
 * Checks names and values.
 *
 * @throws {RangeError} If a name is not of 1 to 15 ASCII characters, or a value does not fit its type.
 * @throws {TypeError} If something is no value.
 */
export function toContents(like: NvsContentsLike): NvsContents {
  return checkNamed(like, toNvsValue);
}

/**
 * Checks names and values of changes, as {@linkcode toContents} does.
 *
 * @throws {RangeError} If a name is not of 1 to 15 ASCII characters, or a value does not fit its type.
 * @throws {TypeError} If something is neither a value nor `null`.
 */
export function toChanges(
  like: NvsChanges,
): ReadonlyMap<string, ReadonlyMap<string, NvsValue | null>> {
  return checkNamed(like, (value) => value === null ? null : toNvsValue(value));
}

function checkNamed<From, To>(
  like: NvsNamed<NvsNamed<From>>,
  convert: (value: From) => To,
): Map<string, Map<string, To>> {
  return mapNamed(
    like,
    "namespace",
    (keys, namespace) =>
      mapNamed(keys, "key", (value, key) => {
        try {
          return convert(value);
        } catch (error) {
          throw naming(error, `${namespace}/${key}`);
        }
      }),
  );
}

function mapNamed<From, To>(
  named: NvsNamed<From>,
  what: string,
  convert: (value: From, name: string) => To,
): Map<string, To> {
  const pairs = named instanceof Map ? [...named] : Object.entries(named);
  return new Map(pairs.map(([name, value]) => {
    checkName(name, what);
    return [name, convert(value, name)];
  }));
}

/**
 * Checks the name of a key or a namespace.
 *
 * @throws {RangeError} If it is not of 1 to 15 printable ASCII characters.
 */
export function checkName(name: string, what: string): void {
  if (/^[\x20-\x7e]+$/.test(name) && name.length <= MAX_NAME_LENGTH) return;
  throw new RangeError(
    `Cannot use ${
      JSON.stringify(name)
    } as a ${what}: it is not of 1 to ${MAX_NAME_LENGTH} ASCII characters`,
  );
}

/** Puts in front of a message what it is about. */
function naming(error: unknown, name: string): unknown {
  const message = error instanceof Error ? `${name}: ${error.message}` : "";
  if (error instanceof RangeError) return new RangeError(message);
  if (error instanceof TypeError) return new TypeError(message);
  return error;
}
