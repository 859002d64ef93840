/**
 * Flash parameters from a command line and from a build.
 *
 * @module
 */

import type { FlashParameterOptions } from "../../mod.ts";
import type { OptionValues } from "./command.ts";
import type { FLASH_PARAMETER_OPTIONS } from "./options.ts";

/** What the options name; what they keep is the build's. */
export function mergeParameters(
  options: OptionValues<typeof FLASH_PARAMETER_OPTIONS>,
  build: FlashParameterOptions,
): FlashParameterOptions {
  const { flashMode, flashFrequency, flashSize } = options;
  return {
    flashMode: flashMode === "keep" ? build.flashMode : flashMode,
    flashFrequency: flashFrequency === "keep"
      ? build.flashFrequency
      : flashFrequency,
    flashSize: flashSize === "keep" ? build.flashSize : flashSize,
  };
}
