/** What is answered to which request. */

import { z } from "npm:zod@4.6.7";
import type { Station } from "../station.ts";
import type { SlotPhase } from "../station_state.ts";
import {
  type Access,
  checkToken,
  equalTexts,
  isRebound,
  isSameOrigin,
  tokenCookie,
} from "./_access.ts";
import { type Asset, ASSETS, OPEN_ASSETS, SIGN_IN } from "./_assets.ts";
import type { Snapshots } from "./_snapshots.ts";

/** Everything comes from here, nothing is run that stands in the page, nobody frames it. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");
const HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy": POLICY,
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
  // A proxy that compresses would keep events back.
  "cache-control": "no-store, no-transform",
};
const PLAIN = "text/plain; charset=utf-8";
/** More than any command has. */
const MOST_BYTES = 4096;
/** Longer than any command takes to arrive, in milliseconds. */
const MOST_TIME = 5_000;

const Token = z.strictObject({ token: z.string() });
const Some = z.strictObject({ slot: z.string().optional() });
const Scan = z.strictObject({ slot: z.string(), code: z.string().min(1) });

/** What a handler works with. */
export interface HandlerContext {
  /** The station that is shown. */
  readonly station: Station;
  /** Its states. */
  readonly snapshots: Snapshots;
  /** Who may see and use it. */
  readonly access: Access;
  /** Aborts when nobody is answered any more. */
  readonly signal: AbortSignal;
}

/** A request that is refused, and why. */
class Refusal extends Error {
  override readonly name = "Refusal";
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Answers a request. */
export async function handleRequest(
  request: Request,
  context: HandlerContext,
): Promise<Response> {
  try {
    return await answer(request, context);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return respond(error.message, { status: error.status });
  }
}

async function answer(
  request: Request,
  context: HandlerContext,
): Promise<Response> {
  const { access, snapshots, signal } = context;
  // A Host header may hold anything.
  const pathname = URL.parse(request.url)?.pathname;
  if (pathname === undefined) throw new Refusal(400, "The host is no host.");
  if (isRebound(request, access)) {
    throw new Refusal(
      403,
      "This page answers only to localhost and this machine's loopback address.",
    );
  }
  const open = OPEN_ASSETS.get(pathname);
  if (open !== undefined) return serveAsset(request, open);
  if (pathname === "/session") return await signIn(request, context);
  const token = checkToken(request, access);
  if (token !== "right") return refuseToken(pathname, token);
  const asset = ASSETS.get(pathname);
  if (asset !== undefined) return serveAsset(request, asset);
  if (pathname === "/events") {
    allow(request, "GET");
    return respond(snapshots.stream(), { type: "text/event-stream" });
  }
  const command = COMMANDS.get(pathname);
  if (command === undefined) throw new Refusal(404, "There is no such page.");
  command(context.station, await readBody(request, signal));
  return respond(null, { status: 202 });
}

function serveAsset(request: Request, { text, type }: Asset): Response {
  allow(request, "GET");
  return respond(text, { type });
}

function refuseToken(pathname: string, token: "wrong" | "missing"): Response {
  const isWrong = token === "wrong";
  const headers = { "www-authenticate": "Bearer" };
  if (pathname !== "/") {
    const text = isWrong ? "The token is wrong." : "The token is missing.";
    return respond(text, { status: 401, headers });
  }
  // The page says it in words; the script has only to ask again.
  const text = SIGN_IN.text.replace(
    /\s*<!-- reason -->\s*/,
    isWrong ? "The token is wrong, or was changed." : "",
  );
  return respond(text, { status: 401, type: SIGN_IN.type, headers });
}

/** Leaves the token with the browser, where no script can read it. */
async function signIn(
  request: Request,
  { access, signal }: HandlerContext,
): Promise<Response> {
  const { token } = parse(Token, await readBody(request, signal));
  if (access.token === undefined || !equalTexts(token, access.token)) {
    throw new Refusal(401, "The token is wrong.");
  }
  return respond(null, {
    status: 204,
    headers: { "set-cookie": tokenCookie(request, access.token) },
  });
}

type Command = (station: Station, body: unknown) => void;

/**
 * Commands do not wait for what they begin: how it goes on is told by events.
 * One slot that cannot do it is told of; of all slots, those that can do it.
 */
const COMMANDS: ReadonlyMap<string, Command> = new Map<string, Command>([
  ["/start", (station, body) => {
    const { slot } = parse(Some, body);
    if (slot !== undefined) {
      const phase = phaseOf(station, slot);
      if (phase === "empty") throw new Refusal(409, `${slot} has no board.`);
      if (phase === "running") throw new Refusal(409, `${slot} runs already.`);
    }
    void station.start(slot);
  }],
  ["/cancel", (station, body) => {
    const { slot } = parse(Some, body);
    if (slot !== undefined && phaseOf(station, slot) !== "running") {
      throw new Refusal(409, `${slot} does not run.`);
    }
    void station.cancel(slot);
  }],
  ["/scan", (station, body) => {
    const { slot, code } = parse(Scan, body);
    phaseOf(station, slot);
    if (station.scan(slot, code.trim())) return;
    throw new Refusal(409, `${slot} does not wait for a code.`);
  }],
]);

function phaseOf({ state }: Station, name: string): SlotPhase {
  const slot = state.slots.find((slot) => slot.name === name);
  if (slot !== undefined) return slot.phase;
  throw new Refusal(404, "There is no such slot.");
}

function parse<T>(schema: z.ZodType<T>, body: unknown): T {
  const { success, data } = schema.safeParse(body);
  if (success) return data;
  throw new Refusal(400, "The request is not what the page would send.");
}

/** The body of a POST that the page itself has sent, or a program that is no browser. */
async function readBody(
  request: Request,
  signal: AbortSignal,
): Promise<unknown> {
  allow(request, "POST");
  if (!isSameOrigin(request)) {
    throw new Refusal(403, "Another site's page has sent this.");
  }
  const type = request.headers.get("content-type")?.split(";")[0]?.trim();
  if (type?.toLowerCase() !== "application/json") {
    throw new Refusal(415, "The request is not JSON.");
  }
  const limit = AbortSignal.any([signal, AbortSignal.timeout(MOST_TIME)]);
  const text = await readText(request, limit);
  try {
    return JSON.parse(text);
  } catch {
    throw new Refusal(400, "The request is not JSON.");
  }
}

async function readText(
  { body }: Request,
  signal: AbortSignal,
): Promise<string> {
  const decoder = new TextDecoderStream("utf-8", { fatal: true });
  let text = "";
  try {
    for await (const part of body?.pipeThrough(decoder, { signal }) ?? []) {
      text += part;
      if (text.length > MOST_BYTES) break;
    }
  } catch {
    throw new Refusal(400, "The request does not arrive as text.");
  }
  if (text.length <= MOST_BYTES) return text;
  throw new Refusal(413, "That is too much.");
}

function allow({ method }: Request, allowed: "GET" | "POST"): void {
  if (method === allowed || allowed === "GET" && method === "HEAD") return;
  throw new Refusal(405, `This takes ${allowed} only.`);
}

interface ResponseOptions {
  readonly status?: number;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

function respond(
  body: BodyInit | null,
  { status = 200, type = PLAIN, headers = {} }: ResponseOptions,
): Response {
  return new Response(body, {
    status,
    headers: {
      ...HEADERS,
      ...(body !== null && { "content-type": type }),
      ...headers,
    },
  });
}
