/**
 * The list of verbs. A verb is loaded when it is called for: most need no
 * more than a tenth of the others.
 *
 * @module
 */

import type { Command } from "./command.ts";

/** A verb that is loaded when it is called for. */
export interface Verb {
  /** What is typed. */
  readonly name: string;
  /** Loads it. */
  load(): Promise<Command>;
}

/** Every verb, in the order of the help text. */
export const VERBS: readonly Verb[] = Object.freeze([
  verb(
    "write-flash",
    async () => (await import("./commands/write_flash.ts")).writeFlash,
  ),
  verb(
    "read-flash",
    async () => (await import("./commands/read_flash.ts")).readFlash,
  ),
  verb(
    "verify-flash",
    async () => (await import("./commands/verify_flash.ts")).verifyFlash,
  ),
  verb(
    "erase-flash",
    async () => (await import("./commands/erase_flash.ts")).eraseFlash,
  ),
  verb(
    "erase-region",
    async () => (await import("./commands/erase_region.ts")).eraseRegion,
  ),
  verb(
    "flash-id",
    async () => (await import("./commands/flash_id.ts")).flashId,
  ),
  verb(
    "read-flash-status",
    async () =>
      (await import("./commands/read_flash_status.ts")).readFlashStatus,
  ),
  verb(
    "write-flash-status",
    async () =>
      (await import("./commands/write_flash_status.ts")).writeFlashStatus,
  ),
  verb(
    "read-flash-sfdp",
    async () => (await import("./commands/read_flash_sfdp.ts")).readFlashSfdp,
  ),
  verb(
    "read-mac",
    async () => (await import("./commands/read_mac.ts")).readMac,
  ),
  verb("chip-id", async () => (await import("./commands/chip_id.ts")).chipId),
  verb(
    "read-mem",
    async () => (await import("./commands/read_mem.ts")).readMem,
  ),
  verb(
    "write-mem",
    async () => (await import("./commands/write_mem.ts")).writeMem,
  ),
  verb(
    "dump-mem",
    async () => (await import("./commands/dump_mem.ts")).dumpMem,
  ),
  verb(
    "load-ram",
    async () => (await import("./commands/load_ram.ts")).loadRam,
  ),
  verb("run", async () => (await import("./commands/run.ts")).run),
  verb(
    "get-security-info",
    async () =>
      (await import("./commands/get_security_info.ts")).getSecurityInfo,
  ),
  verb(
    "partition-table",
    async () => (await import("./commands/partition_table.ts")).partitionTable,
  ),
  verb("ota", async () => (await import("./commands/ota.ts")).ota),
  verb(
    "app-info",
    async () => (await import("./commands/app_info.ts")).appInfo,
  ),
  verb(
    "image-info",
    async () => (await import("./commands/image_info.ts")).imageInfo,
  ),
  verb(
    "merge-bin",
    async () => (await import("./commands/merge_bin.ts")).mergeBin,
  ),
  verb("split", async () => (await import("./commands/split.ts")).split),
  verb(
    "elf2image",
    async () => (await import("./commands/elf2image.ts")).elf2image,
  ),
  verb(
    "make-image",
    async () => (await import("./commands/make_image.ts")).makeImage,
  ),
  verb("nvs", async () => (await import("./commands/nvs.ts")).nvs),
  verb("reset", async () => (await import("./commands/reset.ts")).reset),
  verb(
    "hold-in-reset",
    async () =>
      (await import("./commands/hold_in_reset.ts")).holdInResetCommand,
  ),
  verb(
    "serve-port",
    async () => (await import("./commands/serve_port.ts")).servePortCommand,
  ),
  verb("monitor", async () => (await import("./commands/monitor.ts")).monitor),
  verb(
    "list-ports",
    async () => (await import("./commands/list_ports.ts")).listPorts,
  ),
  verb("version", async () => (await import("./commands/version.ts")).version),
  verb(
    "completions",
    async () => (await import("./commands/completions.ts")).completions,
  ),
  verb("help", async () => (await import("./commands/help.ts")).help),
]);

/** Loads every verb, for what tells of all of them. */
export async function loadCommands(verbs = VERBS): Promise<Command[]> {
  return await Promise.all(verbs.map(({ load }) => load()));
}

function verb(name: string, load: Verb["load"]): Verb {
  return { name, load };
}
