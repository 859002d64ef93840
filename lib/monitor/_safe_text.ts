/** Bytes of a UTF-8 character, by the high bits of its first. */
const LEADS: readonly { mask: number; bits: number; length: number }[] = [
  { mask: 0xe0, bits: 0xc0, length: 2 },
  { mask: 0xf0, bits: 0xe0, length: 3 },
  { mask: 0xf8, bits: 0xf0, length: 4 },
];
const MAX_CHARACTER = 4;
/** A control sequence (ECMA-48 CSI): colours, and moves of the cursor. */
const CSI = String.raw`\x1b\[[0-?]*[ -/]*[@-~]`;
const CSI_PATTERN = new RegExp(CSI, "g");
/** What a terminal may be shown as it is: control sequences, and backspace, tab and carriage return. */
const UNSAFE = new RegExp(
  `(${CSI})|[\\0-\\x07\\x0a-\\x0c\\x0e-\\x1f\\x7f-\\x9f]`,
  "g",
);
/** A control sequence whose end has not come, a real one being short; or carriage returns, which may be half a line end. */
// deno-lint-ignore no-control-regex -- the escape character is what it is about
const OPEN_END = /\x1b(\[[0-?]{0,32}[ -/]{0,4})?$|\r+$/;

/** How many bytes at the end are of a character, control sequence or line end that may not have come whole. */
export function openTail(bytes: Uint8Array): number {
  for (let count = 1; count <= Math.min(MAX_CHARACTER, bytes.length); count++) {
    const byte = bytes[bytes.length - count] ?? 0;
    if (byte >> 6 === 2) continue;
    if (characterLength(byte) > count) return count;
    break;
  }
  const tail = new TextDecoder("latin1").decode(bytes.subarray(-40));
  return OPEN_END.exec(tail)?.[0].length ?? 0;
}

/**
 * Bytes as text that is safe to show: what is no UTF-8, and control characters
 * that could do anything but move the cursor or set colours, as `\x9b`.
 */
export function safeText(bytes: Uint8Array): string {
  return decode(bytes).replaceAll(
    UNSAFE,
    (found, sequence?: string) => sequence ?? escape(found.charCodeAt(0)),
  );
}

/** Text without its control sequences. */
export function stripColors(text: string): string {
  return text.replaceAll(CSI_PATTERN, "");
}

function decode(bytes: Uint8Array): string {
  const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  try {
    return strict.decode(bytes);
  } catch {
    let text = "";
    for (let at = 0; at < bytes.length;) {
      const length = characterLength(bytes[at] ?? 0);
      const character = tryDecode(strict, bytes.subarray(at, at + length));
      text += character ?? escape(bytes[at] ?? 0);
      at += character === undefined ? 1 : length;
    }
    return text;
  }
}

function tryDecode(
  decoder: TextDecoder,
  bytes: Uint8Array,
): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

function characterLength(lead: number): number {
  return LEADS.find(({ mask, bits }) => (lead & mask) === bits)?.length ?? 1;
}

function escape(code: number): string {
  return `\\x${code.toString(16).padStart(2, "0")}`;
}
