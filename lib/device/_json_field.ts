/**
 * Values of a JSON file, each of which knows where it stands, for messages.
 *
 * @module
 */

import { EspError } from "../errors.ts";

/** A value and its place. */
export interface JsonField {
  /** Whether it has a key. */
  has(key: string): boolean;
  /** The value of a key that must be there. */
  get(key: string): JsonField;
  /** The value of a key, if it is there. */
  optional(key: string): JsonField | undefined;
  /** All keys and values of an object. */
  entries(): [string, JsonField][];
  /** The items of a list. */
  list(): JsonField[];
  /** A text. */
  text(): string;
  /** An address: a number, or text such as `0x1000`. */
  address(): number;
  /** An address that stands where this value's key does. */
  addressKey(key: string): number;
}

/**
 * Begins with a file's outermost value. Every method throws `file-invalid`
 * with the key's name if the value is of another kind.
 */
export function readJsonField(
  path: string,
  value: unknown,
  place = "the file",
): JsonField {
  const wrong = (kind: string, where = place) =>
    new EspError(`Cannot read "${path}": ${where} is no ${kind}`, {
      code: "file-invalid",
    });
  const object = (): Readonly<Record<string, unknown>> => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw wrong("object");
    }
    return value as Readonly<Record<string, unknown>>;
  };
  const child = (key: string) =>
    readJsonField(
      path,
      object()[key],
      place === "the file" ? key : `${place}.${key}`,
    );
  const addressOf = (text: unknown, where: string) => {
    const number = typeof text === "string" && /^(0x[\da-f]+|\d+)$/i.test(text)
      ? Number(text)
      : text;
    const sound = typeof number === "number" && Number.isInteger(number) &&
      number >= 0 && number < 2 ** 32;
    if (!sound) throw wrong("address", where);
    return number;
  };
  return {
    has: (key) => Object.hasOwn(object(), key),
    get(key) {
      if (Object.hasOwn(object(), key)) return child(key);
      throw new EspError(`Cannot read "${path}": ${place} has no ${key}`, {
        code: "file-invalid",
      });
    },
    optional: (key) => Object.hasOwn(object(), key) ? child(key) : undefined,
    entries: () => Object.keys(object()).map((key) => [key, child(key)]),
    list() {
      if (!Array.isArray(value)) throw wrong("list");
      return value.map((item, index) =>
        readJsonField(path, item, `${place}[${index}]`)
      );
    },
    text() {
      if (typeof value === "string") return value;
      throw wrong("text");
    },
    address: () => addressOf(value, place),
    addressKey: (key) => addressOf(key, place),
  };
}
