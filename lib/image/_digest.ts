/**
 * SHA-256, for work that is done in one go and for work that may wait.
 *
 * Work that needs digests is a generator: it yields bytes, and is handed their
 * digest. So there is one way to build an image, and who can wait for it
 * has the digests made in native code beside it.
 *
 * @module
 */

/** Work that yields bytes and is handed their SHA-256 digest. */
export type Digesting<T> = Generator<Uint8Array, T, Uint8Array>;

/** The SHA-256 digest of bytes. */
export function sha256(bytes: Uint8Array): Uint8Array {
  // Loading it takes as long as building an image: only who needs it does so.
  const { createHash } = globalThis.process.getBuiltinModule("node:crypto");
  return createHash("sha256").update(bytes).digest();
}

/** Does the work in one go. */
export function finish<T>(work: Digesting<T>): T {
  let step = work.next();
  while (!step.done) step = work.next(sha256(step.value));
  return step.value;
}

/** Does the work with digests of Web Cryptography, which is there without being loaded. */
export async function finishAsync<T>(work: Digesting<T>): Promise<T> {
  let step = work.next();
  while (!step.done) {
    const bytes = step.value;
    const digest = await crypto.subtle.digest(
      "SHA-256",
      // Web Cryptography takes no shared memory.
      isUnshared(bytes) ? bytes : bytes.slice(),
    );
    step = work.next(new Uint8Array(digest));
  }
  return step.value;
}

function isUnshared(bytes: Uint8Array): bytes is Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer;
}
