/**
 * One section of an INI file, as Python's configparser reads it.
 *
 * @module
 */

/** What a section says: values by key, in lower case. */
export type Section = ReadonlyMap<string, string>;

/**
 * Reads a section: `key = value` or `key: value`; lines that begin with `#` or
 * `;` are comments, and indented lines go on with the value before. What other
 * sections hold is not looked at.
 *
 * @returns The section, or `undefined` if there is none of that name.
 * @throws {SyntaxError} If a line of the section is none of these, or a key comes twice.
 */
export function parseSection(text: string, name: string): Section | undefined {
  let section: Map<string, string> | undefined;
  let inside = false;
  let key: string | undefined;
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    const [, header] = /^\[([^\]]+)\]/.exec(line) ?? [];
    if (header !== undefined) {
      inside = header === name;
      if (inside) section ??= new Map();
      key = undefined;
    }
    const content = line.trim();
    if (header !== undefined || !inside || section === undefined) continue;
    if (content === "" || /^[#;]/.test(content)) continue;
    if (/^\s/.test(line) && key !== undefined) {
      section.set(key, `${section.get(key)}\n${content}`.trim());
      continue;
    }
    const [, found, value = ""] = /^([^=:]+?)\s*[=:]\s*(.*)$/.exec(content) ??
      [];
    key = found?.toLowerCase();
    if (key === undefined) {
      throw new SyntaxError(`line ${i + 1} is not "key = value": ${content}`);
    }
    if (section.has(key)) {
      throw new SyntaxError(`line ${i + 1} says "${key}" again`);
    }
    section.set(key, value);
  }
  return section;
}
