/**
 * The device tree of Windows' Plug and Play manager.
 *
 * cfgmgr32 rather than SetupAPI: its functions return their errors, while
 * `GetLastError` has to be caught before anything else runs.
 *
 * @module
 */

import { readUint32, viewOf } from "../bytes.ts";
import { TransportError } from "../errors.ts";
import { decodeWide, encodeWide } from "./_kernel32.ts";

/** What is used of cfgmgr32.dll. */
export const CONFIG_MANAGER = {
  CM_Get_Device_ID_List_SizeW: {
    parameters: ["buffer", "buffer", "u32"],
    result: "u32",
  },
  CM_Get_Device_ID_ListW: {
    parameters: ["buffer", "buffer", "u32", "u32"],
    result: "u32",
  },
  CM_Locate_DevNodeW: {
    parameters: ["buffer", "buffer", "u32"],
    result: "u32",
  },
  CM_Get_Parent: { parameters: ["buffer", "u32", "u32"], result: "u32" },
  CM_Get_Device_IDW: {
    parameters: ["u32", "buffer", "u32", "u32"],
    result: "u32",
  },
  CM_Get_DevNode_Registry_PropertyW: {
    parameters: ["u32", "u32", "pointer", "buffer", "buffer", "u32"],
    result: "u32",
  },
  CM_Get_DevNode_PropertyW: {
    parameters: ["u32", "buffer", "buffer", "buffer", "buffer", "u32"],
    result: "u32",
  },
  CM_Open_DevNode_Key: {
    parameters: ["u32", "u32", "u32", "u32", "buffer", "u32"],
    result: "u32",
  },
} as const satisfies Deno.ForeignLibraryInterface;

/** What is used of advapi32.dll. */
export const REGISTRY = {
  RegQueryValueExW: {
    parameters: ["usize", "buffer", "pointer", "pointer", "buffer", "buffer"],
    result: "i32",
  },
  RegCloseKey: { parameters: ["usize"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

/** The functions of cfgmgr32 and advapi32 in use. */
export type DeviceManager =
  & Deno.StaticForeignLibraryInterface<typeof CONFIG_MANAGER>
  & Deno.StaticForeignLibraryInterface<typeof REGISTRY>;

const CR_SUCCESS = 0;
const CR_BUFFER_SMALL = 0x1a;
/** GUID_DEVCLASS_PORTS. */
const PORTS_CLASS = "{4d36e978-e325-11ce-bfc1-08002be10318}";
const FILTER_PRESENT_OF_CLASS = 0x100 | 0x200;
/** DEVPKEY_Device_BusReportedDeviceDesc: what the device itself says, the USB product string. */
const BUS_REPORTED_NAME = encodePropertyKey(
  "540b947e-8b40-45bc-a8a2-6a0b894cbda2",
  4,
);
const KEY_QUERY_VALUE = 1;
const OPEN_EXISTING = 1; // RegDisposition_OpenExisting
const MAX_TEXT = 4096;

/**
 * Lists the instance ids of the ports that are present, parallel ones included.
 *
 * @throws {TransportError} `port-unsupported` if the tree cannot be read.
 */
export function listInstances(manager: DeviceManager): string[] {
  const filter = encodeWide(PORTS_CLASS);
  const flags = FILTER_PRESENT_OF_CLASS;
  let status = CR_BUFFER_SMALL;
  // Something may be plugged in between the two calls.
  for (let tries = 0; tries < 5 && status === CR_BUFFER_SMALL; tries++) {
    const size = new Uint8Array(4);
    status = manager.CM_Get_Device_ID_List_SizeW(size, filter, flags);
    if (status !== CR_SUCCESS) break;
    const ids = new Uint8Array(readUint32(size) * 2);
    status = manager.CM_Get_Device_ID_ListW(
      filter,
      ids,
      ids.length / 2,
      flags,
    );
    if (status === CR_SUCCESS) return decodeWide(ids);
  }
  throw new TransportError(
    `Cannot list serial ports: the device manager answered ${status}`,
    { code: "port-unsupported" },
  );
}

/** Finds a device by its instance id, if it is still there. */
export function locateNode(
  manager: DeviceManager,
  id: string,
): number | undefined {
  const node = fill(
    4,
    (out) => manager.CM_Locate_DevNodeW(out, encodeWide(id), 0),
  );
  return node && readUint32(node);
}

/** Goes up the tree by one. */
export function parentOf(
  manager: DeviceManager,
  node: number,
): number | undefined {
  const above = fill(4, (out) => manager.CM_Get_Parent(out, node, 0));
  return above && readUint32(above);
}

/** Reads a device's instance id. */
export function readInstanceId(manager: DeviceManager, node: number): string {
  const id = fill(
    MAX_TEXT,
    (out) => manager.CM_Get_Device_IDW(node, out, out.length / 2, 0),
  );
  return id === undefined ? "" : decodeWide(id)[0] ?? "";
}

/** Reads a text property; one that the device lacks has no strings. */
export function readProperty(
  manager: DeviceManager,
  node: number,
  property: number,
): string[] {
  const text = fill(
    MAX_TEXT,
    (out) =>
      manager.CM_Get_DevNode_Registry_PropertyW(
        node,
        property,
        null,
        out,
        sizeOf(out),
        0,
      ),
  );
  return text === undefined ? [] : decodeWide(text);
}

/** Reads what the device itself says it is. */
export function readBusName(
  manager: DeviceManager,
  node: number,
): string | undefined {
  const type = new Uint8Array(4);
  const text = fill(MAX_TEXT, (out) =>
    manager.CM_Get_DevNode_PropertyW(
      node,
      BUS_REPORTED_NAME,
      type,
      out,
      sizeOf(out),
      0,
    ));
  return text === undefined ? undefined : decodeWide(text)[0];
}

/** Reads the name that a port goes by: `COM5`, `LPT1`. */
export function readPortName(
  manager: DeviceManager,
  node: number,
): string | undefined {
  const opened = fill(8, (out) =>
    manager.CM_Open_DevNode_Key(
      node,
      KEY_QUERY_VALUE,
      0,
      OPEN_EXISTING,
      out,
      0, // CM_REGISTRY_HARDWARE
    ));
  if (opened === undefined) return undefined;
  const key = viewOf(opened).getBigUint64(0, true);
  const name = fill(MAX_TEXT, (out) =>
    manager.RegQueryValueExW(
      key,
      encodeWide("PortName"),
      null,
      null,
      out,
      sizeOf(out),
    ));
  manager.RegCloseKey(key);
  return name === undefined ? undefined : decodeWide(name)[0];
}

/** Returns a zeroed buffer that `call` has filled, or nothing if it reports an error. */
function fill(
  size: number,
  call: (out: Uint8Array<ArrayBuffer>) => number,
): Uint8Array<ArrayBuffer> | undefined {
  const out = new Uint8Array(size);
  return call(out) === CR_SUCCESS ? out : undefined;
}

/** A buffer's size as an in-and-out parameter. */
function sizeOf(buffer: Uint8Array): Uint8Array<ArrayBuffer> {
  const size = new Uint8Array(4);
  viewOf(size).setUint32(0, buffer.length, true);
  return size;
}

/** Encodes a DEVPROPKEY: a GUID, whose first three numbers are little-endian, and a number. */
function encodePropertyKey(
  guid: string,
  number: number,
): Uint8Array<ArrayBuffer> {
  const digits = guid.replaceAll("-", "");
  const key = new Uint8Array(20);
  const view = viewOf(key);
  view.setUint32(0, parseInt(digits.slice(0, 8), 16), true);
  view.setUint16(4, parseInt(digits.slice(8, 12), 16), true);
  view.setUint16(6, parseInt(digits.slice(12, 16), 16), true);
  key.set(Uint8Array.fromHex(digits.slice(16)), 8);
  view.setUint32(16, number, true);
  return key;
}
