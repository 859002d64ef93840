import assert from "node:assert/strict";
import { ManualClock } from "../../lib/clock.ts";
import { TransportError } from "../../lib/errors.ts";
import type { PageState } from "../../lib/provision/dashboard/_page_state.ts";
import { Snapshots } from "../../lib/provision/dashboard/_snapshots.ts";
import {
  type DashboardServer,
  prepareJob,
  serveDashboard,
  Station,
  type StationState,
} from "../../lib/provision/mod.ts";
import { board, JOB } from "./_boards.ts";
import { LampStation, SECRET } from "./_lamp_station.ts";

const TOKEN = "a-token-of-the-test";

async function idleStation(): Promise<Station> {
  return await Station.open(await prepareJob(JOB), { auto: false });
}

/** Sends a request and takes the whole answer. */
async function call(
  server: DashboardServer,
  path: string,
  init: RequestInit = {},
): Promise<{ status: number; headers: Headers; text: string }> {
  const response = await fetch(new URL(path, server.url), init);
  const { status, headers } = response;
  return { status, headers, text: await response.text() };
}

function post(
  body: unknown,
  headers: Record<string, string> = {},
): RequestInit {
  return {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  };
}

/** The states that a page is told, one after another. */
async function* states(
  body: ReadableStream<Uint8Array>,
): AsyncGenerator<PageState> {
  let text = "";
  for await (const part of body.pipeThrough(new TextDecoderStream())) {
    text += part;
    for (
      let end;
      (end = text.indexOf("\n\n")) >= 0;
      text = text.slice(end + 2)
    ) {
      const data = /^data: (.*)$/m.exec(text.slice(0, end))?.[1];
      yield JSON.parse(data ?? "");
    }
  }
}

Deno.test("serveDashboard serves a page that is all its own and lets nothing else in", async () => {
  await using station = await idleStation();
  await using server = await serveDashboard(station, { port: 0 });
  assert.match(server.url, /^http:\/\/127\.0\.0\.1:\d+\/$/);
  const page = await call(server, "/");
  assert.equal(page.status, 200);
  const { headers } = page;
  assert.equal(
    headers.get("content-security-policy"),
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  );
  assert.equal(headers.get("x-content-type-options"), "nosniff");
  assert.match(headers.get("cache-control") ?? "", /\bno-store\b/);
  assert.equal(headers.get("content-type"), "text/html; charset=utf-8");
  assert.doesNotMatch(page.text, /<style|<script>|\bstyle=|\bon[a-z]+=/);

  const sources = Array.from(
    page.text.matchAll(/(?:src|href)="(\/[^"]*)"/g),
    ([, path = ""]) => path,
  );
  assert.ok(sources.includes("/style.css") && sources.includes("/main.js"));
  const seen = new Set<string>();
  for (let path; (path = sources.pop()) !== undefined;) {
    if (seen.has(path)) continue;
    seen.add(path);
    const { status, headers, text } = await call(server, path);
    assert.equal(status, 200, path);
    const type = path.endsWith(".css") ? "text/css" : "text/javascript";
    assert.equal(headers.get("content-type"), `${type}; charset=utf-8`);
    assert.doesNotMatch(text, /https?:\/\/|\binnerHTML\b|@import/, path);
    for (const [, name] of text.matchAll(/^import .*"\.(\/.*)";$/gm)) {
      if (name !== undefined) sources.push(name);
    }
  }
  assert.ok(seen.has("/tile.js"), "what scripts import is served");
});

Deno.test("serveDashboard answers 404 and 405 to what it does not know", async () => {
  await using station = await idleStation();
  await using server = await serveDashboard(station, { port: 0 });
  for (
    const [path, init, status] of [
      ["/nothing", {}, 404],
      ["/client/../main.ts", {}, 404],
      ["/start", {}, 405],
      ["/", post({}), 405],
      ["/events", post({}), 405],
      ["/session", {}, 405],
    ] as const
  ) {
    const answer = await call(server, path, init);
    assert.equal(answer.status, status, path);
    assert.ok(answer.headers.has("content-security-policy"), path);
  }
});

Deno.test("serveDashboard demands a token on another address than loopback", async () => {
  await using station = await idleStation();
  await using server = await serveDashboard(station, {
    hostname: "0.0.0.0",
    port: 0,
  });
  const { hash } = new URL(server.url);
  assert.match(hash, /^#token=[\w-]{22}$/);
  for (const path of ["/main.js", "/events", "/nothing"]) {
    assert.equal((await call(server, path)).status, 401, path);
  }
  assert.equal((await call(server, "/start", post({}))).status, 401);
  const page = await call(server, "/");
  assert.equal(page.status, 401);
  assert.match(page.text, /This station is locked/);
  assert.doesNotMatch(page.text, /wrong|lamp/);
  assert.match(page.text, /role="alert"><\/p>/, "no reason, no red bar");

  const token = hash.slice("#token=".length);
  const session = await call(server, "/session", post({ token }));
  assert.equal(session.status, 204);
  const cookie = session.headers.get("set-cookie") ?? "";
  assert.match(cookie, /; HttpOnly\b/);
  assert.match(cookie, /; SameSite=Strict\b/);
  // Another station on this host has another cookie.
  assert.ok(cookie.startsWith(`espline-${new URL(server.url).port}=`));
  const [pair = ""] = cookie.split(";");
  const open = await call(server, "/", { headers: { cookie: `a=b; ${pair}` } });
  assert.equal(open.status, 200);
  const start = await call(server, "/start", post({}, { cookie: pair }));
  assert.equal(start.status, 202);
});

Deno.test("serveDashboard says that a token is wrong", async () => {
  await using station = await idleStation();
  await using server = await serveDashboard(station, { port: 0, token: TOKEN });
  assert.ok(server.url.endsWith(`/#token=${TOKEN}`));
  const name = `espline-${new URL(server.url).port}`;
  for (const token of ["", TOKEN.slice(1), `${TOKEN}x`, TOKEN.toUpperCase()]) {
    const page = await call(server, "/", {
      headers: { cookie: `${name}=${token}` },
    });
    assert.equal(page.status, 401);
    assert.match(page.text, /The token is wrong/);
    const session = await call(server, "/session", post({ token }));
    assert.equal(session.status, 401);
    assert.equal(session.text, "The token is wrong.");
    assert.equal(session.headers.get("set-cookie"), null);
  }
  for (const [token, status] of [[TOKEN, 200], [`${TOKEN}x`, 401]] as const) {
    const headers = { authorization: `Bearer ${token}` };
    assert.equal((await call(server, "/main.js", { headers })).status, status);
  }
});

Deno.test("serveDashboard refuses a token that can be guessed or is no word", async () => {
  await using station = await idleStation();
  for (
    const token of ["", "short", "x".repeat(257), `${TOKEN};`, `${TOKEN} `]
  ) {
    await assert.rejects(
      serveDashboard(station, { port: 0, token }),
      RangeError,
    );
  }
});

Deno.test("serveDashboard takes commands from its own page only", async () => {
  await using station = await idleStation();
  await using server = await serveDashboard(station, { port: 0 });
  const { origin, port } = new URL(server.url);
  for (
    const [headers, status] of [
      [{ origin }, 202],
      [{ origin, "sec-fetch-site": "same-origin" }, 202],
      [{}, 202],
      [{ origin: "https://evil.example" }, 403],
      [{ origin: "null" }, 403],
      [{ origin: `http://localhost:${port}` }, 403],
      [{ origin: `http://127.0.0.1:1` }, 403],
      [{ "sec-fetch-site": "cross-site" }, 403],
      [{ "sec-fetch-site": "same-site" }, 403],
      [{ origin, "content-type": "text/plain" }, 415],
      [{ origin, "content-type": "application/x-www-form-urlencoded" }, 415],
    ] as const
  ) {
    const answer = await call(server, "/start", post({}, { ...headers }));
    assert.equal(answer.status, status, JSON.stringify(headers));
  }
});

Deno.test("serveDashboard refuses commands that make no sense", async () => {
  await using lamps = await LampStation.open([board(1)], {
    slots: { [board(1).port]: "left" },
  });
  await using server = await serveDashboard(lamps.station, { port: 0 });
  for (
    const [path, body, status] of [
      ["/start", "{", 400],
      ["/start", "[]", 400],
      ["/start", { slot: 1 }, 400],
      ["/start", { slot: "left", all: true }, 400],
      ["/start", JSON.stringify({ slot: "x".repeat(5000) }), 413],
      ["/start", { slot: "right" }, 404],
      ["/cancel", { slot: "right" }, 404],
      ["/cancel", { slot: "left" }, 409],
      ["/scan", { slot: "left" }, 400],
      ["/scan", { slot: "right", code: "LMP-1" }, 404],
      ["/scan", { slot: "left", code: "LMP-1" }, 409],
    ] as const
  ) {
    const answer = await call(server, path, post(body));
    assert.equal(answer.status, status, `${path} ${JSON.stringify(body)}`);
  }
});

Deno.test("serveDashboard on loopback answers to no other name", async () => {
  await using station = await idleStation();
  await using server = await serveDashboard(station, { port: 0 });
  const port = Number(new URL(server.url).port);
  for (
    const [host, status] of [
      [`127.0.0.1:${port}`, 200],
      ["localhost:9000", 200],
      ["[::1]:9000", 200],
      [`evil.example:${port}`, 403],
      ["127.0.0.1.evil.example", 403],
      ["a b", 400],
    ] as const
  ) {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port });
    const text = `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
    await ReadableStream.from([text]).pipeThrough(new TextEncoderStream())
      .pipeTo(connection.writable, { preventClose: true });
    const answer = await new Response(connection.readable).text();
    assert.equal(Number(answer.slice(9, 12)), status, host);
  }
});

Deno.test("serveDashboard tells a page how a board goes on, and none of its secrets", async () => {
  await using lamps = await LampStation.open([board(1)], {
    slots: { [board(1).port]: "left" },
  });
  await using server = await serveDashboard(lamps.station, { port: 0 });
  const response = await fetch(new URL("/events", server.url));
  assert.equal(response.headers.get("content-type"), "text/event-stream");
  const told: PageState[] = [];
  assert.ok(response.body);
  for await (const state of states(response.body)) {
    const [slot] = state.slots;
    const [before] = told.at(-1)?.slots ?? [];
    told.push(state);
    if (before === undefined) {
      assert.equal(slot?.phase, "ready");
      assert.equal(state.rowsLeft, 2);
      const start = await call(server, "/start", post({ slot: "left" }));
      assert.equal(start.status, 202);
    } else if (slot?.waitsForCode && !before.waitsForCode) {
      assert.equal(slot.mac, "24:0a:c4:00:00:01");
      const again = await call(server, "/start", post({ slot: "left" }));
      assert.equal(again.status, 409);
      const body = { slot: "left", code: " LMP-2\n" };
      assert.equal((await call(server, "/scan", post(body))).status, 202);
    }
    if (slot?.phase === "pass") break;
  }
  const last = told.at(-1);
  assert.equal(last?.slots[0]?.serial, "LMP-2");
  assert.equal(last?.slots[0]?.chip, "ESP32");
  assert.equal(last?.counts.passed, 1);
  assert.equal(last?.rowsLeft, 1);
  assert.doesNotMatch(JSON.stringify(told), new RegExp(SECRET));
});

Deno.test("serveDashboard cancels a slot that waits for its code", async () => {
  await using lamps = await LampStation.open([board(1)], {
    slots: { [board(1).port]: "left" },
  });
  const { station } = lamps;
  await using server = await serveDashboard(station, { port: 0 });
  await call(server, "/start", post({}));
  await lamps.until(({ slots }) => slots[0]?.waitsForCode !== undefined);
  const answer = await call(server, "/cancel", post({ slot: "left" }));
  assert.equal(answer.status, 202);
  await lamps.until(({ slots }) => slots[0]?.phase === "cancelled");
});

Deno.test("serveDashboard ends with pages open, twice, and by its signal", async () => {
  await using station = await idleStation();
  const stop = new AbortController();
  const { signal } = stop;
  const server = await serveDashboard(station, { port: 0, signal });
  const pages = [1, 2].map(async () => {
    const { body } = await fetch(new URL("/events", server.url));
    assert.ok(body);
    for await (const _state of states(body)) stop.abort();
  });
  // It ends, or breaks off: a page takes both for a lost connection.
  await Promise.allSettled(pages);
  await server.close();
  await server.close();
  await assert.rejects(fetch(server.url));
  await assert.rejects(serveDashboard(station, { port: 0, signal }), {
    name: "AbortError",
  });
});

Deno.test("serveDashboard does not wait for ever for who sends half a request", async () => {
  await using station = await idleStation();
  const server = await serveDashboard(station, { port: 0 });
  const { host, port } = new URL(server.url);
  using connection = await Deno.connect({ port: Number(port) });
  const head =
    `POST /start HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{`;
  await connection.write(new TextEncoder().encode(head));
  // This comes after it, so it has been taken.
  await call(server, "/");
  await server.close();
});

Deno.test("serveDashboard says that its port is in use", async () => {
  await using station = await idleStation();
  await using server = await serveDashboard(station, { port: 0 });
  const port = Number(new URL(server.url).port);
  await assert.rejects(
    serveDashboard(station, { port }),
    (error) => error instanceof TransportError && error.code === "port-busy",
  );
});

/** What snapshots need of a station, which a test changes as it likes. */
function scriptedStation() {
  const listeners = new Set<() => void>();
  let job = "0";
  const station = {
    get state(): StationState {
      const counts = { passed: 0, failed: 0 };
      return { station: "a", job, auto: true, slots: [], counts };
    },
    subscribe(listener: () => void) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  const change = (name: string) => {
    job = name;
    for (const listener of listeners) listener();
  };
  return { station: station as unknown as Station, change, listeners };
}

/** The job's name in an event. */
function jobOf(event: Uint8Array | undefined): string {
  const text = new TextDecoder().decode(event);
  return JSON.parse(/^data: (.*)\n\n$/m.exec(text)?.[1] ?? "").job;
}

Deno.test("Snapshots tell changes ten times a second at most, and the last one always", async () => {
  const clock = new ManualClock();
  const { station, change, listeners } = scriptedStation();
  const snapshots = new Snapshots(station, clock);
  const told: [number, string][] = [];
  const page = (async () => {
    for await (const event of snapshots.stream()) {
      told.push([clock.now(), jobOf(event)]);
    }
  })();
  await clock.advance(1);
  for (const name of ["1", "2", "3", "4"]) {
    change(name);
    await clock.advance(10);
  }
  await clock.advance(200);
  assert.deepEqual(told, [[0, "0"], [1, "1"], [101, "4"]]);
  await clock.advance(5_000);
  assert.deepEqual(told.slice(3), [[5_101, "4"]], "a sign of life");
  snapshots[Symbol.dispose]();
  await page;
  assert.equal(listeners.size, 0);
});

Deno.test("Snapshots keep nothing back for a page that does not read", async () => {
  const clock = new ManualClock();
  const { station, change } = scriptedStation();
  using snapshots = new Snapshots(station, clock);
  const reader = snapshots.stream().getReader();
  assert.equal(jobOf((await reader.read()).value), "0");
  for (let count = 1; count <= 50; count++) {
    change(String(count));
    await clock.advance(200);
  }
  assert.equal(jobOf((await reader.read()).value), "50");
  const next = reader.read();
  change("51");
  await clock.advance(200);
  assert.equal(jobOf((await next).value), "51");
  await reader.cancel();
});
