/** Servers that are told of boards, or asked for their values. */

import { renderTemplate } from "./_template.ts";

/** A request with JSON. */
export interface JsonRequest {
  readonly url: string;
  /** Headers; `{env.NAME}` stands for an environment variable. */
  readonly headers: Readonly<Record<string, string>>;
  /** Looks up an environment variable. */
  readonly env: (name: string) => string | undefined;
  readonly body: string;
  readonly signal: AbortSignal;
}

/**
 * POSTs JSON. Redirections are not followed: the request would become a GET, or
 * take what it holds elsewhere.
 *
 * @throws The signal's reason, if that comes first.
 * @throws {Error} If no good answer comes, in words that say nothing of URL, headers and body.
 */
export async function postJson(
  { url, headers, env, body, signal }: JsonRequest,
): Promise<Response> {
  const filled = fillHeaders(headers, env);
  filled.set("content-type", "application/json");
  const init = {
    method: "POST",
    headers: filled,
    body,
    redirect: "manual",
    signal,
  } as const;
  const response = await fetch(url, init).catch((cause: unknown) => {
    signal.throwIfAborted();
    // The platform's own words hold the URL.
    throw new Error(
      cause instanceof Deno.errors.NotCapable
        ? "cannot be asked: espline runs without --allow-net for it"
        : "does not answer",
      { cause },
    );
  });
  if (response.ok) return response;
  await response.body?.cancel();
  throw new Error(`answers ${response.status}`);
}

function fillHeaders(
  templates: Readonly<Record<string, string>>,
  env: (name: string) => string | undefined,
): Headers {
  const lookup = (name: string) => {
    const value = name.startsWith("env.") ? env(name.slice(4)) : undefined;
    if (value !== undefined) return value;
    throw new Error(`cannot be asked: its headers need "${name}"`);
  };
  const headers = new Headers();
  for (const [name, template] of Object.entries(templates)) {
    const value = renderTemplate(template, lookup);
    try {
      headers.set(name, value);
    } catch {
      // The platform's own words hold the value.
      throw new Error(`cannot be asked: header "${name}" is none`);
    }
  }
  return headers;
}

/**
 * Reads an answer's body as JSON.
 *
 * @throws {Error} If it is none, or has more bytes than `limit`.
 */
export async function readJson(
  response: Response,
  limit: number,
): Promise<unknown> {
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > limit) throw new Error(`answers over ${limit} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  try {
    return JSON.parse(text + decoder.decode());
  } catch {
    throw new Error("answers no JSON");
  }
}
