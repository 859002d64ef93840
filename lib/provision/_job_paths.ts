import { isAbsolute, join, resolve } from "node:path";

/** Places of paths in a job; `*` is every element or member. */
const PATHS: readonly string[] = [
  "firmware.*.files.*.source",
  "firmware.*.from",
  "firmware.*.partitionTable",
  "identity.source.file",
  "data.patches.*.elf",
];
/** Places of paths that are templates. */
const TEMPLATES: readonly string[] = ["data.files.*.file", "label.file"];

/**
 * Makes the paths of a job independent of where the program runs: they are
 * relative to the job's folder. What does not look like a job stays as it is,
 * and is told of by whoever checks it.
 */
export function absolutePaths(job: unknown, folder: string): unknown {
  const absolute = PATHS.reduce(
    (value, place) =>
      changeAt(value, place.split("."), (path) => resolve(folder, path)),
    job,
  );
  const template = (path: string) =>
    isAbsolute(path) ? path : join(folder.replaceAll(/[{}]/g, "$&$&"), path);
  const templated = TEMPLATES.reduce(
    (value, place) => changeAt(value, place.split("."), template),
    absolute,
  );
  return changeAt(
    templated,
    "data.nvs.*.values.*.*".split("."),
    template,
    (value) =>
      typeof value === "object" && value !== null && "type" in value &&
        value.type === "file"
        ? "value"
        : undefined,
  );
}

/** Changes every text that stands at a place; a `member` of what stands there, if it says so. */
function changeAt(
  value: unknown,
  [part, ...rest]: readonly string[],
  change: (text: string) => string,
  member?: (value: unknown) => string | undefined,
): unknown {
  if (part === undefined) {
    const name = member?.(value);
    if (name !== undefined) return changeAt(value, [name], change);
    return typeof value === "string" && member === undefined
      ? change(value)
      : value;
  }
  const deeper = (item: unknown) => changeAt(item, rest, change, member);
  if (Array.isArray(value)) {
    return part === "*" ? value.map(deeper) : value;
  }
  if (!isPlainObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map((
      [key, item],
    ) => [key, part === "*" || part === key ? deeper(item) : item]),
  );
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null &&
    [Object.prototype, null].includes(Object.getPrototypeOf(value));
}
