/**
 * What talks to boards.
 *
 * @module
 */

/** Loads the library that talks to boards: a verb that works on files does without. */
export async function deviceLibrary(): Promise<typeof import("../../mod.ts")> {
  return await import("../../mod.ts");
}
