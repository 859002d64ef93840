/**
 * Who may see and use the page.
 *
 * A page that only this machine can reach needs no token, but every web page
 * that its user visits can send requests to it: those are told by the headers
 * that a browser adds. Pages elsewhere on the network need the token.
 *
 * @module
 */

import { createHash, timingSafeEqual } from "node:crypto";

/** What a token may be made of: it stands in a URL and in a cookie. */
const TOKEN = /^[\w.~-]{16,256}$/;
const TOKEN_BYTES = 16;
/** A tablet that is switched off over night need not be let in again each morning. */
const COOKIE_SECONDS = 30 * 24 * 3600;

/** Who may see and use the page. */
export interface Access {
  /** What everybody has to show. */
  readonly token: string | undefined;
  /** Whether the page is for this machine only. */
  readonly isLocal: boolean;
}

/**
 * Decides on a token.
 *
 * @returns The one given, or a new one if other machines can reach the page.
 * @throws {RangeError} If the one given can be guessed or cannot stand in a URL.
 */
export function chooseToken(
  given: string | undefined,
  isLocal: boolean,
): string | undefined {
  if (given === undefined) return isLocal ? undefined : makeToken();
  if (TOKEN.test(given)) return given;
  throw new RangeError(
    "Cannot serve the dashboard: the token is not 16 to 256 letters, digits and any of -._~",
  );
}

function makeToken(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(TOKEN_BYTES));
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}

/** Whether an address or name is this machine's own, which no other can reach. */
export function isLoopback(hostname: string): boolean {
  const name = hostname.replace(/^\[(.*)\]$/, "$1").toLowerCase();
  return name === "localhost" || name === "::1" ||
    /^127(\.\d{1,3}){3}$/.test(name);
}

/** A name that an attacker points at this machine is not this machine's name. */
export function isRebound(request: Request, { isLocal }: Access): boolean {
  return isLocal && !isLoopback(new URL(request.url).hostname);
}

/** Whether the page itself sends this, or a program that is no browser. */
export function isSameOrigin({ headers, url }: Request): boolean {
  const site = headers.get("sec-fetch-site");
  if (site !== null && site !== "same-origin") return false;
  const origin = headers.get("origin");
  if (origin === null) return true;
  // Not the scheme: TLS may end in front of this server.
  return URL.parse(origin)?.host === new URL(url).host;
}

/** How a request stands with the token. */
export function checkToken(
  request: Request,
  { token }: Access,
): "right" | "wrong" | "missing" {
  if (token === undefined) return "right";
  const header = request.headers.get("authorization") ?? "";
  const shown = /^Bearer (.+)$/i.exec(header)?.[1] ?? readCookie(request);
  if (shown === undefined) return "missing";
  return equalTexts(shown, token) ? "right" : "wrong";
}

/** Compares in a time that tells nothing of where they differ. */
export function equalTexts(a: string, b: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

/** The header that leaves the token with the browser that has sent this. */
export function tokenCookie(request: Request, token: string): string {
  const name = cookieName(request);
  return `${name}=${token}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${COOKIE_SECONDS}`;
}

function readCookie(request: Request): string | undefined {
  const name = cookieName(request);
  for (const pair of request.headers.get("cookie")?.split(";") ?? []) {
    const [key, value] = pair.trim().split("=");
    if (key === name) return value;
  }
  return undefined;
}

/** Browsers keep cookies by host alone, and a host may have several stations. */
function cookieName({ url }: Request): string {
  return `espline-${new URL(url).port || "80"}`;
}
