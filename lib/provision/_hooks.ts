/** Programs and servers that are told of a board. */

import { EspError } from "../errors.ts";
import { withEnvironment } from "./_identity_source.ts";
import { renderTemplate, type TemplateLookup } from "./_template.ts";
import { readReason, sanitizeText } from "./_text.ts";
import type { Hook, HookMoment } from "./job_actions.ts";

const DEFAULT_TIMEOUT = 10_000;
/** How much of a failed program's last words is shown. */
const WORDS_SHOWN = 200;

/** What hooks are given. */
export interface HookContext {
  /** The board's values, for templates. */
  readonly lookup: TemplateLookup;
  /** Looks up an environment variable. */
  readonly env: (name: string) => string | undefined;
  /** Stops a hook. */
  readonly signal: AbortSignal;
  /** The board's state as it is now, for JSON. */
  readonly state: () => unknown;
  /** Told of a failure that the hook's policy ignores. */
  readonly onIgnored: (message: string) => void;
}

/**
 * Calls the hooks for a moment, one after another.
 *
 * @throws {EspError} `hook-failed` if one fails whose policy is to fail the board.
 */
export async function callHooks(
  hooks: readonly Hook[],
  moment: HookMoment,
  context: HookContext,
): Promise<void> {
  for (const hook of hooks.filter(({ on }) => on === moment)) {
    try {
      await callHook(hook, context);
    } catch (cause) {
      context.signal.throwIfAborted();
      const message = `Hook ${moment} of ${nameOf(hook)} failed: ${
        readReason(cause)
      }`;
      if (hook.onFailure !== "ignore") {
        throw new EspError(message, {
          code: "hook-failed",
          hint: 'Mend the hook, or give it "onFailure: ignore".',
        });
      }
      context.onIgnored(message);
    }
  }
}

function nameOf({ command, url }: Hook): string {
  return command?.[0] ?? (url === undefined ? "nothing" : new URL(url).host);
}

async function callHook(hook: Hook, context: HookContext): Promise<void> {
  const limit = AbortSignal.timeout(hook.timeout ?? DEFAULT_TIMEOUT);
  const signal = AbortSignal.any([context.signal, limit]);
  const body = JSON.stringify({
    moment: hook.on,
    ...asObject(context.state()),
  });
  try {
    if (hook.command !== undefined) {
      const words = hook.command.map((word) =>
        renderTemplate(word, context.lookup)
      );
      await runProgram(words, new TextEncoder().encode(body), signal);
    } else if (hook.url !== undefined) {
      await post(hook.url, body, hook, { ...context, signal });
    }
  } catch (error) {
    if (!limit.aborted) throw error;
    throw new Error(`it took over ${hook.timeout ?? DEFAULT_TIMEOUT} ms`);
  }
}

function asObject(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

/**
 * Runs a program to its end, with bytes on its standard input.
 *
 * @throws {Error} If it cannot be started, or ends with another code than 0.
 */
export async function runProgram(
  [program = "", ...args]: readonly string[],
  input: Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  const child = new Deno.Command(program, {
    args,
    stdin: "piped",
    stdout: "null",
    stderr: "piped",
    signal,
  }).spawn();
  // A program that does not read its input is free not to.
  const feeding = ReadableStream.from([input]).pipeTo(child.stdin)
    .catch(() => {});
  const { success, code, stderr } = await child.output();
  await feeding;
  signal.throwIfAborted();
  if (success) return;
  const words = sanitizeText(new TextDecoder().decode(stderr));
  throw new Error(
    `it ended with code ${code}${
      words === "" ? "" : `: ${words.slice(-WORDS_SHOWN)}`
    }`,
  );
}

async function post(
  url: string,
  body: string,
  { headers = {} }: Hook,
  { env, signal }: HookContext,
): Promise<void> {
  const response = await fetch(url, {
    method: "POST",
    headers: {
      ...withEnvironment(headers, env),
      "content-type": "application/json",
    },
    body,
    signal,
  });
  await response.body?.cancel();
  if (!response.ok) throw new Error(`it answered ${response.status}`);
}
