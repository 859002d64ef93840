/**
 * The whole `--json` object of a verb: what `result` is wrapped in.
 *
 * @module
 */

import type { Command } from "./command.ts";
import {
  integer,
  listOf,
  maybe,
  number,
  object,
  type ObjectSchema,
  text,
  truth,
} from "./schema.ts";

/** The chip on a board. */
export const CHIP_SCHEMA: ObjectSchema = object({
  chip: text("the family's name, such as ESP32-C3"),
  description: text("the chip's full name, with its revision"),
  revision: maybe(object({
    major: integer("the number before the point"),
    minor: integer("the number behind it"),
  }, "the wafer's revision; the ESP8266 has none")),
  features: listOf(text("one feature"), "what it can do"),
  crystalMhz: number("the crystal's frequency, in megahertz"),
  mac: text("the base MAC address, lower case with colons"),
  macExtension: maybe(text("the two bytes that make an EUI-64 of it")),
  eui64: maybe(text("the address of eight bytes")),
  chipId: integer(
    "the ESP8266's own id, or the MAC address's last three bytes",
  ),
}, "the chip on the board");

/** Why a verb failed. */
export const ERROR_SCHEMA: ObjectSchema = object({
  code: text("a word to branch on"),
  message: text("what went wrong, in a sentence"),
  hint: maybe(text("what to try next")),
}, "what went wrong");

/** A verb that has been done, on one board or on none. */
export function successSchema({ name, result }: Command): ObjectSchema {
  return object({
    ok: truth("true"),
    command: text("the verb", [name]),
    port: maybe(text("the port, of a verb that has one")),
    chip: maybe(CHIP_SCHEMA),
    result,
  }, `the answer of ${name}`);
}

/** A verb that has failed, or could not be understood. */
export const FAILURE_SCHEMA: ObjectSchema = object({
  ok: truth("false"),
  command: maybe(text("the verb, if it was understood")),
  port: maybe(text("the port, once it was chosen")),
  error: ERROR_SCHEMA,
  flash: maybe(text("what the flash holds, if the verb may have changed it")),
}, "a failure");
