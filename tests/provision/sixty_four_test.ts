import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { readInventory } from "../../lib/provision/mod.ts";

const SCRIPT = fileURLToPath(new URL("_sixty_four.ts", import.meta.url));
const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const MAX_MEMORY = 400e6;

Deno.test("64 boards at once, a third of them faulty: good ones pass, bad ones fail for their reason, no claim is lost", async () => {
  const folder = await Deno.makeTempDir({ prefix: "espline-64-" });
  try {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--allow-all", "--no-check", "--quiet"],
        ...["--lock=deno.lock", "--frozen", SCRIPT, folder],
      ],
      cwd: ROOT,
    }).output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    const said = JSON.parse(new TextDecoder().decode(stdout));
    assert.deepEqual(said.wrong, []);
    assert.equal(said.passed, 43);
    assert.equal(said.distinct, said.claims, "no row is a second board's");
    assert.equal(said.stored, said.claims, "no claim is lost");
    assert.equal(said.attempts, 64);
    assert.ok(said.peak < MAX_MEMORY, `${said.peak} bytes`);
    const rows = await readInventory(`${folder}/inventory.csv`);
    assert.equal(rows.filter(({ result }) => result === "pass").length, 43);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
