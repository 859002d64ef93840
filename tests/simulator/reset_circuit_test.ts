import assert from "node:assert/strict";
import {
  TransistorPair,
  UsbSerialJtag,
} from "../../lib/simulator/_reset_circuit.ts";

/** Levels as `DTR RTS`, and what they do: `-` nothing, `h` holds, `R` runs, `D` downloads. */
const SEQUENCES: readonly {
  readonly name: string;
  readonly circuit: "transistors" | "usb";
  readonly levels: string;
  readonly does: string;
}[] = [
  {
    name: "both lines at once, as Unix can",
    circuit: "transistors",
    levels: "00 11 01 10 00",
    does: "- - h D -",
  },
  {
    name: "one line after the other",
    circuit: "transistors",
    levels: "00 01 11 10 00",
    does: "- h - D -",
  },
  {
    name: "one line after the other, each set twice",
    circuit: "transistors",
    levels: "00 01 01 11 10 10 00",
    does: "- h h - D - -",
  },
  {
    name: "a hard reset",
    circuit: "transistors",
    levels: "00 01 00",
    does: "- h R",
  },
  {
    name: "opening a port, which asserts both lines",
    circuit: "transistors",
    levels: "10 11 00",
    does: "- - -",
  },
  {
    name: "a loader on USB-Serial/JTAG",
    circuit: "usb",
    levels: "00 10 11 01 01 00",
    does: "- - - hD - -",
  },
  {
    name: "a hard reset on USB-Serial/JTAG",
    circuit: "usb",
    levels: "00 01 00",
    does: "- hR -",
  },
];

for (const { name, circuit, levels, does } of SEQUENCES) {
  Deno.test(`a reset circuit follows the levels of ${name}`, () => {
    let log = "";
    const target = {
      hold: () => log += "h",
      start: (io0Low: boolean) => log += io0Low ? "D" : "R",
    };
    const lines = circuit === "usb"
      ? new UsbSerialJtag(target)
      : new TransistorPair(target);
    const done = levels.split(" ").map((pair) => {
      log = "";
      lines.set({ dtr: pair[0] === "1", rts: pair[1] === "1" });
      return log || "-";
    });
    assert.equal(done.join(" "), does);
  });
}
