import { fuzz, FUZZ_TARGETS } from "./_fuzz.ts";

/** As many as fit in a test run; `ESPLINE_FUZZ_RUNS` asks for more, for each reader. */
const RUNS = Number(Deno.env.get("ESPLINE_FUZZ_RUNS") ?? 2000);

for (const target of FUZZ_TARGETS) {
  Deno.test(`readers of ${target.name} read or refuse ${RUNS} changed inputs`, () => {
    fuzz(target, RUNS);
  });
}
