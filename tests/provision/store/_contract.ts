/** What every store must do, whatever database is below it. */

import assert from "node:assert/strict";
import type {
  Attempt,
  Claim,
  ClaimRule,
  IdentityRow,
  Store,
} from "../../../lib/provision/mod.ts";

/** Opens one more connection to the same, at first empty, store. */
export type OpenStore = () => Promise<Store>;

/** Registers one test. */
export type Register = (
  name: string,
  work: (open: OpenStore) => Promise<void>,
) => void;

const MAC = "24:0a:c4:00:00:01";
const OTHER = "24:0a:c4:00:00:02";

function rows(count: number, from = 1): IdentityRow[] {
  return Array.from({ length: count }, (_, i) => ({
    key: `SN-${from + i}`,
    values: { serial: `SN-${from + i}`, token: `secret-${from + i}` },
  }));
}

function macOf(index: number): string {
  return `24:0a:c4:00:01:${index.toString(16).padStart(2, "0")}`;
}

function claim(
  store: Store,
  mac: string,
  rule: ClaimRule = { kind: "next" },
): Promise<Claim> {
  return store.claim({ pool: "lamp", mac, station: "desk", rule });
}

function attempt(extra: Partial<Attempt> = {}): Attempt {
  return {
    id: crypto.randomUUID(),
    mac: MAC,
    station: "desk",
    startedAt: "2026-11-24T10:00:00.000Z",
    finishedAt: "2026-11-24T10:00:05.000Z",
    result: "pass",
    pool: "lamp",
    row: { mac: MAC, result: "pass" },
    ...extra,
  };
}

/** Registers the whole contract. */
export function testStore(register: Register): void {
  register("gives rows in their order, each once", async (open) => {
    await using store = await open();
    assert.deepEqual(await store.addRows("lamp", rows(3)), {
      added: 3,
      known: 0,
      changed: 0,
    });
    const keys = [];
    for (const index of [1, 2, 3]) {
      keys.push((await claim(store, macOf(index))).key);
    }
    assert.deepEqual(keys, ["SN-1", "SN-2", "SN-3"]);
    await assert.rejects(claim(store, macOf(4)), { code: "identity-none" });
    assert.deepEqual(await store.counts("lamp"), {
      free: 0,
      claimed: 3,
      passed: 0,
    });
  });

  register("gives a board that comes back its own row", async (open) => {
    await using store = await open();
    await store.addRows("lamp", rows(2));
    const first = await claim(store, MAC);
    const second = await claim(store, MAC);
    assert.equal(first.again, false);
    assert.deepEqual(second, { ...first, again: true });
    assert.deepEqual(await store.findClaim("lamp", MAC), second);
    assert.equal(await store.findClaim("lamp", OTHER), undefined);
    assert.equal(await store.findClaim("torch", MAC), undefined);
  });

  register("keeps claims when it is opened again", async (open) => {
    {
      await using store = await open();
      await store.addRows("lamp", rows(2));
      await claim(store, MAC);
    }
    await using store = await open();
    assert.deepEqual((await claim(store, MAC)).values, {
      serial: "SN-1",
      token: "secret-1",
    });
    assert.equal((await claim(store, OTHER)).key, "SN-2");
  });

  register("gives two stations at once no row twice", async (open) => {
    await using left = await open();
    await using right = await open();
    await left.addRows("lamp", rows(40));
    const claims = await Promise.all(
      Array.from(
        { length: 40 },
        (_, i) => claim(i % 2 === 0 ? left : right, macOf(i)),
      ),
    );
    assert.equal(new Set(claims.map(({ key }) => key)).size, 40);
  });

  register("gives one board at two stations one row", async (open) => {
    await using left = await open();
    await using right = await open();
    await left.addRows("lamp", rows(20));
    const counter: ClaimRule = {
      kind: "counter",
      first: 1,
      last: 20,
      make: (n) => ({ key: `N${n}`, values: {} }),
    };
    for (const rule of [{ kind: "next" }, counter] as const) {
      const pool = `lamp-${rule.kind}`;
      await left.addRows(pool, rows(20));
      const claims = await Promise.all(
        [left, right, left, right].map((store) =>
          store.claim({ pool, mac: MAC, station: "desk", rule })
        ),
      );
      assert.equal(new Set(claims.map(({ key }) => key)).size, 1);
      assert.equal((await left.counts(pool)).claimed, 1);
    }
  });

  register("takes rows by MAC address only for that board", async (open) => {
    await using store = await open();
    await store.addRows("lamp", [
      { key: "A", mac: OTHER, values: {} },
      { key: "B", values: {} },
    ]);
    await assert.rejects(claim(store, MAC, { kind: "mac" }), {
      code: "identity-none",
    });
    assert.equal((await claim(store, MAC)).key, "B", "a reserved row is left");
    assert.equal((await claim(store, OTHER, { kind: "mac" })).key, "A");
  });

  register("takes the row of a scanned code", async (open) => {
    await using store = await open();
    await store.addRows("lamp", rows(3));
    const second: ClaimRule = { kind: "code", code: "SN-2" };
    assert.equal((await claim(store, MAC, second)).key, "SN-2");
    assert.equal((await claim(store, MAC, second)).again, true);
    const conflict = { code: "identity-conflict" };
    await assert.rejects(claim(store, OTHER, second), conflict);
    await assert.rejects(
      claim(store, MAC, { kind: "code", code: "SN-3" }),
      conflict,
    );
    await assert.rejects(claim(store, OTHER, { kind: "code", code: "SN-9" }), {
      code: "identity-none",
    });
  });

  register("counts up, gives no number twice, and ends", async (open) => {
    await using store = await open();
    const rule: ClaimRule = {
      kind: "counter",
      first: 100,
      last: 102,
      make: (n) => ({ key: `L${n}`, values: { n: `${n}` } }),
    };
    const claims = await Promise.all(
      [1, 2, 3].map((i) => claim(store, macOf(i), rule)),
    );
    assert.deepEqual(claims.map(({ key }) => key).sort(), [
      "L100",
      "L101",
      "L102",
    ]);
    await assert.rejects(claim(store, macOf(4), rule), {
      code: "identity-none",
    });
    const wider = { ...rule, last: 200 };
    assert.equal((await claim(store, macOf(4), wider)).key, "L103");
  });

  register("keeps a row that came from elsewhere", async (open) => {
    await using store = await open();
    const row = { key: "cloud-7", values: { cert: "x" } };
    const given: ClaimRule = { kind: "given", row };
    assert.equal((await claim(store, MAC, given)).key, "cloud-7");
    const later: ClaimRule = {
      kind: "given",
      row: { key: "cloud-8", values: {} },
    };
    assert.equal((await claim(store, MAC, later)).key, "cloud-7");
    await assert.rejects(claim(store, OTHER, given), {
      code: "identity-conflict",
    });
  });

  register("adds rows once, and changes none that is taken", async (open) => {
    await using store = await open();
    await store.addRows("lamp", rows(2));
    await claim(store, MAC);
    assert.deepEqual(await store.addRows("lamp", rows(3)), {
      added: 1,
      known: 2,
      changed: 0,
    });
    const edited = { key: "SN-2", values: { serial: "SN-2", token: "new" } };
    assert.equal((await store.addRows("lamp", [edited])).changed, 1);
    const taken = { key: "SN-1", values: { token: "top-secret" } };
    await assert.rejects(
      store.addRows("lamp", [{ key: "SN-8", values: {} }, taken]),
      (error: Error & { code?: string }) => {
        assert.equal(error.code, "identity-conflict");
        assert.doesNotMatch(error.message, /secret/);
        return true;
      },
    );
    assert.equal((await store.counts("lamp")).free, 2, "nothing was added");
    const twins = [1, 2].map((n) => ({ key: `T${n}`, mac: MAC, values: {} }));
    await assert.rejects(store.addRows("torch", twins), {
      code: "identity-conflict",
    });
  });

  register("keeps every attempt, each once", async (open) => {
    await using store = await open();
    await store.addRows("lamp", rows(1));
    await claim(store, MAC);
    const failed = attempt({ result: "fail", row: { error: "timeout" } });
    await store.record(failed);
    assert.equal((await store.counts("lamp")).passed, 0);
    const passed = attempt({ finishedAt: "2026-11-24T10:01:00.000Z" });
    await store.record(passed);
    await store.record(passed);
    const { mac: _mac, pool: _pool, ...rest } = attempt({ result: "fail" });
    await store.record({ ...rest, finishedAt: "2026-11-24T10:02:00.000Z" });
    assert.deepEqual((await store.counts("lamp")).passed, 1);
    assert.equal(await store.countAttempts(MAC), 2);
    const [first, second, third] = await store.attempts();
    assert.deepEqual(first, failed);
    assert.deepEqual(second, passed);
    assert.equal(third?.mac, undefined);
  });

  register("is opened by two stations at the same moment", async (open) => {
    const stores = await Promise.all([open(), open(), open()]);
    for (const store of stores) {
      await using own = store;
      assert.deepEqual((await own.counts("lamp")).free, 0);
    }
  });
}
