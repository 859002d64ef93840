/**
 * The list of verbs.
 *
 * @module
 */

import type { Command } from "./command.ts";
import { appInfo } from "./commands/app_info.ts";
import { chipId } from "./commands/chip_id.ts";
import { completions } from "./commands/completions.ts";
import { dumpMem } from "./commands/dump_mem.ts";
import { elf2image } from "./commands/elf2image.ts";
import { eraseFlash } from "./commands/erase_flash.ts";
import { eraseRegion } from "./commands/erase_region.ts";
import { flashId } from "./commands/flash_id.ts";
import { help } from "./commands/help.ts";
import { holdInResetCommand } from "./commands/hold_in_reset.ts";
import { imageInfo } from "./commands/image_info.ts";
import { listPorts } from "./commands/list_ports.ts";
import { makeImage } from "./commands/make_image.ts";
import { mergeBin } from "./commands/merge_bin.ts";
import { nvs } from "./commands/nvs.ts";
import { ota } from "./commands/ota.ts";
import { partitionTable } from "./commands/partition_table.ts";
import { monitor } from "./commands/monitor.ts";
import { readFlash } from "./commands/read_flash.ts";
import { readMac } from "./commands/read_mac.ts";
import { readMem } from "./commands/read_mem.ts";
import { reset } from "./commands/reset.ts";
import { servePortCommand } from "./commands/serve_port.ts";
import { split } from "./commands/split.ts";
import { verifyFlash } from "./commands/verify_flash.ts";
import { version } from "./commands/version.ts";
import { writeFlash } from "./commands/write_flash.ts";
import { writeMem } from "./commands/write_mem.ts";

/** Every verb, in the order of the help text. */
export const COMMANDS: readonly Command[] = Object.freeze([
  writeFlash,
  readFlash,
  verifyFlash,
  eraseFlash,
  eraseRegion,
  flashId,
  readMac,
  chipId,
  readMem,
  writeMem,
  dumpMem,
  partitionTable,
  ota,
  appInfo,
  imageInfo,
  mergeBin,
  split,
  elf2image,
  makeImage,
  nvs,
  reset,
  holdInResetCommand,
  servePortCommand,
  monitor,
  listPorts,
  version,
  completions,
  help,
]);
