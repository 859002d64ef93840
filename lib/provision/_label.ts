/** Labels, made of a board's values and brought to where they are wanted: files and programs. */

import { dirname } from "node:path";
import { systemClock } from "../clock.ts";
import { EspError, TimeoutError } from "../errors.ts";
import { withLimits } from "../limits.ts";
import { writeAtomically } from "./_atomic.ts";
import { runProgram } from "./_program.ts";
import { renderTemplate, type TemplateLookup } from "./_template.ts";
import { sanitizeText } from "./_text.ts";
import type { LabelPlan } from "./job_actions.ts";
import { drawLabel } from "./labels/draw_label.ts";

const DEFAULT_WIDTH = 50;
const DEFAULT_HEIGHT = 25;
const DEFAULT_DPI = 203;
/** How long a printer's program may take, in milliseconds. */
const PROGRAM_TIMEOUT = 30_000;
/** What a file's name cannot have, on one system or another. */
const UNSAFE = /[\p{Cc}"*/:<>?\\|]|^[. ]+|[. ]+$/gu;

/** Makes a label of a board's values. */
export async function renderLabel(
  plan: LabelPlan,
  lookup: TemplateLookup,
): Promise<Uint8Array> {
  const { qr, lines, format = "svg" } = plan;
  const { width = DEFAULT_WIDTH, height = DEFAULT_HEIGHT } = plan;
  const content = {
    qr: qr === undefined ? undefined : renderTemplate(qr, lookup),
    lines: lines.map((line) => sanitizeText(renderTemplate(line, lookup))),
  };
  const size = { width, height, dpi: plan.dpi ?? DEFAULT_DPI };
  return await drawLabel(content, size, format);
}

/** What a label is delivered with. */
export interface LabelContext {
  /** The board's values, for templates. */
  readonly lookup: TemplateLookup;
  /** Takes secrets out of what a program says. */
  readonly clean: (text: string) => string;
  /** Gives up. */
  readonly signal: AbortSignal;
}

/**
 * Makes a label, and brings it to its file, its program or both.
 *
 * @throws {EspError} `label-failed` if that cannot be done.
 */
export async function deliverLabel(
  plan: LabelPlan,
  { lookup, clean, signal }: LabelContext,
): Promise<void> {
  try {
    const label = await renderLabel(plan, lookup);
    signal.throwIfAborted();
    if (plan.file !== undefined) {
      await save(fileName(plan.file, lookup), label);
    }
    if (plan.command !== undefined) {
      const words = plan.command.map((word) => renderTemplate(word, lookup));
      await print(words, label, { clean, signal });
    }
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof EspError) throw error;
    throw new EspError(
      `Cannot make a label: ${(error as Error).message}`,
      { code: "label-failed", hint: "Mend the job's label.", cause: error },
    );
  }
}

/**
 * The path of a label. A value is part of a name there, and never a way to
 * another folder, whatever a table or a server says.
 */
function fileName(template: string, lookup: TemplateLookup): string {
  return renderTemplate(template, (name) => {
    const value = lookup(name);
    if (value === "") {
      throw new RangeError(`the value "${name}" is empty, and names its file`);
    }
    return value?.replaceAll(UNSAFE, (part) => "-".repeat(part.length));
  });
}

async function save(path: string, label: Uint8Array): Promise<void> {
  try {
    await Deno.mkdir(dirname(path), { recursive: true });
    await writeAtomically(path, label);
  } catch (cause) {
    throw new EspError(
      `Cannot save a label as ${path}: ${whyUnwritten(cause)}`,
      {
        code: "label-failed",
        hint: "Make room for it, and run this board again.",
        cause,
      },
    );
  }
}

function whyUnwritten(error: unknown): string {
  if (error instanceof Deno.errors.NotCapable) {
    return "espline runs without --allow-read and --allow-write for it";
  }
  return error instanceof Error ? error.message : String(error);
}

async function print(
  words: readonly string[],
  label: Uint8Array,
  { clean, signal }: Pick<LabelContext, "clean" | "signal">,
): Promise<void> {
  const [program = ""] = words;
  const limits = {
    step: `print a label with ${program}`,
    clock: systemClock,
    signals: [signal],
    timeout: PROGRAM_TIMEOUT,
  };
  try {
    await withLimits(
      limits,
      (limit = signal) => runProgram(words, label, { clean, signal: limit }),
    );
  } catch (cause) {
    signal.throwIfAborted();
    const why = cause instanceof TimeoutError
      ? `is not done in ${cause.ms} ms`
      : (cause as Error).message;
    throw new EspError(`Cannot print a label: ${program} ${why}`, {
      code: "label-failed",
      hint: "Look at the printer and its program, and run this board again.",
      cause,
    });
  }
}
