/**
 * Serial ports on macOS, out of the I/O Registry.
 *
 * @module
 */

import { TransportError } from "../errors.ts";
import { readUint32, viewOf } from "../bytes.ts";
import type { ListedPort } from "./_listed_port.ts";

const CORE_FOUNDATION = {
  CFStringCreateWithCString: {
    parameters: ["usize", "buffer", "u32"],
    result: "usize",
  },
  CFStringGetCString: {
    parameters: ["usize", "buffer", "isize", "u32"],
    result: "u8",
  },
  CFStringGetTypeID: { parameters: [], result: "usize" },
  CFNumberGetTypeID: { parameters: [], result: "usize" },
  CFNumberGetValue: {
    parameters: ["usize", "isize", "buffer"],
    result: "u8",
  },
  CFGetTypeID: { parameters: ["usize"], result: "usize" },
  CFRelease: { parameters: ["usize"], result: "void" },
} as const satisfies Deno.ForeignLibraryInterface;

const IO_KIT = {
  IOServiceMatching: { parameters: ["buffer"], result: "usize" },
  IOServiceGetMatchingServices: {
    parameters: ["u32", "usize", "buffer"],
    result: "i32",
  },
  IOIteratorNext: { parameters: ["u32"], result: "u32" },
  IOObjectRelease: { parameters: ["u32"], result: "i32" },
  IORegistryEntrySearchCFProperty: {
    parameters: ["u32", "buffer", "usize", "usize", "u32"],
    result: "usize",
  },
} as const satisfies Deno.ForeignLibraryInterface;

/** The functions of IOKit and CoreFoundation in use; references are numbers, 0 is none. */
export type IoKit =
  & Deno.StaticForeignLibraryInterface<typeof CORE_FOUNDATION>
  & Deno.StaticForeignLibraryInterface<typeof IO_KIT>;

const FRAMEWORKS = "/System/Library/Frameworks";

/** Lists the ports of this machine. Needs `--allow-ffi`. */
export function listDarwinPorts(): ListedPort[] {
  const foundation = Deno.dlopen(
    `${FRAMEWORKS}/CoreFoundation.framework/CoreFoundation`,
    CORE_FOUNDATION,
  );
  try {
    const kit = Deno.dlopen(`${FRAMEWORKS}/IOKit.framework/IOKit`, IO_KIT);
    try {
      return readRegistry({ ...foundation.symbols, ...kit.symbols });
    } finally {
      kit.close();
    }
  } finally {
    foundation.close();
  }
}

/**
 * Lists the serial clients of an I/O Registry.
 *
 * @throws {TransportError} `port-unsupported` if the registry cannot be read.
 */
export function readRegistry(kit: IoKit): ListedPort[] {
  const iterator = new Uint8Array(4);
  const status = kit.IOServiceGetMatchingServices(
    0, // kIOMainPortDefault
    kit.IOServiceMatching(encodeC("IOSerialBSDClient")), // consumed by the call
    iterator,
  );
  if (status !== 0) {
    throw new TransportError(
      `Cannot list serial ports: the I/O Registry answered ${status}`,
      { code: "port-unsupported" },
    );
  }
  const services = readUint32(iterator);
  const ports: ListedPort[] = [];
  for (;;) {
    const service = kit.IOIteratorNext(services);
    if (service === 0) break;
    const port = readService(kit, service);
    if (port !== undefined) ports.push(port);
    kit.IOObjectRelease(service);
  }
  kit.IOObjectRelease(services);
  return ports;
}

function readService(kit: IoKit, service: number): ListedPort | undefined {
  // The call-out node (cu.*), which unlike tty.* does not wait for a carrier.
  const path = text(searchUp(kit, service, "IOCalloutDevice"));
  if (path === undefined) return undefined;
  const locationId = number(searchUp(kit, service, "locationID"));
  const usbInterface = number(searchUp(kit, service, "bInterfaceNumber"));
  return {
    info: {
      path,
      usbVendorId: number(searchUp(kit, service, "idVendor")),
      usbProductId: number(searchUp(kit, service, "idProduct")),
      serialNumber: text(searchUp(kit, service, "USB Serial Number")),
      manufacturer: text(searchUp(kit, service, "USB Vendor Name")),
      product: text(searchUp(kit, service, "USB Product Name")),
      location: locationId === undefined
        ? undefined
        : formatLocationId(locationId),
    },
    usbInterface: usbInterface === undefined ? undefined : `1.${usbInterface}`,
  };
}

/**
 * Formats a USB location id: the bus in the top byte, then one hex digit a hub
 * port, from the root on. `0x1423_0000` is `20-2.3`.
 */
export function formatLocationId(id: number): string {
  const ports = (id & 0xff_ffff).toString(16).padStart(6, "0")
    .replace(/0+$/, "");
  const path = Array.from(ports, (digit) => parseInt(digit, 16)).join(".");
  return `${id >>> 24}-${path}`;
}

function text(value: string | number | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function number(value: string | number | undefined): number | undefined {
  return typeof value === "number" ? value : undefined;
}

/** `io_name_t` is 128 bytes, and IOKit may copy them all. */
const SERVICE_PLANE = new TextEncoder().encode("IOService".padEnd(128, "\0"));
const RECURSIVELY_UP = 1 | 2; // kIORegistryIterateRecursively | …IterateParents
const UTF8 = 0x0800_0100; // kCFStringEncodingUTF8
const SINT64 = 4n; // kCFNumberSInt64Type

/** Reads a property of an entry or of the nearest entry above that has it. */
function searchUp(
  kit: IoKit,
  entry: number,
  key: string,
): string | number | undefined {
  const name = kit.CFStringCreateWithCString(0n, encodeC(key), UTF8);
  const value = kit.IORegistryEntrySearchCFProperty(
    entry,
    SERVICE_PLANE,
    name,
    0n,
    RECURSIVELY_UP,
  );
  kit.CFRelease(name);
  if (value === 0n) return undefined;
  const decoded = decodeValue(kit, value);
  kit.CFRelease(value);
  return decoded;
}

function decodeValue(kit: IoKit, value: bigint): string | number | undefined {
  const type = kit.CFGetTypeID(value);
  if (type === kit.CFStringGetTypeID()) {
    const bytes = new Uint8Array(1024);
    const size = BigInt(bytes.length);
    if (kit.CFStringGetCString(value, bytes, size, UTF8) === 0) {
      return undefined; // longer than any USB string or path
    }
    return new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)));
  }
  if (type === kit.CFNumberGetTypeID()) {
    const bytes = new Uint8Array(8);
    if (kit.CFNumberGetValue(value, SINT64, bytes) === 0) return undefined;
    return Number(viewOf(bytes).getBigInt64(0, true));
  }
  return undefined;
}

function encodeC(value: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${value}\0`);
}
