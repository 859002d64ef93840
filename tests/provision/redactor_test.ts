import assert from "node:assert/strict";
import { Redactor } from "../../lib/provision/_redactor.ts";

const MASK = "•••";

function redactor(...secrets: string[]): Redactor {
  const redactor = new Redactor();
  for (const secret of secrets) redactor.hide(secret);
  return redactor;
}

Deno.test("Redactor cleans every text of plain data, and leaves the rest", () => {
  const event = {
    kind: "log",
    text: "password hunter2-a, again hunter2-a",
    deep: [{ message: "<hunter2-a>" }, 5, null, true, undefined],
  };
  assert.deepEqual(redactor("hunter2-a").clean(event), {
    kind: "log",
    text: `password ${MASK}, again ${MASK}`,
    deep: [{ message: `<${MASK}>` }, 5, null, true, undefined],
  });
});

Deno.test("Redactor gives back the same object if there is nothing to hide", () => {
  const event = { text: "x" };
  assert.equal(redactor().clean(event), event);
  assert.equal(redactor("abc").clean(event), event);
});

Deno.test("Redactor hides a secret within another one as a whole", () => {
  assert.equal(
    redactor("hunter2", "hunter2-long").cleanText("hunter2-long hunter2"),
    `${MASK} ${MASK}`,
  );
});

Deno.test("Redactor hides a secret as it stands in JSON and in a URL", () => {
  const secret = 'p"w\\d /ä$&';
  const clean = redactor(secret);
  assert.equal(clean.cleanText(`say ${secret}!`), `say ${MASK}!`);
  assert.equal(
    clean.cleanText(JSON.stringify({ password: secret })),
    `{"password":"${MASK}"}`,
  );
  const query = `?p=${encodeURIComponent(secret)}&q=1`;
  assert.equal(clean.cleanText(query), `?p=${MASK}&q=1`);
  assert.doesNotThrow(() => redactor("\ud800 half a character"));
});

Deno.test("Redactor leaves what the program reads again, though a secret be among it", () => {
  const result = {
    id: "1234abcd-1234-4000-8000-000000000000",
    port: "/dev/tty1234",
    result: "pass",
    startedAt: "1234-01-01T00:00:00.000Z",
    identity: { mac: "24:0a:c4:00:12:34", description: "ESP32 1234" },
    files: [{ name: "pin 1234", sha256: "1234".repeat(16) }],
    failure: { code: "unexpected", step: "boot", message: "PIN 1234" },
  };
  assert.deepEqual(redactor("1234", "pass", "boot").clean(result), {
    ...result,
    files: [{ name: `pin ${MASK}`, sha256: "1234".repeat(16) }],
    failure: { ...result.failure, message: `PIN ${MASK}` },
  });
});

Deno.test("Redactor cleans members whose names are the user's, whatever they are called", () => {
  const secret = "hunter2-a";
  assert.deepEqual(
    redactor(secret).clean({
      boot: { id: secret, result: secret },
      claim: { values: { port: secret } },
    }),
    {
      boot: { id: MASK, result: MASK },
      claim: { values: { port: MASK } },
    },
  );
});
