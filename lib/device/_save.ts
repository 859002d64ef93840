/**
 * Saving a file so that nobody ever sees half of it.
 *
 * @module
 */

/**
 * Writes `bytes` beside `file` and then moves them there in one step.
 *
 * @param file Where to; nowhere if left out.
 * @returns `bytes`.
 */
export async function saveFile(
  file: string | URL | undefined,
  bytes: Uint8Array,
): Promise<Uint8Array> {
  if (file === undefined) return bytes;
  const path = file instanceof URL ? file.href : file;
  const part = `${path}.${crypto.randomUUID().slice(0, 8)}.part`;
  const partFile = file instanceof URL ? new URL(part) : part;
  try {
    await Deno.writeFile(partFile, bytes, { createNew: true });
    await Deno.rename(partFile, file);
  } catch (error) {
    await Deno.remove(partFile).catch(() => {});
    throw error;
  }
  return bytes;
}
