import assert from "node:assert/strict";
import { openStore } from "../../lib/provision/mod.ts";
import { testStore } from "../provision/store/_contract.ts";
import { peerTest } from "./_peers.ts";
import { PostgresServer } from "./_postgres.ts";

peerTest("a PostgreSQL store keeps the contract", "pg_ctl", async (paths) => {
  await using server = await PostgresServer.start(paths.pg_ctl);
  const cases: { name: string; run: () => Promise<void> }[] = [];
  testStore((name, work) => {
    const run = () => work(() => openStore(server.url));
    cases.push({ name, run });
  });
  assert.ok(cases.length > 10);
  for (const { name, run } of cases) {
    await emptyDatabase(server.url);
    await run().catch((error) => {
      throw new Error(`A PostgreSQL store ${name}: ${error.message}`, {
        cause: error,
      });
    });
  }
});

async function emptyDatabase(url: string): Promise<void> {
  const { default: postgres } = await import("npm:postgres@3.4.9");
  const sql = postgres(url, { onnotice: () => {} });
  try {
    await sql`DROP SCHEMA public CASCADE`;
    await sql`CREATE SCHEMA public`;
  } finally {
    await sql.end();
  }
}
