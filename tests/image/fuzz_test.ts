import { fuzz, FUZZ_TARGETS } from "./_fuzz.ts";
import { CONTAINER_TARGETS } from "./_fuzz_containers.ts";
import { NVS_TARGETS } from "./_fuzz_nvs.ts";
import { PARTITION_TARGETS } from "./_fuzz_partitions.ts";

/** As many as fit in a test run; `ESPLINE_FUZZ_RUNS` asks for more, for each reader. */
const RUNS = Number(Deno.env.get("ESPLINE_FUZZ_RUNS") ?? 500);

const TARGETS = [
  ...FUZZ_TARGETS,
  ...CONTAINER_TARGETS,
  ...PARTITION_TARGETS,
  ...NVS_TARGETS,
];

for (const target of TARGETS) {
  Deno.test(`readers of ${target.name} read or refuse ${RUNS} changed inputs`, () => {
    fuzz(target, RUNS);
  });
}
