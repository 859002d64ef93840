import assert from "node:assert/strict";
import { callHooks } from "../../lib/provision/_hooks.ts";
import type { Hook, HookMoment } from "../../lib/provision/mod.ts";
import { deadUrl, serve } from "./_http_server.ts";

const TOKEN = "hunter2-token";
const SECRET = "hunter2-hunter2";

interface Called {
  /** What was ignored. */
  readonly notes: string[];
}

async function call(
  hooks: readonly Hook[],
  moment: HookMoment = "after-write",
  signal = new AbortController().signal,
): Promise<Called> {
  const notes: string[] = [];
  const values: Readonly<Record<string, string>> = { serial: "LMP-1" };
  await callHooks(hooks, moment, {
    lookup: (name) => values[name],
    env: (name) => name === "TOKEN" ? TOKEN : undefined,
    signal,
    clean: (text) => text.replaceAll(SECRET, "•••"),
    state: () => ({ port: "COM7", values: { serial: "LMP-1" } }),
    onIgnored: (message) => notes.push(message),
  });
  return { notes };
}

function failing(hooks: readonly Hook[], message: string | RegExp) {
  return assert.rejects(call(hooks), (error: unknown) => {
    assert.ok(error instanceof Error);
    assert.equal("code" in error && error.code, "hook-failed");
    if (typeof message === "string") assert.equal(error.message, message);
    else assert.match(error.message, message);
    assert.doesNotMatch(error.message, /hunter2/);
    return true;
  });
}

const on = "after-write";

Deno.test("callHooks POSTs a board's state as JSON, with headers from the environment", async () => {
  await using server = serve(() => new Response("fine"));
  await call([{
    on,
    url: `${server.url}/mes?line=2`,
    headers: { "Authorization": "Bearer {env.TOKEN}", "X-Line": "{{2}}" },
  }]);
  const [asked] = server.asked;
  assert.ok(asked);
  assert.deepEqual([asked.method, asked.path], ["POST", "/mes?line=2"]);
  assert.equal(asked.headers.get("content-type"), "application/json");
  assert.equal(asked.headers.get("authorization"), `Bearer ${TOKEN}`);
  assert.equal(asked.headers.get("x-line"), "{2}");
  assert.deepEqual(JSON.parse(asked.body), {
    moment: "after-write",
    port: "COM7",
    values: { serial: "LMP-1" },
  });
});

Deno.test("callHooks runs a program with the state on its standard input", async () => {
  const out = await Deno.makeTempFile({ prefix: "espline-hook-" });
  try {
    await call([{
      on,
      command: ["sh", "-c", 'cat > "$1"; echo " $2" >> "$1"', "sh", out]
        .concat("{serial}"),
    }]);
    assert.equal(
      await Deno.readTextFile(out),
      '{"moment":"after-write","port":"COM7","values":{"serial":"LMP-1"}} LMP-1\n',
    );
  } finally {
    await Deno.remove(out);
  }
});

Deno.test("callHooks calls those of the moment, in their order, up to the first that fails", async () => {
  await using server = serve(({ path }) =>
    new Response(null, { status: path === "/bad" ? 503 : 204 })
  );
  const hook = (path: string, on: HookMoment = "after-write"): Hook => ({
    on,
    url: server.url + path,
  });
  await failing(
    [hook("/1"), hook("/x", "pass"), hook("/2"), hook("/bad"), hook("/3")],
    `Cannot call hook after-write: ${server.host} answers 503`,
  );
  assert.deepEqual(server.asked.map(({ path }) => path), ["/1", "/2", "/bad"]);
});

Deno.test("callHooks goes on after a failure that is to be ignored, and tells of it", async () => {
  await using server = serve(() => new Response("fine"));
  const { notes } = await call([
    { on, command: ["false"], onFailure: "ignore" },
    { on, url: server.url },
  ]);
  assert.deepEqual(notes, [
    "Cannot call hook after-write: false ended with code 1",
  ]);
  assert.equal(server.asked.length, 1);
});

Deno.test("callHooks follows no redirection, which would lose the state or take it elsewhere", async () => {
  await using server = serve(({ path }) =>
    path === "/a"
      ? new Response(null, { status: 302, headers: { location: "/b" } })
      : new Response("fine")
  );
  await failing([{ on, url: `${server.url}/a` }], /answers 302$/);
  assert.equal(server.asked.length, 1);
});

Deno.test("callHooks says neither URL nor words that hold a secret", async () => {
  const url = deadUrl();
  await failing(
    [{ on, url: `${url}/?token=${TOKEN}` }],
    `Cannot call hook after-write: ${new URL(url).host} does not answer`,
  );
  await failing(
    [{ on, command: ["sh", "-c", `echo ${SECRET} >&2; exit 1`] }],
    /sh ended with code 1: •••$/,
  );
  await failing(
    [{ on, url, headers: { authorization: `${TOKEN} {env.GONE}` } }],
    /cannot be asked: its headers need "env.GONE"$/,
  );
  await failing(
    [{ on, command: ["echo", "{password}"] }],
    /echo cannot be called: there is no value "password"$/,
  );
  await failing(
    [{ on, url, headers: { authorization: `${TOKEN}\nx` } }],
    /cannot be asked: header "authorization" is none$/,
  );
});

Deno.test("callHooks gives up on hooks that take too long", async () => {
  const { promise, resolve } = Promise.withResolvers<Response>();
  await using server = serve(() => promise);
  try {
    await failing(
      [{ on, url: server.url, timeout: 50 }],
      `Cannot call hook after-write: ${server.host} is not done in 50 ms`,
    );
    await failing(
      [{ on, command: ["sleep", "60"], timeout: 50 }],
      "Cannot call hook after-write: sleep is not done in 50 ms",
    );
  } finally {
    resolve(new Response("late"));
  }
});

Deno.test("callHooks stops when the board is cancelled, whatever a hook's policy is", async () => {
  const controller = new AbortController();
  const reason = new Error("cancelled");
  await using server = serve(() => {
    controller.abort(reason);
    return new Response("fine");
  });
  await assert.rejects(
    call(
      [
        { on, url: server.url, onFailure: "ignore" },
        { on, command: ["sleep", "60"], onFailure: "ignore" },
      ],
      on,
      controller.signal,
    ),
    reason,
  );
});

Deno.test({
  name: "callHooks says which permission it lacks",
  permissions: { net: false },
  async fn() {
    await failing(
      [{ on, url: "http://127.0.0.1:8080" }],
      /cannot be asked: espline runs without --allow-net/,
    );
  },
});
