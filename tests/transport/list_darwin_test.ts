import assert from "node:assert/strict";
import { TransportError } from "../../lib/errors.ts";
import {
  formatLocationId,
  type IoKit,
  readRegistry,
} from "../../lib/transport/_list_darwin.ts";
import { finishPorts } from "../../lib/transport/_listed_port.ts";
import { bytesOf, put32 } from "./_buffers.ts";

Deno.test("formatLocationId names the bus and the ports from the root on", () => {
  assert.equal(formatLocationId(0x1423_0000), "20-2.3");
  assert.equal(formatLocationId(0x0010_0000), "0-1");
  assert.equal(formatLocationId(0xfd12_a000), "253-1.2.10");
});

type Property = string | number;

/** An I/O Registry: entries with properties, parents after children; counts references. */
class FakeIoKit {
  /** References that must be released, by what they are. */
  readonly held = new Map<bigint, Property>();
  readonly objects = new Set<number>();
  status = 0;
  #next = 0x1000n;
  readonly #services: readonly Record<string, Property>[][];

  /** @param services For each serial client, its own entry and those above it. */
  constructor(services: readonly Record<string, Property>[][]) {
    this.#services = services;
  }

  functions(): IoKit {
    let returned = 0;
    return {
      CFStringCreateWithCString: (_allocator, text) => this.#hold(cText(text)),
      CFStringGetCString: (reference, out, size) => {
        const bytes = new TextEncoder().encode(`${this.#get(reference)}\0`);
        if (bytes.length > size) return 0;
        bytesOf(out).set(bytes);
        return 1;
      },
      CFStringGetTypeID: () => 7n,
      CFNumberGetTypeID: () => 22n,
      CFNumberGetValue: (reference, type, out) => {
        assert.equal(BigInt(type), 4n);
        new DataView(bytesOf(out).buffer)
          .setBigInt64(0, BigInt(this.#get(reference)), true);
        return 1;
      },
      CFGetTypeID: (reference) =>
        typeof this.#get(reference) === "string" ? 7n : 22n,
      CFRelease: (reference) => {
        if (!this.held.delete(BigInt(reference))) throw new Error("Not held");
      },
      IOServiceMatching: (name) => {
        assert.equal(cText(name), "IOSerialBSDClient");
        return 0x99n;
      },
      IOServiceGetMatchingServices: (_port, matching, out) => {
        assert.equal(matching, 0x99n);
        if (this.status !== 0) return this.status;
        put32(out, 500);
        this.objects.add(500);
        return 0;
      },
      IOIteratorNext: () => {
        if (returned === this.#services.length) return 0;
        this.objects.add(++returned);
        return returned;
      },
      IOObjectRelease: (object) => {
        if (!this.objects.delete(object)) throw new Error("Not held");
        return 0;
      },
      IORegistryEntrySearchCFProperty: (entry, plane, key, _, options) => {
        assert.equal(cText(plane), "IOService");
        assert.equal(bytesOf(plane).length, 128);
        assert.equal(options, 3);
        const name = String(this.#get(key));
        const value = this.#services[entry - 1]
          ?.find((each) => name in each)?.[name];
        return value === undefined ? 0n : this.#hold(value);
      },
    };
  }

  #hold(value: Property): bigint {
    const reference = this.#next++;
    this.held.set(reference, value);
    return reference;
  }

  #get(reference: number | bigint): Property {
    const value = this.held.get(BigInt(reference));
    if (value === undefined) throw new Error("Used after its release");
    return value;
  }
}

const MAC_DESK: readonly Record<string, Property>[][] = [
  [{ IOCalloutDevice: "/dev/cu.Bluetooth-Incoming-Port" }],
  [
    { IOCalloutDevice: "/dev/cu.usbserial-0001" },
    { bInterfaceNumber: 0, idVendor: 0x10c4 },
    {
      idVendor: 0x10c4,
      idProduct: 0xea60,
      locationID: 0x1423_0000,
      "USB Serial Number": "0001",
      "USB Vendor Name": "Silicon Labs",
      "USB Product Name": "CP2102 USB to UART Bridge Controller",
    },
  ],
  [{ IODialinDevice: "/dev/tty.broken" }],
  [
    { IOCalloutDevice: "/dev/cu.wchusbserial2" },
    { idVendor: 0x1a86, idProduct: 0x7523, locationID: 0x1424_0000 },
  ],
];

Deno.test("readRegistry lists call-out devices with their USB device's properties", () => {
  const kit = new FakeIoKit(MAC_DESK);
  const ports = finishPorts(readRegistry(kit.functions()));
  assert.deepEqual(ports.map(({ path }) => path), [
    "/dev/cu.Bluetooth-Incoming-Port",
    "/dev/cu.usbserial-0001",
    "/dev/cu.wchusbserial2",
  ]);
  assert.deepEqual(ports[1], {
    path: "/dev/cu.usbserial-0001",
    usbVendorId: 0x10c4,
    usbProductId: 0xea60,
    serialNumber: "0001",
    manufacturer: "Silicon Labs",
    product: "CP2102 USB to UART Bridge Controller",
    location: "20-2.3",
  });
  assert.equal(ports[0]?.location, undefined);
  assert.equal(ports[2]?.serialNumber, undefined);
  assert.equal(ports[2]?.location, "20-2.4");
  assert.equal(kit.held.size, 0, "references left");
  assert.equal(kit.objects.size, 0, "objects left");
});

Deno.test("readRegistry fails with a typed error", () => {
  const kit = new FakeIoKit([]);
  kit.status = -536870206;
  assert.throws(
    () => readRegistry(kit.functions()),
    (error) =>
      error instanceof TransportError && error.code === "port-unsupported",
  );
});

function cText(buffer: AllowSharedBufferSource | null): string {
  const bytes = bytesOf(buffer);
  return new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)));
}
