/**
 * Serial ports on Windows, out of the device tree.
 *
 * @module
 */

import {
  CONFIG_MANAGER,
  type DeviceManager,
  listInstances,
  locateNode,
  parentOf,
  readBusName,
  readInstanceId,
  readPortName,
  readProperty,
  REGISTRY,
} from "./_device_manager.ts";
import type { ListedPort } from "./_listed_port.ts";

const CM_DRP_MFG = 0x0c;
const CM_DRP_FRIENDLYNAME = 0x0d;
const CM_DRP_LOCATION_PATHS = 0x24;
/** From a port up to its USB device: its function of a composite device, a vendor's own bus. */
const MAX_CLIMB = 4;

/** Lists the ports of this machine. Needs `--allow-ffi`. */
export function listWindowsPorts(): ListedPort[] {
  const manager = Deno.dlopen("cfgmgr32.dll", CONFIG_MANAGER);
  try {
    const registry = Deno.dlopen("advapi32.dll", REGISTRY);
    try {
      return readDevices({ ...manager.symbols, ...registry.symbols });
    } finally {
      registry.close();
    }
  } finally {
    manager.close();
  }
}

/**
 * Lists the ports of a device tree.
 *
 * @throws {TransportError} `port-unsupported` if the tree cannot be read.
 */
export function readDevices(manager: DeviceManager): ListedPort[] {
  return listInstances(manager)
    .map((id) => readDevice(manager, id))
    .filter((port) => port !== undefined);
}

/** What a device instance id says of a USB device, or of one function of it. */
export interface UsbInstance {
  /** USB vendor id. */
  readonly usbVendorId: number;
  /** USB product id. */
  readonly usbProductId: number;
  /** The device's own serial number; Windows invents one with an `&` where there is none. */
  readonly serialNumber: string | undefined;
  /** The interface number, if this is a function of a composite device and not the device. */
  readonly functionOf: number | undefined;
}

/** Parses an instance id such as `USB\VID_10C4&PID_EA60\0001`; others are no USB device's. */
export function parseInstanceId(id: string): UsbInstance | undefined {
  const match =
    /^USB\\VID_([0-9A-F]{4})&PID_([0-9A-F]{4})(?:&MI_([0-9A-F]{2}))?\\(.+)$/i
      .exec(id);
  if (match === null) return undefined;
  const [, vendor = "", product = "", functionOf, last = ""] = match;
  return {
    usbVendorId: parseInt(vendor, 16),
    usbProductId: parseInt(product, 16),
    serialNumber: last.includes("&") ? undefined : last,
    functionOf: functionOf === undefined ? undefined : parseInt(functionOf, 16),
  };
}

/**
 * Shortens a location path: `PCIROOT(0)#PCI(1400)#USBROOT(0)#USB(2)#USB(3)` is
 * `0.1400.0-2.3`, the way to the root hub and then the hub ports.
 */
export function parseLocationPath(path: string): string | undefined {
  const match = /^(.*#USBROOT\(\w+\))((?:#USB\(\d+\))+)/.exec(path);
  if (match === null) return undefined;
  const [, controller = "", ports = ""] = match;
  return `${valuesOf(controller)}-${valuesOf(ports)}`;
}

function valuesOf(path: string): string {
  return Array.from(path.matchAll(/\(([^)]*)\)/g), (match) => match[1])
    .join(".");
}

function readDevice(
  manager: DeviceManager,
  id: string,
): ListedPort | undefined {
  const port = locateNode(manager, id);
  if (port === undefined) return undefined; // unplugged since
  const path = readPortName(manager, port);
  if (path === undefined || !/^COM\d+$/i.test(path)) return undefined; // LPT1
  const usb = findUsbDevice(manager, port, id);
  return {
    info: {
      path,
      description: readProperty(manager, port, CM_DRP_FRIENDLYNAME)[0],
      ...(usb && {
        usbVendorId: usb.instance.usbVendorId,
        usbProductId: usb.instance.usbProductId,
        serialNumber: usb.instance.serialNumber,
        manufacturer: readProperty(manager, port, CM_DRP_MFG)[0],
        product: readBusName(manager, usb.node),
        location: readLocation(manager, usb.node),
      }),
    },
    usbInterface: usb?.usbInterface,
  };
}

interface UsbNode {
  readonly node: number;
  readonly instance: UsbInstance;
  readonly usbInterface: string | undefined;
}

function findUsbDevice(
  manager: DeviceManager,
  port: number,
  portId: string,
): UsbNode | undefined {
  let node = port;
  let id = portId;
  let usbInterface: string | undefined;
  for (let climbed = 0; climbed <= MAX_CLIMB; climbed++) {
    const instance = parseInstanceId(id);
    if (instance !== undefined) {
      const { functionOf } = instance;
      if (functionOf === undefined) return { node, instance, usbInterface };
      usbInterface = `1.${functionOf}`;
    }
    const above = parentOf(manager, node);
    if (above === undefined) return undefined;
    node = above;
    id = readInstanceId(manager, node);
  }
  return undefined;
}

function readLocation(
  manager: DeviceManager,
  node: number,
): string | undefined {
  return readProperty(manager, node, CM_DRP_LOCATION_PATHS)
    .map(parseLocationPath)
    .find((location) => location !== undefined);
}
