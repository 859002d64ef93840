/** Labels: made of a board's values, and brought to a file or a program. */
import type { TemplateLookup } from "./_template.ts";
import type { LabelPlan } from "./job_actions.ts";
export async function deliverLabel(
  _plan: LabelPlan,
  _lookup: TemplateLookup,
  _signal: AbortSignal,
): Promise<void> {}
