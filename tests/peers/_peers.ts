/**
 * Finds the programs of others that peer tests talk to, and decides what
 * becomes of a test whose peer is missing: reported as skipped, or, with
 * `ESPLINE_PEERS=required`, failed.
 */

import { join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * A program that peer tests know. `python` means one that can import pyserial,
 * `esptool_python` one that can import esptool and can fork, `nvs_python` one that
 * can import ESP-IDF's NVS partition generator, `idf_python` one that can import
 * Espressif's `esp-idf-defs`.
 */
export type PeerName =
  | "esptool"
  | "python"
  | "esptool_python"
  | "nvs_python"
  | "idf_python"
  | "esp_rfc2217_server"
  | "ser2net"
  | "pg_ctl"
  | "xtensa-lx106-elf-gcc"
  | "riscv64-unknown-elf-gcc"
  | "tmux"
  | "xtensa-lx106-elf-addr2line"
  | "riscv64-unknown-elf-addr2line"
  | "bash"
  | "zsh"
  | "fish"
  | "chromium";

const PYTHON = ["python", "python3", "python.exe"];
const FILE_NAMES: Readonly<Record<PeerName, readonly string[]>> = {
  esptool: ["esptool", "esptool.exe"],
  python: PYTHON,
  esptool_python: PYTHON,
  nvs_python: PYTHON,
  idf_python: PYTHON,
  esp_rfc2217_server: ["esp_rfc2217_server", "esp_rfc2217_server.exe"],
  ser2net: ["ser2net"],
  pg_ctl: ["pg_ctl"],
  "xtensa-lx106-elf-gcc": ["xtensa-lx106-elf-gcc"],
  "riscv64-unknown-elf-gcc": ["riscv64-unknown-elf-gcc"],
  tmux: ["tmux"],
  "xtensa-lx106-elf-addr2line": ["xtensa-lx106-elf-addr2line"],
  "riscv64-unknown-elf-addr2line": ["riscv64-unknown-elf-addr2line"],
  bash: ["bash"],
  zsh: ["zsh"],
  fish: ["fish"],
  chromium: ["chromium", "chromium-browser", "google-chrome"],
};

/** What a Python must be able to import, and what else it must have. */
const MODULES: Readonly<Partial<Record<PeerName, string>>> = {
  python: "serial",
  esptool_python: "esptool, os; os.fork",
  nvs_python: "esp_idf_nvs_partition_gen",
  idf_python: "esp_idf_defs.partitions",
};

/**
 * Looks a peer up in the directory `ESPLINE_PEER_BIN` (a venv's `bin`), then in
 * the project's `.venv/bin`, then along `PATH`.
 *
 * @returns The path of the program, or `undefined`.
 */
export function findPeer(name: PeerName): string | undefined {
  for (const folder of searchFolders()) {
    for (const file of FILE_NAMES[name]) {
      const path = join(folder, file);
      if (isFile(path) && canImport(path, MODULES[name])) return path;
    }
  }
  return undefined;
}

/**
 * Registers a test that needs other people's programs.
 *
 * @param fn Gets the path of each peer by its name.
 */
export function peerTest<const Name extends PeerName>(
  name: string,
  peers: Name | readonly Name[],
  fn: (paths: Record<Name, string>) => void | Promise<void>,
): void {
  const names: readonly Name[] = typeof peers === "string" ? [peers] : peers;
  const paths = {} as Record<Name, string>;
  const missing: Name[] = [];
  for (const peer of names) {
    const path = findPeer(peer);
    if (path === undefined) missing.push(peer);
    else paths[peer] = path;
  }
  if (missing.length === 0) {
    Deno.test(name, () => fn(paths));
    return;
  }
  missingTest(name, `peer missing: ${missing.join(", ")}`);
}

/** Registers a test that cannot run here: skipped, or failed where peers are required. */
export function missingTest(name: string, why: string): void {
  Deno.test({
    name: `${name} (skipped, ${why})`,
    ignore: Deno.env.get("ESPLINE_PEERS") !== "required",
    fn: () => {
      throw new Error(`Cannot run "${name}": ${why}, and it is required`);
    },
  });
}

function searchFolders(): string[] {
  const windows = Deno.build.os === "windows";
  const own = Deno.env.get("ESPLINE_PEER_BIN");
  const venv = fileURLToPath(
    new URL(`../../.venv/${windows ? "Scripts" : "bin"}`, import.meta.url),
  );
  const path = (Deno.env.get("PATH") ?? "").split(windows ? ";" : ":");
  // Debian keeps daemons such as ser2net where a user's PATH does not look.
  const daemons = windows
    ? []
    : ["/usr/sbin", "/usr/local/sbin", ...postgresFolders()];
  return [own ?? "", venv, ...path, ...daemons].filter((folder) => folder);
}

/** Debian has one folder for each version of PostgreSQL; the newest comes first. */
function postgresFolders(): string[] {
  const top = "/usr/lib/postgresql";
  try {
    return Array.from(Deno.readDirSync(top), ({ name }) => name)
      .sort((a, b) => Number(b) - Number(a))
      .map((version) => join(top, version, "bin"));
  } catch {
    return [];
  }
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

function canImport(python: string, module: string | undefined): boolean {
  if (module === undefined) return true;
  const { success } = new Deno.Command(python, {
    args: ["-c", `import ${module}`],
    stdout: "null",
    stderr: "null",
  }).outputSync();
  return success;
}
