import assert from "node:assert/strict";
import {
  type ClaimContext,
  claimRule,
  prepareIdentity,
} from "../../lib/provision/_identity_source.ts";
import type { HttpSource, IdentitySource } from "../../lib/provision/mod.ts";
import { deadUrl, serve } from "./_http_server.ts";

const MAC = "24:0a:c4:00:00:01";
const TOKEN = "hunter2-token";

/** Asks a source for a board's row. */
async function ask(
  source: IdentitySource,
  context: Partial<ClaimContext> = {},
  pool = "lämp/1",
) {
  const problems: string[] = [];
  const prepared = await prepareIdentity(
    { name: "lamp", firmware: [], identity: { source, pool } },
    ({ message }) => problems.push(message),
  );
  assert.deepEqual(problems, []);
  assert.ok(prepared);
  return await claimRule(prepared, {
    mac: MAC,
    chip: "ESP32",
    station: "desk",
    env: (name) => name === "TOKEN" ? TOKEN : undefined,
    signal: new AbortController().signal,
    ...context,
  });
}

function http(url: string, extra: Partial<HttpSource> = {}): HttpSource {
  return { kind: "http", url, ...extra };
}

function refusal(source: HttpSource, message: string | RegExp) {
  return assert.rejects(ask(source), (error: unknown) => {
    assert.ok(error instanceof Error && "code" in error);
    assert.equal(error.code, "identity-none");
    if (typeof message === "string") assert.equal(error.message, message);
    else assert.match(error.message, message);
    assert.doesNotMatch(Deno.inspect(error), /hunter2/);
    return true;
  });
}

Deno.test("claimRule asks a server, with a key by which it knows a board again", async () => {
  await using server = serve(() =>
    Response.json({ serial: "LMP-1", batch: 42, secure: true, weight: 1.5 })
  );
  const source = http(`${server.url}/claim`, {
    headers: { authorization: "Bearer {env.TOKEN}" },
  });
  const rule = await ask(source);
  assert.deepEqual(rule, {
    kind: "given",
    row: {
      key: "LMP-1",
      values: { serial: "LMP-1", batch: "42", secure: "true", weight: "1.5" },
    },
  });
  await ask(source);
  const [first, again] = server.asked;
  assert.ok(first && again);
  assert.equal(first.method, "POST");
  assert.equal(first.headers.get("authorization"), `Bearer ${TOKEN}`);
  assert.equal(first.headers.get("content-type"), "application/json");
  assert.equal(first.headers.get("idempotency-key"), `l%C3%A4mp%2F1/${MAC}`);
  assert.equal(
    again.headers.get("idempotency-key"),
    first.headers.get("idempotency-key"),
  );
  assert.deepEqual(JSON.parse(first.body), {
    pool: "lämp/1",
    mac: MAC,
    chip: "ESP32",
    station: "desk",
  });
});

Deno.test("claimRule takes the key that the source names", async () => {
  await using server = serve(() => Response.json({ uid: 7, serial: "x" }));
  const rule = await ask(http(server.url, { key: "uid" }));
  assert.ok(rule.kind === "given");
  assert.equal(rule.row.key, "7");
});

Deno.test("claimRule refuses answers that are no row", async () => {
  let answer = new Response();
  await using server = serve(() => answer);
  const source = http(`${server.url}/?token=${TOKEN}`);
  const cases: readonly (readonly [Response, RegExp])[] = [
    [new Response("no", { status: 404 }), /answers 404$/],
    [new Response(null, { status: 204 }), /answers no JSON$/],
    [
      new Response(null, { status: 307, headers: { location: "/x" } }),
      /answers 307$/,
    ],
    [new Response("hunter2 <html>"), /answers no JSON$/],
    [Response.json(null), /no object/],
    [Response.json([{ serial: "a" }]), /no object/],
    [Response.json("LMP-1"), /no object/],
    [Response.json({ id: "LMP-1" }), /with a "serial"$/],
    [Response.json({ serial: "" }), /with a "serial"$/],
    [Response.json({ serial: "a", deep: {} }), /no object/],
    [Response.json({ serial: "a", gone: null }), /no object/],
    // As a number in JavaScript it is another one.
    [new Response('{"serial": 12345678901234567890}'), /no object/],
    [new Response(`{"serial": "${"x".repeat(70_000)}"}`), /over 65536 bytes$/],
  ];
  for (const [response, message] of cases) {
    answer = response;
    await refusal(source, message);
  }
});

Deno.test("claimRule refuses a server that never stops answering", async () => {
  await using server = serve(() =>
    new Response(
      new ReadableStream({
        pull: (controller) => controller.enqueue(new Uint8Array(10_000)),
      }),
    )
  );
  await refusal(http(server.url), /over 65536 bytes$/);
});

Deno.test("claimRule refuses a server that does not answer, and says nothing of its URL", async () => {
  const url = deadUrl();
  const { host } = new URL(url);
  await refusal(
    http(`${url}/claim?token=${TOKEN}`),
    `Cannot claim a row for ${MAC}: ${host} does not answer`,
  );
  const late = Promise.withResolvers<Response>();
  await using server = serve(() => late.promise);
  try {
    await refusal(
      http(server.url, { timeout: 50 }),
      `Cannot claim a row for ${MAC}: ${server.host} does not answer in time`,
    );
  } finally {
    late.resolve(new Response());
  }
});

Deno.test("claimRule refuses a server that stops in the middle of its answer", async () => {
  const late = Promise.withResolvers<void>();
  await using server = serve(() =>
    new Response(
      new ReadableStream({
        async pull(controller) {
          controller.enqueue(new TextEncoder().encode('{"serial": '));
          await late.promise;
          controller.close();
        },
      }),
    )
  );
  try {
    await refusal(http(server.url, { timeout: 100 }), /answer in time$/);
  } finally {
    late.resolve();
  }
});

Deno.test("claimRule says which environment variable is missing", async () => {
  await refusal(
    http("http://127.0.0.1:1", { headers: { a: `${TOKEN} {env.GONE}` } }),
    /cannot be asked: its headers need "env.GONE"$/,
  );
});

Deno.test("claimRule stops asking when the board is cancelled", async () => {
  const controller = new AbortController();
  const reason = new Error("cancelled");
  const late = Promise.withResolvers<Response>();
  await using server = serve(() => {
    controller.abort(reason);
    return late.promise;
  });
  const { signal } = controller;
  await assert.rejects(ask(http(server.url), { signal }), reason);
  late.resolve(new Response());
});

Deno.test("claimRule counts up as the generator says", async () => {
  const rule = await ask({
    kind: "generator",
    prefix: "LMP-",
    first: 42,
    digits: 4,
    checkDigit: "damm",
  });
  assert.ok(rule.kind === "counter");
  assert.deepEqual([rule.first, rule.last], [42, 9999]);
  // 0572 has the check digit of 572, published as 4.
  assert.deepEqual(rule.make(572), {
    key: "LMP-05724",
    values: { serial: "LMP-05724" },
  });
  const plain = await ask({ kind: "generator", column: "id", last: 5 });
  assert.ok(plain.kind === "counter");
  assert.deepEqual([plain.first, plain.last], [1, 5]);
  assert.deepEqual(plain.make(3), { key: "3", values: { id: "3" } });
});
