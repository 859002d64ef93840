import assert from "node:assert/strict";
import { changedPieces } from "../../lib/device/_flash_diff.ts";
import { noise } from "./_board.ts";

/** Where the pieces are, and how long. */
function places(address: number, data: Uint8Array, previous: Uint8Array) {
  return changedPieces({ address, data }, previous)
    .map((piece) => [piece.address, piece.data.length]);
}

function changed(data: Uint8Array, ...at: number[]): Uint8Array {
  const copy = data.slice();
  for (const place of at) copy[place] = ~(copy[place] ?? 0);
  return copy;
}

Deno.test("changedPieces finds sectors that differ, and joins neighbours", () => {
  const old = noise(0x5000);
  assert.deepEqual(places(0x1_0000, old, old), []);
  assert.deepEqual(places(0x1_0000, changed(old, 0), old), [
    [0x1_0000, 0x1000],
  ]);
  assert.deepEqual(places(0x1_0000, changed(old, 0xfff, 0x1000, 0x4fff), old), [
    [0x1_0000, 0x2000],
    [0x1_4000, 0x1000],
  ]);
});

Deno.test("changedPieces cuts at the flash's sectors, wherever the file begins", () => {
  const old = noise(0x2000);
  assert.deepEqual(places(0x1_0100, changed(old, 0xeff), old), [
    [0x1_0100, 0xf00],
  ]);
  assert.deepEqual(places(0x1_0100, changed(old, 0xf00), old), [
    [0x1_1000, 0x1000],
  ]);
  assert.deepEqual(places(0x1_0100, changed(old, 0x1fff), old), [
    [0x1_2000, 0x100],
  ]);
});

Deno.test("changedPieces writes what the older file had not, and nothing beyond the newer one", () => {
  const data = noise(0x2800);
  assert.deepEqual(places(0, data, data.subarray(0, 0x1800)), [
    [0x1000, 0x1800],
  ]);
  assert.deepEqual(places(0, data.subarray(0, 0x1800), data), []);
  assert.deepEqual(places(0, data, new Uint8Array()), [[0, 0x2800]]);
});
