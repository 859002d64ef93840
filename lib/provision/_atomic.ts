/**
 * Files that are there as a whole or not at all.
 *
 * @module
 */

import { basename, dirname, join } from "node:path";

/**
 * Replaces a file in one step: whoever reads it, even after a power cut, finds
 * the old content or the new one. A symbolic link keeps pointing at its file.
 */
export async function writeAtomically(
  path: string,
  content: string | Uint8Array,
): Promise<void> {
  const target = await Deno.realPath(path).catch((error: unknown) => {
    if (error instanceof Deno.errors.NotFound) return path;
    throw error;
  });
  const folder = dirname(target);
  const temporary = join(
    folder,
    `.${basename(target)}.${crypto.randomUUID()}.tmp`,
  );
  try {
    {
      using file = await Deno.open(temporary, { write: true, createNew: true });
      const bytes = typeof content === "string"
        ? new TextEncoder().encode(content)
        : content;
      await writeAll(file, bytes);
      await file.sync();
    }
    await Deno.rename(temporary, target);
  } catch (error) {
    // The error that brought us here matters more than a file that stays behind.
    await Deno.remove(temporary).catch(() => {});
    throw error;
  }
  await syncFolder(folder);
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    done += await file.write(bytes.subarray(done));
  }
}

/** Makes the new name outlast a power cut. Windows cannot open folders, and needs it not. */
async function syncFolder(folder: string): Promise<void> {
  if (Deno.build.os === "windows") return;
  using handle = await Deno.open(folder);
  await handle.sync();
}
