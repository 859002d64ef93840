import assert from "node:assert/strict";
import { FlashState } from "../../lib/cli/flash_state.ts";

type Step = readonly [
  kind: "erase" | "write" | "read",
  address: number,
  done: number,
  total: number,
];

function after(...steps: readonly Step[]): FlashState {
  const state = new FlashState();
  for (const [kind, address, done, total] of steps) {
    state.observe({ kind, port: "sim://a", address, done, total });
  }
  return state;
}

Deno.test("FlashState calls a flash unchanged that was only read", () => {
  const state = after(["read", 0, 10, 20]);
  assert.equal(state.changed, false);
  assert.equal(state.describe(), "The flash is unchanged.");
});

Deno.test("FlashState tells what is whole and what is half written", () => {
  const state = after(
    ["write", 0, 0, 0x100],
    ["write", 0, 0x100, 0x100],
    ["write", 0x1_0000, 0, 0x2000],
    ["write", 0x1_0000, 0x400, 0x2000],
  );
  assert.equal(state.changed, true);
  assert.equal(
    state.describe(),
    "The flash from 0x0000_0000 to 0x0000_0100 is written. " +
      "The flash from 0x0001_0000 to 0x0001_2000 is incomplete: 1024 of 8192 bytes are written, " +
      "and what was there is erased. Write it again before it is used.",
  );
});

Deno.test("FlashState calls a write that began with no byte incomplete", () => {
  assert.match(after(["write", 0, 0, 16]).describe(), /0 of 16 bytes/);
});

Deno.test("FlashState tells of an erase that is under way and of one that is over", () => {
  assert.match(after(["erase", 0, 0, 0x1000]).describe(), /partly erased/);
  assert.match(
    after(["erase", 0, 0, 0x1000], ["erase", 0, 0x1000, 0x1000]).describe(),
    /^The flash from 0x0000_0000 to 0x0000_1000 is erased\.$/,
  );
});

Deno.test("FlashState says that a finished write has not been verified", () => {
  assert.match(
    after(["write", 0, 0x100, 0x100]).describe(),
    /is written\. It has not been verified\.$/,
  );
});

Deno.test("FlashState admits that what no event has told of yet may have begun", () => {
  const state = new FlashState();
  state.expectChange();
  assert.equal(state.describe(), "The flash may be partly erased.");
  assert.equal(state.changed, false);
});

Deno.test("FlashState does not doubt what has been verified, until more is written", () => {
  const state = after(["write", 0, 0x100, 0x100]);
  assert.match(state.describe(), /It has not been verified/);
  state.verify();
  assert.doesNotMatch(state.describe(), /not been verified/);
  state.observe({
    kind: "write",
    port: "a",
    address: 0x1000,
    done: 4,
    total: 4,
  });
  assert.match(state.describe(), /It has not been verified/);
});
