/**
 * Who a chip is: its name, revision, features, crystal, MAC address and id,
 * read by its record's description of eFuse or OTP words.
 *
 * @module
 */

import { formatMac } from "../bytes.ts";
import type {
  BitField,
  ChipFamily,
  EfuseField,
  EfuseLayout,
  TextRule,
} from "../chips/family.ts";
import type { OperationOptions } from "../progress.ts";
import { operate } from "./_operation.ts";
import { crystalMhz, type ReadWord } from "./crystal.ts";
import type { Loader } from "./loader.ts";
import { type ChipRevision, macFromOtp, revisionOf } from "./quirks.ts";

/** What is written into a chip about itself. */
export interface ChipIdentity {
  /** The family's name, such as `ESP32-C3`. */
  readonly chip: string;
  /** The chip's full name, with its revision where it has one: `ESP32-D0WDQ6-V3 (revision v3.0)`. */
  readonly description: string;
  /** The wafer's revision; the ESP8266 has none. */
  readonly revision?: ChipRevision;
  /** What it can do, in a fixed order. */
  readonly features: readonly string[];
  /** The crystal's frequency, in megahertz. */
  readonly crystalMhz: number;
  /** The base MAC address, lower case with colons. */
  readonly mac: string;
  /** The two bytes that make an EUI-64 of the MAC address, on chips with IEEE 802.15.4: `ff:fe`. */
  readonly macExtension?: string;
  /** The address of eight bytes: the MAC address with its extension in the middle. */
  readonly eui64?: string;
  /** The ESP8266's own id; for the others, which have none, the last three bytes of the MAC address as a number. */
  readonly chipId: number;
}

/** Reads a field of the chip's record by its name. */
export type ReadField = (name: string) => Promise<number>;

/** An address's first three bytes, as they are written: `aa:bb:cc`. */
const VENDOR_LENGTH = 8;

/** Reads everything that a chip says about itself. */
export async function readIdentity(
  loader: Loader,
  options: OperationOptions = {},
): Promise<ChipIdentity> {
  const what = "read the chip's identity";
  return await withWords(loader, what, options, async (readWord) => {
    const { chip } = loader;
    const raw: ReadField = (name) => readField(chip, name, readWord);
    const revision = await revisionWith(chip, readWord);
    const field: ReadField = (name) => corrected(name, revision) ?? raw(name);
    const name = await textFor(chip, chip.efuse.description, field) ??
      chip.name;
    const version = revision === undefined
      ? ""
      : ` (revision v${revision.major}.${revision.minor})`;
    return {
      chip: chip.name,
      description: `${name}${version}`,
      ...(revision !== undefined && { revision }),
      features: await featuresOf(chip, field),
      crystalMhz: await crystalMhz(loader, readWord, options),
      ...await addressesOf(chip, readWord),
      chipId: await chipIdOf(chip, readWord),
    };
  });
}

async function revisionWith(
  chip: ChipFamily,
  readWord: ReadWord,
): Promise<ChipRevision | undefined> {
  if (chip.efuse.fields["majorRevision"] === undefined) return undefined;
  return await revisionOf(chip, (name) => readField(chip, name, readWord));
}

/** The revision as a quirk may have put it right, for the rules that ask for it. */
function corrected(
  name: string,
  revision: ChipRevision | undefined,
): Promise<number> | undefined {
  if (revision === undefined) return undefined;
  if (name === "majorRevision") return Promise.resolve(revision.major);
  if (name === "minorRevision") return Promise.resolve(revision.minor);
  return undefined;
}

/** Reads the wafer's revision; v0.0 of a chip that has none. */
export async function readRevision(
  loader: Loader,
  options: OperationOptions = {},
): Promise<ChipRevision> {
  return await withWords(
    loader,
    "read the chip's revision",
    options,
    async (readWord) =>
      await revisionWith(loader.chip, readWord) ?? { major: 0, minor: 0 },
  );
}

/** Reads the base MAC address: lower case with colons. */
export async function readMac(
  loader: Loader,
  options: OperationOptions = {},
): Promise<string> {
  return await withWords(
    loader,
    "read the MAC address",
    options,
    (readWord) => macOf(loader.chip, readWord),
  );
}

/** Reads the chip id, as {@linkcode ChipIdentity.chipId} has it. */
export async function readChipId(
  loader: Loader,
  options: OperationOptions = {},
): Promise<number> {
  return await withWords(
    loader,
    "read the chip id",
    options,
    (readWord) => chipIdOf(loader.chip, readWord),
  );
}

/** Lets `work` read fields and words, each word once. */
export async function withFields<T>(
  loader: Loader,
  what: string,
  options: OperationOptions,
  work: (read: ReadField, readWord: ReadWord) => Promise<T>,
): Promise<T> {
  return await withWords(
    loader,
    what,
    options,
    (readWord) =>
      work((name) => readField(loader.chip, name, readWord), readWord),
  );
}

async function withWords<T>(
  loader: Loader,
  what: string,
  options: OperationOptions,
  work: (readWord: ReadWord) => Promise<T>,
): Promise<T> {
  return await operate(loader.link.clock, what, options, (signal) => {
    const words = new Map<number, number>();
    return work(async (address) => {
      const known = words.get(address);
      if (known !== undefined) return known;
      const word = await loader.readReg(address, { signal });
      words.set(address, word);
      return word;
    });
  });
}

async function readField(
  { name: chip, efuse }: ChipFamily,
  name: string,
  readWord: ReadWord,
): Promise<number> {
  const field = efuse.fields[name];
  if (field === undefined) {
    throw new TypeError(`Cannot read field: the ${chip} has no "${name}"`);
  }
  return await readBitsOf(efuse, field, readWord);
}

async function readBitsOf(
  { blocks }: EfuseLayout,
  { bits, map }: EfuseField,
  readWord: ReadWord,
): Promise<number> {
  let value = 0;
  let shift = 0;
  for (const part of bits) {
    value += await readBits(blocks, part, readWord) * 2 ** shift;
    shift += part.width;
  }
  return map?.[value] ?? value;
}

async function readBits(
  blocks: ChipFamily["efuse"]["blocks"],
  { block, word, shift, width }: BitField,
  readWord: ReadWord,
): Promise<number> {
  const start = blocks[block]?.address;
  if (start === undefined) {
    throw new TypeError(`Cannot read field: there is no block "${block}"`);
  }
  return (await readWord(start + 4 * word) >>> shift) % 2 ** width;
}

async function featuresOf(
  chip: ChipFamily,
  field: ReadField,
): Promise<string[]> {
  const features: string[] = [];
  for (const rules of chip.efuse.features) {
    const feature = await textFor(chip, rules, field);
    if (feature !== undefined) features.push(feature);
  }
  return features;
}

/** The text of the first rule that holds. Reads only the fields that it needs. */
async function textFor(
  { efuse }: ChipFamily,
  rules: readonly TextRule[],
  field: ReadField,
): Promise<string | undefined> {
  for (const rule of rules) {
    if (!await holds(rule, field)) continue;
    let text = rule.text;
    for (const [slot, name = ""] of rule.text.matchAll(/\{(\w+)\}/g)) {
      const value = await field(name);
      const labels = efuse.labels?.[name];
      text = text.replace(slot, labels?.[value] ?? labels?.other ?? `${value}`);
    }
    return text;
  }
  return undefined;
}

async function holds(
  { when = {} }: TextRule,
  field: ReadField,
): Promise<boolean> {
  for (const [name, wanted] of Object.entries(when)) {
    const value = await field(name);
    const { min = -Infinity, max = Infinity } = typeof wanted === "number"
      ? { min: wanted, max: wanted }
      : wanted;
    if (value < min || value > max) return false;
  }
  return true;
}

async function addressesOf(
  chip: ChipFamily,
  readWord: ReadWord,
): Promise<Pick<ChipIdentity, "mac" | "macExtension" | "eui64">> {
  const mac = await macOf(chip, readWord);
  const { macExtension: bits, blocks } = chip.efuse;
  if (bits === undefined) return { mac };
  const macExtension = await readBytes(blocks, bits, readWord);
  const vendor = mac.slice(0, VENDOR_LENGTH);
  const eui64 = `${vendor}:${macExtension}${mac.slice(VENDOR_LENGTH)}`;
  return { mac, macExtension, eui64 };
}

async function macOf(chip: ChipFamily, readWord: ReadWord): Promise<string> {
  const { mac, blocks } = chip.efuse;
  if (mac === undefined) return macFromOtp(await otpWords(chip, readWord));
  return await readBytes(blocks, mac, readWord);
}

/** Bytes as an address is written: lower case with colons. */
async function readBytes(
  blocks: EfuseLayout["blocks"],
  fields: readonly BitField[],
  readWord: ReadWord,
): Promise<string> {
  const bytes = new Uint8Array(fields.length);
  for (const [index, bits] of fields.entries()) {
    bytes[index] = await readBits(blocks, bits, readWord);
  }
  return formatMac(bytes);
}

async function chipIdOf(
  chip: ChipFamily,
  readWord: ReadWord,
): Promise<number> {
  const { chipId } = chip.efuse;
  if (chipId !== undefined) {
    return await readBitsOf(chip.efuse, chipId, readWord);
  }
  const mac = await macOf(chip, readWord);
  return parseInt(mac.replaceAll(":", "").slice(-6), 16);
}

async function otpWords(
  { efuse }: ChipFamily,
  readWord: ReadWord,
): Promise<number[]> {
  const words: number[] = [];
  const otp = efuse.blocks["otp"];
  for (let word = 0; otp !== undefined && word < otp.words; word++) {
    words.push(await readWord(otp.address + 4 * word));
  }
  return words;
}
