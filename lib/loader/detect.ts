/**
 * Which chip answers.
 *
 * @module
 */

import type { ChipFamily } from "../chips/family.ts";
import {
  BETA_IDS,
  chipByMagic,
  chipBySecurityId,
  CHIPS,
  MAGIC_ADDRESS,
} from "../chips/registry.ts";
import { ChipError, CommandError, TimeoutError } from "../errors.ts";
import { GET_SECURITY_INFO, READ_REG } from "../protocol/commands.ts";
import type { CommandOptions, Link } from "./link.ts";
import {
  decodeSecurityInfo,
  SECURITY_FLAGS,
  type SecurityInfo,
} from "./security.ts";

/** What a ROM answers to a command that it does not know. */
const ROM_REFUSAL = 0x0105;

/** What answers. */
export interface DetectedChip {
  /** The chip's family. */
  readonly chip: ChipFamily;
  /** Whether its ROM says that it is in secure download mode. */
  readonly secureDownload: boolean;
}

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
): Promise<DetectedChip> {
  // An ESP8266 or ESP32 that is expected needs no command that it refuses.
  if (expected !== undefined && !hasSecurityInfo(expected)) {
    const magic = await readMagic(link, options);
    if (chipByMagic(magic) === expected) {
      return { chip: expected, secureDownload: false };
    }
  }
  const found = await findChip(link, options);
  if (expected !== undefined && found.chip !== expected) {
    throw new ChipError(
      `Cannot go on: the chip on ${link.port} is an ${found.chip.name}, not an ${expected.name}`,
      { code: "chip-mismatch", hint: "Choose the right chip, or none." },
    );
  }
  return found;
}

async function findChip(
  link: Link,
  options: CommandOptions,
): Promise<DetectedChip> {
  const info = await readSecurityInfo(link, options);
  const flags = info?.flags ?? 0;
  const secureDownload = (flags & SECURITY_FLAGS.secureDownload) !== 0;
  const id = info?.chipId;
  if (id !== undefined) {
    const chip = chipBySecurityId(id) ?? unknownId(link, id);
    return { chip, secureDownload };
  }
  // In secure download mode no word can be read; but one chip alone tells its
  // state and not its id.
  const silent = CHIPS.find((chip) =>
    chip.detect.kind === "magic" && hasSecurityInfo(chip)
  );
  if (secureDownload && silent !== undefined) {
    return { chip: silent, secureDownload };
  }
  const magic = await readMagic(link, options);
  const chip = chipByMagic(magic) ??
    unknown(link, `magic value 0x${magic.toString(16).padStart(8, "0")}`);
  return { chip, secureDownload };
}

function hasSecurityInfo({ rom }: ChipFamily): boolean {
  return rom.opcodes.includes(GET_SECURITY_INFO.opcode);
}

function unknownId(link: Link, id: number): never {
  if (!BETA_IDS.includes(id)) unknown(link, `chip id ${id}`);
  throw new ChipError(
    `Cannot use the chip on ${link.port}: its chip id ${id} is an unsupported beta's`,
    {
      code: "chip-unknown",
      hint: "Take a chip that is sold: betas have another ROM.",
    },
  );
}

/** The state, `undefined` from a chip that does not know the command. */
async function readSecurityInfo(
  link: Link,
  options: CommandOptions,
): Promise<SecurityInfo | undefined> {
  try {
    const answer = await link.command(GET_SECURITY_INFO, undefined, options);
    return decodeSecurityInfo(answer);
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
