/**
 * Saves a board's whole flash to a file, or writes such a file back.
 * Least permissions: --allow-ffi (serial ports) or --allow-net (ports on other
 * hosts); to save --allow-write=., to restore --allow-read.
 */
import { createHash } from "node:crypto";
import process from "node:process";
import { parseArgs } from "node:util";
import { EspError, open } from "../mod.ts";
import { LineView } from "../lib/provision/mod.ts";
const HELP = `Usage: backup_board.ts --port PORT (--save FILE | --restore FILE)

Both ways are checked by MD5. Restoring writes only what differs. What is
encrypted in flash is of use to the very same board only.

  --port PORT     a path or a URL (rfc2217://, socket://, sim://)
  --save FILE     read all of the flash into a new file
  --restore FILE  write all of the flash from a file of the same size
  --baud BAUD     the speed once the flasher stub runs (921600)
  --json          print the board, the size and the SHA-256 digest as JSON
Exit code: 0 if all went well, 1 if the board failed, 2 if the call is wrong.`;
const [text, flag] = [{ type: "string" }, { type: "boolean" }] as const;

async function main(): Promise<number> {
  const { values: args } = parseArgs({
    options: {
      ...{ port: text, save: text, restore: text, json: flag, help: flag },
      baud: { type: "string", default: "921600" },
    },
  });
  if (args.help) return console.log(HELP), 0;
  const { port, save, restore, baud } = args;
  if (!port || !save === !restore) {
    throw new TypeError("Give a --port, and either --save or --restore");
  }
  const image = restore ? await Deno.readFile(restore) : undefined;
  const { onEvent: onProgress } = new LineView([port], process.stderr);
  await using board = await open(port, { baud: Number(baud), onProgress });
  const { size = 0 } = await board.flashId();
  if (image && image.length !== size) {
    throw new TypeError(`${restore} is no backup of ${size} bytes of flash`);
  }
  if (image) await board.writeFlash({ 0: image }, { skipFlashed: true });
  const data = image ?? await board.readFlash(0, "all");
  // An older backup may be the only one, and is not overwritten.
  if (save) await Deno.writeFile(save, data, { createNew: true });
  const sha256 = createHash("sha256").update(data).digest("hex");
  const done = { port, mac: await board.readMac(), size: data.length, sha256 };
  console.log(
    args.json ? JSON.stringify(done) : Object.values(done).join("  "),
  );
  return 0;
}

const failed = (
  error: unknown,
) => (console.error(String(error)), error instanceof EspError ? 1 : 2);
Deno.exit(await main().catch(failed));
