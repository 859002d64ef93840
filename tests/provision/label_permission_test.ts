import assert from "node:assert/strict";
import { makeLabel } from "../../lib/provision/mod.ts";

// A file of its own: a renderer that has been read once stays.
Deno.test({
  name:
    "makeLabel needs no permission for SVG and ZPL, and says which one PNG needs",
  permissions: "none",
  async fn() {
    const plan = { qr: "LMP-1", lines: ["LMP-1"] };
    await makeLabel(plan, {});
    await makeLabel({ ...plan, format: "zpl" }, {});
    await assert.rejects(makeLabel({ ...plan, format: "png" }, {}), {
      code: "label-failed",
      hint: /--allow-read/,
    });
  },
});
