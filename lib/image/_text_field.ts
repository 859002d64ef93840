/**
 * Text in a field of fixed size.
 *
 * @module
 */

const decoder = new TextDecoder();

/** Reads UTF-8 up to the first NUL or the field's end; what is none becomes U+FFFD. */
export function textField(
  bytes: Uint8Array,
  offset: number,
  size: number,
): string {
  const field = bytes.subarray(offset, offset + size);
  const end = field.indexOf(0);
  return decoder.decode(end < 0 ? field : field.subarray(0, end));
}
