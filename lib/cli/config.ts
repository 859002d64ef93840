/**
 * `esptool.cfg`: time limits and reset sequences for a place, a machine or a
 * project.
 *
 * @module
 */

import { join } from "node:path";
import {
  DEFAULT_TIMEOUTS,
  parseResetSequence,
  type Timeouts,
} from "../../mod.ts";
import { parseSection, type Section } from "./ini.ts";
import { findVariable, naming } from "./typed_options.ts";
import { UsageError } from "./usage_error.ts";
import { parseDecimal } from "./values.ts";

/** What a configuration says. */
export interface Config {
  /** Where it stands; absent if there is none. */
  readonly path?: string | undefined;
  /** Time limits, in milliseconds. */
  readonly timeouts: Timeouts;
  /** How long the port may take to accept data, in milliseconds. */
  readonly writeTimeout?: number | undefined;
  /** How often to try to connect. */
  readonly connectAttempts?: number | undefined;
  /** How often to try to open the port; zero or less for ever. */
  readonly openAttempts?: number | undefined;
  /** How often one packet is sent before a write fails. */
  readonly writeAttempts?: number | undefined;
  /** How long GPIO0 stays low after the reset, in milliseconds. */
  readonly resetDelay?: number | undefined;
  /** The reset into the loader, such as `D0|R1|W0.1|D1|R0|W0.05|D0`. */
  readonly reset?: string | undefined;
  /** The reset into the application. */
  readonly hardReset?: string | undefined;
  /** Keys that mean nothing. */
  readonly unknown: readonly string[];
}

/** Looks a variable up. */
type Env = (name: string) => string | undefined;

const FILE_NAMES = ["esptool.cfg", "setup.cfg", "tox.ini"];
const SECTION = "esptool";

type Mutable = { -readonly [Key in keyof Config]: Config[Key] };
type Setter = (config: Mutable, text: string) => void;

const TIMEOUTS: Readonly<Record<string, keyof Timeouts>> = {
  timeout: "default",
  sync_timeout: "sync",
  chip_erase_timeout: "chipErase",
  max_timeout: "max",
  mem_end_rom_timeout: "memEndRom",
  md5_timeout_per_mb: "md5PerMb",
  erase_region_timeout_per_mb: "eraseRegionPerMb",
  erase_write_timeout_per_mb: "eraseWritePerMb",
};

const KEYS: Readonly<Record<string, Setter>> = {
  ...Object.fromEntries(
    Object.entries(TIMEOUTS).map(([key, name]): [string, Setter] => [
      key,
      (config, text) =>
        config.timeouts = { ...config.timeouts, [name]: parseSeconds(text) },
    ]),
  ),
  serial_write_timeout: (config, text) =>
    config.writeTimeout = parseSeconds(text),
  connect_attempts: (config, text) =>
    config.connectAttempts = parseDecimal(text),
  open_port_attempts: (config, text) =>
    config.openAttempts = parseDecimal(text),
  write_block_attempts: (config, text) =>
    config.writeAttempts = parsePositive(text),
  reset_delay: (config, text) => config.resetDelay = parseSeconds(text),
  custom_reset_sequence: (config, text) => config.reset = parseSequence(text),
  custom_hard_reset_sequence: (config, text) =>
    config.hardReset = parseSequence(text),
};

/**
 * Finds the configuration as esptool does: in the file that the variable
 * `ESPLINE_CFGFILE` or `ESPTOOL_CFGFILE` names, else in the working folder, the
 * user's configuration folder or the home folder. The variables of
 * `_OPEN_PORT_ATTEMPTS` come before what it says.
 *
 * @throws {UsageError} If a value cannot be read, with the file and the key.
 */
export async function loadConfig(env: Env): Promise<Config> {
  const found = await findConfig(env);
  const config: Mutable = { timeouts: DEFAULT_TIMEOUTS, unknown: [] };
  if (found !== undefined) readConfig(config, found);
  const attempts = findVariable("OPEN_PORT_ATTEMPTS", env);
  if (attempts !== undefined) {
    const { name, text } = attempts;
    config.openAttempts = naming(
      `the variable ${name}`,
      () => parseDecimal(text),
    );
  }
  return config;
}

interface Found {
  readonly path: string;
  readonly section: Section;
}

async function findConfig(env: Env): Promise<Found | undefined> {
  const named = findVariable("CFGFILE", env);
  if (named !== undefined) {
    const { name, text: path } = named;
    const section = await readSection(path);
    if (section !== undefined) return { path, section };
    throw new UsageError(
      `The variable ${name} names "${path}", which has no section [${SECTION}]`,
    );
  }
  for (const folder of configFolders(env)) {
    for (const name of FILE_NAMES) {
      const path = join(folder, name);
      const section = await readSection(path, { mayLack: true });
      if (section !== undefined) return { path, section };
    }
  }
  return undefined;
}

function configFolders(env: Env): string[] {
  const windows = Deno.build.os === "windows";
  const home = env(windows ? "USERPROFILE" : "HOME");
  if (!home) return [Deno.cwd()];
  const own = windows ? ["AppData", "Local"] : [".config"];
  return [Deno.cwd(), join(home, ...own, "esptool"), home];
}

async function readSection(
  path: string,
  { mayLack = false } = {},
): Promise<Section | undefined> {
  if (mayLack && !await isReadable(path)) return undefined;
  try {
    return parseSection(await Deno.readTextFile(path), SECTION);
  } catch (error) {
    const why = error instanceof Error
      ? error.message.replace(/ \(os error \d+\).*$/s, "")
      : String(error);
    throw new UsageError(`Cannot read the configuration "${path}": ${why}`);
  }
}

/** Whether there is a file; who has not been allowed to read it is not asked. */
async function isReadable(path: string): Promise<boolean> {
  const { state } = await Deno.permissions.query({ name: "read", path });
  if (state !== "granted") return false;
  try {
    return (await Deno.stat(path)).isFile;
  } catch {
    return false;
  }
}

function readConfig(config: Mutable, { path, section }: Found): void {
  config.path = path;
  const unknown: string[] = [];
  for (const [key, text] of section) {
    const set = Object.hasOwn(KEYS, key) ? KEYS[key] : undefined;
    if (set === undefined) unknown.push(key);
    else naming(`"${key}" in "${path}"`, () => set(config, text));
  }
  config.unknown = unknown;
}

/** From seconds to milliseconds. */
function parseSeconds(text: string): number {
  const seconds = text === "" ? NaN : Number(text);
  if (seconds > 0 && Number.isFinite(seconds)) return seconds * 1000;
  throw new SyntaxError(`"${text}" is not a number of seconds above 0`);
}

function parsePositive(text: string): number {
  const value = parseDecimal(text);
  if (value > 0) return value;
  throw new SyntaxError(`"${text}" is not above 0`);
}

function parseSequence(text: string): string {
  parseResetSequence(text);
  return text;
}
