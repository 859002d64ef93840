import assert from "node:assert/strict";
import {
  byLikelihood,
  filterPorts,
  parsePortFilters,
} from "../../lib/cli/port_filter.ts";

const PORTS = [
  {
    path: "/dev/ttyUSB10",
    usbVendorId: 0x10c4,
    usbProductId: 0xea60,
    serialNumber: "AB",
  },
  {
    path: "/dev/ttyUSB2",
    usbVendorId: 0x303a,
    usbProductId: 0x1001,
    serialNumber: "CD",
  },
  { path: "/dev/ttyS0" },
  { path: "/dev/ttyACM1", usbVendorId: 0x1a86, usbProductId: 0x7523 },
  {
    path: "/dev/ttyUSB1",
    usbVendorId: 0x10c4,
    usbProductId: 0xea60,
    serialNumber: "AB2",
  },
  { path: "/dev/cu.Bluetooth-Incoming-Port" },
];

/** The filters, and the last digits of what real esptool found of these ports. */
const CASES: ReadonlyArray<readonly [filters: string, found: string]> = [
  ["", "USB2 USB10 ACM1 USB1 S0"],
  ["vid=0x10c4", "USB10 USB1"],
  ["vid=4292 pid=60000", "USB10 USB1"],
  ["name=usb name=ACM", "USB2 USB10 ACM1 USB1"],
  ["name=USB serial=c", "USB2"],
  ["serial=CD vid=0x10c4", ""],
  ["serial=b2 serial=cd", "USB2 USB1"],
];

for (const [texts, found] of CASES) {
  Deno.test(`filterPorts lets [${found}] through for "${texts}"`, () => {
    const filters = parsePortFilters(texts.split(" ").filter(Boolean));
    const names = byLikelihood(filterPorts(PORTS, filters))
      .map(({ path }) => path.replace("/dev/tty", ""));
    assert.equal(names.join(" "), found);
  });
}

Deno.test("parsePortFilters refuses other properties and what is no number", () => {
  for (const wrong of ["foo", "foo=1", "vid=303a", "vid=zz", "VID=1", "=1"]) {
    assert.throws(() => parsePortFilters([wrong]), SyntaxError, wrong);
  }
});
