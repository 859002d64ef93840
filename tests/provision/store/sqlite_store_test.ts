import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { openStore } from "../../../lib/provision/mod.ts";
import { testStore } from "./_contract.ts";

testStore((name, work) => {
  Deno.test(`an SQLite store ${name}`, async () => {
    const folder = await Deno.makeTempDir({ prefix: "espline-store-" });
    try {
      await work(() => openStore(`${folder}/line.db`));
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
});

Deno.test("openStore refuses what is no database, and what a newer espline made", async () => {
  const folder = await Deno.makeTempDir({ prefix: "espline-store-" });
  try {
    await Deno.writeTextFile(`${folder}/no.db`, "serial,mac\n".repeat(200));
    await assert.rejects(openStore(`${folder}/no.db`), {
      code: "store-failed",
      message: /no\.db.*not a database/,
    });
    await assert.rejects(openStore(`${folder}/none/line.db`), {
      code: "store-failed",
    });
    await (await openStore(`${folder}/line.db`))[Symbol.asyncDispose]();
    const database = new DatabaseSync(`${folder}/line.db`);
    database.exec("UPDATE espline_schema SET version = 99");
    database.close();
    await assert.rejects(openStore(`${folder}/line.db`), {
      code: "store-failed",
      message: /version 99, which is newer/,
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("openStore tells no password", async () => {
  await assert.rejects(
    openStore("postgres://line:hunter2@127.0.0.1:1/factory"),
    (error: Error) => {
      assert.match(error.message, /postgres:\/\/line:\*\*\*@127\.0\.0\.1:1/);
      assert.doesNotMatch(Deno.inspect(error), /hunter2/);
      return true;
    },
  );
});
