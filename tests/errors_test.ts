import assert from "node:assert/strict";
import {
  ChipError,
  CommandError,
  EspError,
  FrameError,
  ImageError,
  TimeoutError,
  TransportError,
  VerifyError,
} from "../lib/errors.ts";

const BYTES = Uint8Array.of(1);

const ERRORS: readonly [
  EspError,
  name: string,
  code: string,
  fields: object,
][] = [
  [
    new EspError("Cannot x", { code: "file-invalid" }),
    "EspError",
    "file-invalid",
    {},
  ],
  [
    new TransportError("Cannot x", { code: "port-busy" }),
    "TransportError",
    "port-busy",
    {},
  ],
  [
    new TimeoutError("Cannot x", { step: "sync", ms: 100 }),
    "TimeoutError",
    "timeout",
    { step: "sync", ms: 100 },
  ],
  [
    new TimeoutError("Cannot x", {
      step: "sync",
      ms: 100,
      code: "no-sync-reply",
    }),
    "TimeoutError",
    "no-sync-reply",
    { step: "sync", ms: 100 },
  ],
  [
    new FrameError("Cannot x", { bytes: BYTES }),
    "FrameError",
    "frame-invalid",
    { bytes: BYTES },
  ],
  [
    new CommandError("Cannot x", {
      code: "command-failed",
      command: "FLASH_BEGIN",
      status: 0x0106,
    }),
    "CommandError",
    "command-failed",
    { command: "FLASH_BEGIN", status: 0x0106 },
  ],
  [
    new ChipError("Cannot x", { code: "chip-mismatch" }),
    "ChipError",
    "chip-mismatch",
    {},
  ],
  [
    new ImageError("Cannot x", { offset: 24 }),
    "ImageError",
    "image-invalid",
    { offset: 24 },
  ],
  [
    new VerifyError("Cannot x", {
      address: 0x1000,
      expected: "a",
      actual: "b",
    }),
    "VerifyError",
    "verify-failed",
    { address: 0x1000, expected: "a", actual: "b" },
  ],
];

for (const [error, name, code, fields] of ERRORS) {
  Deno.test(`${name} carries code ${code} and its own fields`, () => {
    assert.ok(error instanceof EspError);
    assert.ok(error instanceof Error);
    assert.equal(error.name, name);
    assert.equal(error.constructor.name, name);
    assert.equal(error.code, code);
    assert.equal(error.message, "Cannot x");
    assert.equal(String(error), `${name}: Cannot x`);
    assert.equal(error.hint, undefined);
    assert.equal("cause" in error, false, "no cause, no property");
    for (const [field, value] of Object.entries(fields)) {
      assert.equal(Reflect.get(error, field), value);
    }
  });
}

Deno.test("EspError keeps hint and cause, in its children too", () => {
  const cause = new Error("why");
  const options = {
    code: "port-busy",
    hint: "Close the monitor.",
    cause,
  } as const;
  for (
    const error of [
      new EspError("Cannot open", options),
      new TransportError("Cannot open", options),
      new TimeoutError("Cannot open", { ...options, step: "open", ms: 1 }),
      new VerifyError("Cannot open", {
        ...options,
        address: 0,
        expected: "",
        actual: "",
      }),
    ]
  ) {
    assert.equal(error.hint, "Close the monitor.");
    assert.equal(error.cause, cause);
    assert.equal(error.code, "port-busy");
  }
});
