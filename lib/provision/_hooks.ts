/** Programs and servers that are told of a board. */

import { systemClock } from "../clock.ts";
import { EspError, TimeoutError } from "../errors.ts";
import { withLimits } from "../limits.ts";
import { postJson } from "./_http.ts";
import { runProgram } from "./_program.ts";
import { renderTemplate, type TemplateLookup } from "./_template.ts";
import type { Hook, HookMoment } from "./job_actions.ts";

const DEFAULT_TIMEOUT = 10_000;

/** What hooks are given. */
export interface HookContext {
  /** The board's values, for templates. */
  readonly lookup: TemplateLookup;
  /** Looks up an environment variable. */
  readonly env: (name: string) => string | undefined;
  /** Stops a hook. */
  readonly signal: AbortSignal;
  /** Takes secrets out of what a program says. */
  readonly clean: (text: string) => string;
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
      const message = `Cannot call hook ${moment}: ${nameOf(hook)} ${
        reasonOf(cause)
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

function reasonOf(error: unknown): string {
  if (error instanceof TimeoutError) return `is not done in ${error.ms} ms`;
  return error instanceof Error ? error.message : String(error);
}

function nameOf({ command, url }: Hook): string {
  return command?.[0] ?? (url === undefined ? "nothing" : new URL(url).host);
}

async function callHook(hook: Hook, context: HookContext): Promise<void> {
  const timeout = hook.timeout ?? DEFAULT_TIMEOUT;
  const step = `call the hook of ${nameOf(hook)}`;
  const body = JSON.stringify({
    moment: hook.on,
    ...asObject(context.state()),
  });
  const { env, clean, signal: outer } = context;
  const lookup = (name: string) => {
    const value = context.lookup(name);
    if (value !== undefined) return value;
    throw new Error(`cannot be called: there is no value "${name}"`);
  };
  // Programs and servers live in real time, whatever the board's clock is.
  const limits = { step, clock: systemClock, signals: [outer], timeout };
  await withLimits(limits, async (signal = outer) => {
    if (hook.command !== undefined) {
      const words = hook.command.map((word) => renderTemplate(word, lookup));
      const input = new TextEncoder().encode(body);
      await runProgram(words, input, { signal, clean });
    } else if (hook.url !== undefined) {
      const { url, headers = {} } = hook;
      const response = await postJson({ url, headers, env, body, signal });
      await response.body?.cancel();
    }
  });
}

function asObject(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}
