/**
 * Flash sizes by name.
 *
 * @module
 */

/**
 * Parses a flash size's name to bytes: `512KB`, `4MB`, `2MB-c1`.
 *
 * @throws {SyntaxError} If the text is no flash size.
 */
export function parseFlashSize(name: string): number {
  const [, digits, unit] = /^(\d+)(KB|MB)(?:-c1)?$/i.exec(name) ?? [];
  if (digits === undefined || unit === undefined) {
    throw new SyntaxError(
      `Cannot parse flash size: "${name}" is not like 512KB or 4MB`,
    );
  }
  return Number(digits) * (unit.toUpperCase() === "KB" ? 0x400 : 0x10_0000);
}
