import { createHmac, timingSafeEqual } from "node:crypto";

/**
 * How a server asks a client for a token: by the text of a SIGNATURE
 * (RFC 2217), which clients that do not know it leave alone. The token itself
 * is not sent: the answer is its HMAC-SHA-256 of the server's random text.
 */
const CHALLENGE = "espline asks for a token: ";
const ANSWER = "espline answers: ";
const NONCE_SIZE = 16;

/** Makes the text that a server asks with. */
export function makeChallenge(): string {
  return CHALLENGE +
    crypto.getRandomValues(new Uint8Array(NONCE_SIZE)).toHex();
}

/** Whether a server's signature asks for a token. */
export function isChallenge(text: string): boolean {
  return text.startsWith(CHALLENGE);
}

/** What a client that has the token says to a challenge. */
export function answerChallenge(challenge: string, token: string): string {
  return ANSWER + createHmac("sha256", token).update(challenge).digest("hex");
}

/** Whether a client's signature is the answer of one that has the token; takes as long either way. */
export function isAnswer(
  text: string,
  challenge: string,
  token: string,
): boolean {
  const expected = new TextEncoder().encode(answerChallenge(challenge, token));
  const actual = new TextEncoder().encode(text);
  return actual.length === expected.length &&
    timingSafeEqual(actual, expected);
}
