/**
 * Which chip answers.
 *
 * @module
 */

import type { ChipFamily } from "../chips/family.ts";
import {
  chipByMagic,
  chipBySecurityId,
  MAGIC_ADDRESS,
} from "../chips/registry.ts";
import { ChipError, CommandError, TimeoutError } from "../errors.ts";
import { GET_SECURITY_INFO, READ_REG } from "../protocol/commands.ts";
import type { CommandOptions, Link } from "./link.ts";
import { decodeSecurityInfo } from "./security.ts";

/** What a ROM answers to a command that it does not know. */
const ROM_REFUSAL = 0x0105;

/**
 * Finds out which chip answers: by the chip id in GET_SECURITY_INFO's answer,
 * or else by the word that differs from ROM to ROM.
 *
 * @param expected The chip that it must be; any, if not given.
 * @throws {ChipError} `chip-unknown`, or `chip-mismatch` if it is not the expected one.
 */
export async function detectChip(
  link: Link,
  expected: ChipFamily | undefined,
  options: CommandOptions = {},
): Promise<ChipFamily> {
  // An ESP8266 or ESP32 that is expected needs no command that it refuses.
  if (expected?.detect.kind === "magic") {
    const magic = await readMagic(link, options);
    if (expected.detect.values.includes(magic)) return expected;
  }
  const found = await findChip(link, options);
  if (expected !== undefined && found !== expected) {
    throw new ChipError(
      `Cannot go on: the chip on ${link.port} is an ${found.name}, not an ${expected.name}`,
      { code: "chip-mismatch", hint: "Choose the right chip, or none." },
    );
  }
  return found;
}

async function findChip(
  link: Link,
  options: CommandOptions,
): Promise<ChipFamily> {
  const id = await readChipIdNumber(link, options);
  if (id !== undefined) {
    return chipBySecurityId(id) ?? unknown(link, `chip id ${id}`);
  }
  const magic = await readMagic(link, options);
  return chipByMagic(magic) ??
    unknown(link, `magic value 0x${magic.toString(16).padStart(8, "0")}`);
}

/** The id, `undefined` from a chip that does not know the command or whose answer has none. */
async function readChipIdNumber(
  link: Link,
  options: CommandOptions,
): Promise<number | undefined> {
  try {
    const answer = await link.command(GET_SECURITY_INFO, undefined, options);
    return decodeSecurityInfo(answer).chipId;
  } catch (error) {
    const refused = error instanceof CommandError ||
      error instanceof TimeoutError && !options.signal?.aborted;
    if (refused) return undefined;
    throw error;
  }
}

/**
 * Tells a stub from the ROM where no SYNC has. A stub ends its replies with
 * two status bytes; so does the ESP8266's ROM, but that refuses what it does
 * not know in another way.
 */
export async function isStubAnswering(
  link: Link,
  chip: ChipFamily,
  options: CommandOptions = {},
): Promise<boolean> {
  if (chip.rom.statusBytes > 2) return link.statusBytes === 2;
  try {
    await link.command(GET_SECURITY_INFO, undefined, options);
    return true;
  } catch (error) {
    if (error instanceof CommandError) return error.status !== ROM_REFUSAL;
    if (error instanceof TimeoutError && !options.signal?.aborted) return false;
    throw error;
  }
}

function readMagic(link: Link, options: CommandOptions): Promise<number> {
  return link.command(READ_REG, { address: MAGIC_ADDRESS }, options);
}

function unknown(link: Link, what: string): never {
  throw new ChipError(
    `Cannot identify the chip on ${link.port}: no known chip has ${what}`,
    { code: "chip-unknown" },
  );
}
