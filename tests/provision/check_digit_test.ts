import assert from "node:assert/strict";
import fc from "npm:fast-check@4.10.2";
import { checkDigit } from "../../lib/provision/_check_digit.ts";

Deno.test("checkDigit makes published Luhn numbers", () => {
  // The test numbers of card networks, an IMEI of GSM TS 02.16, ISO/IEC 7812's own.
  for (
    const number of [
      ...["4111111111111111", "5555555555554444", "378282246310005"],
      ...["6011111111111117", "490154203237518", "79927398713", "17893729974"],
    ]
  ) {
    const digit = checkDigit("luhn", number.slice(0, -1));
    assert.equal(String(digit), number.at(-1), number);
  }
});

Deno.test("checkDigit makes the published Damm number", () => {
  assert.equal(checkDigit("damm", "572"), 4);
  // A valid number's own check digit is 0: Damm, 2004.
  assert.equal(checkDigit("damm", "5724"), 0);
  assert.equal(checkDigit("damm", ""), 0);
  assert.equal(checkDigit("luhn", ""), 0);
});

const digits = fc.array(fc.nat(9), { minLength: 1, maxLength: 12 });

Deno.test("checkDigit shows every wrong digit, of both kinds", () => {
  fc.assert(
    fc.property(
      fc.constantFrom("luhn" as const, "damm" as const),
      digits,
      fc.nat(),
      fc.integer({ min: 1, max: 9 }),
      (kind, right, place, change) => {
        const at = place % right.length;
        const wrong = right.with(at, ((right[at] ?? 0) + change) % 10);
        assert.notEqual(
          checkDigit(kind, wrong.join("")),
          checkDigit(kind, right.join("")),
        );
      },
    ),
    { seed: 1 },
  );
});

Deno.test("checkDigit of Damm shows every pair of neighbours that change places", () => {
  fc.assert(
    fc.property(digits, fc.nat(9), fc.nat(9), digits, (head, a, b, tail) => {
      fc.pre(a !== b);
      const make = (...pair: number[]) =>
        checkDigit("damm", [...head, ...pair, ...tail].join(""));
      assert.notEqual(make(a, b), make(b, a));
    }),
    { seed: 1 },
  );
});
