import assert from "node:assert/strict";
import { withDevice } from "../device/_board.ts";

const SDIO_CONF = 0x3ff4_8074;
const FORCE = 1 << 22;

for (
  const [what, options, supply] of [
    ["a strapping pin", {}, { value: "3.3V", source: "strap" }],
    [
      "the eFuses",
      { fields: { flashVoltageForced: 1, flashVoltageOn: 1 } },
      { value: "1.8V", source: "efuse" },
    ],
    [
      "the eFuses, which turn it off",
      { fields: { flashVoltageForced: 1 } },
      { value: "OFF", source: "efuse" },
    ],
    [
      "a register, which overrides the eFuses",
      {
        fields: { flashVoltageForced: 1 },
        registers: { [SDIO_CONF]: FORCE + 2 ** 31 },
      },
      { value: "1.8V", source: "register" },
    ],
    [
      "a register at 1.9 V",
      { registers: { [SDIO_CONF]: FORCE + 2 ** 31 + 3 * 2 ** 29 } },
      { value: "1.9V", source: "register" },
    ],
  ] as const
) {
  Deno.test(`readFlashSupply finds a voltage that is set by ${what}`, async () => {
    await withDevice({ chip: "esp32", ...options }, async (device) => {
      assert.deepEqual(await device.readFlashSupply(), { voltage: supply });
    });
  });
}

Deno.test("readFlashSupply says nothing of a chip that has nothing to say", async () => {
  await withDevice({ chip: "esp32c3" }, async (device) => {
    assert.deepEqual(await device.readFlashSupply(), {});
  });
});
