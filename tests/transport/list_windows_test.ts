import assert from "node:assert/strict";
import { TransportError } from "../../lib/errors.ts";
import type { DeviceManager } from "../../lib/transport/_device_manager.ts";
import {
  parseInstanceId,
  parseLocationPath,
  readDevices,
} from "../../lib/transport/_list_windows.ts";
import { finishPorts } from "../../lib/transport/_listed_port.ts";
import { bytesOf, put32 } from "./_buffers.ts";

Deno.test("parseInstanceId reads USB devices and functions, and no others", () => {
  const cases: readonly [string, ReturnType<typeof parseInstanceId>][] = [
    ["USB\\VID_10C4&PID_EA60\\0001", usb(0x10c4, 0xea60, "0001")],
    ["USB\\VID_1A86&PID_7523\\5&2A9B8C&0&3", usb(0x1a86, 0x7523)],
    [
      "USB\\VID_303A&PID_1001\\7C:DF:A1:E0:12:34",
      usb(0x303a, 0x1001, "7C:DF:A1:E0:12:34"),
    ],
    [
      "USB\\VID_303A&PID_1001&MI_0A\\6&1B2C&0&0000",
      usb(0x303a, 0x1001, undefined, 10),
    ],
    ["usb\\vid_0403&pid_6001\\A50285BI", usb(0x0403, 0x6001, "A50285BI")],
    ["FTDIBUS\\VID_0403+PID_6001+A50285BIA\\0000", undefined],
    ["ACPI\\PNP0501\\1", undefined],
    ["USB\\ROOT_HUB30\\4&1D2E&0&0", undefined],
  ];
  for (const [id, expected] of cases) {
    assert.deepEqual(parseInstanceId(id), expected, id);
  }
});

function usb(
  usbVendorId: number,
  usbProductId: number,
  serialNumber?: string,
  functionOf?: number,
) {
  return { usbVendorId, usbProductId, serialNumber, functionOf };
}

Deno.test("parseLocationPath keeps the controller and the hub ports", () => {
  const cases: readonly [string, string | undefined][] = [
    ["PCIROOT(0)#PCI(1400)#USBROOT(0)#USB(2)#USB(3)", "0.1400.0-2.3"],
    ["PCIROOT(0)#PCI(1400)#USBROOT(0)#USB(5)#USBMI(2)", "0.1400.0-5"],
    ["PCIROOT(0)#PCI(0801)#PCI(0003)#USBROOT(0)#USB(1)", "0.0801.0003.0-1"],
    ["ACPI(_SB_)#ACPI(PCI0)#ACPI(S01_)", undefined],
    ["PCIROOT(0)#PCI(1400)#USBROOT(0)", undefined],
  ];
  for (const [path, expected] of cases) {
    assert.equal(parseLocationPath(path), expected, path);
  }
});

interface FakeDevice {
  readonly id: string;
  readonly parent?: string;
  readonly portName?: string;
  readonly name?: string;
  readonly busName?: string;
  readonly maker?: string;
  readonly locations?: readonly string[];
}

const CR_NO_SUCH_VALUE = 0x25;
const CR_NO_SUCH_DEVNODE = 0x0d;
const ERROR_FILE_NOT_FOUND = 2;

/** A device tree behind the functions of cfgmgr32 and advapi32. */
class FakeDeviceManager {
  readonly openKeys = new Set<bigint>();
  /** What the list of instance ids fails with at its first calls. */
  listErrors: number[] = [];
  readonly #devices: readonly FakeDevice[];

  constructor(devices: readonly FakeDevice[]) {
    this.#devices = devices;
  }

  functions(): DeviceManager {
    const ports = () =>
      this.#devices.filter(({ portName }) => portName !== undefined)
        .map(({ id }) => id);
    return {
      CM_Get_Device_ID_List_SizeW: (size, filter, flags) => {
        assert.equal(flags, 0x300);
        assert.equal(
          decode(filter),
          "{4d36e978-e325-11ce-bfc1-08002be10318}\0",
        );
        put32(size, wide(ports()).length / 2);
        return 0;
      },
      CM_Get_Device_ID_ListW: (_filter, ids, length) => {
        const error = this.listErrors.shift();
        if (error !== undefined) return error;
        assert.equal(length * 2, bytesOf(ids).length);
        bytesOf(ids).set(wide(ports()));
        return 0;
      },
      CM_Locate_DevNodeW: (node, id) => {
        const index = this.#indexOf(decode(id).replace("\0", ""));
        if (index === 0) return CR_NO_SUCH_DEVNODE;
        put32(node, index);
        return 0;
      },
      CM_Get_Parent: (out, node) => {
        const index = this.#indexOf(this.#device(node).parent);
        if (index === 0) return CR_NO_SUCH_DEVNODE;
        put32(out, index);
        return 0;
      },
      CM_Get_Device_IDW: (node, out, length) => {
        const id = wide([this.#device(node).id]);
        assert.ok(length * 2 >= id.length);
        bytesOf(out).set(id);
        return 0;
      },
      CM_Get_DevNode_Registry_PropertyW: (node, property, _type, out, size) => {
        const { name, maker, locations } = this.#device(node);
        const values = { 0x0c: maker, 0x0d: name }[property];
        return answer(
          property === 0x24 ? locations : values && [values],
          out,
          size,
          CR_NO_SUCH_VALUE,
        );
      },
      CM_Get_DevNode_PropertyW: (node, key, _type, out, size) => {
        // DEVPKEY_Device_BusReportedDeviceDesc as it lies in memory.
        assert.equal(
          bytesOf(key).toHex(),
          "7e940b54" + "408b" + "bc45" + "a8a26a0b894cbda2" + "04000000",
        );
        const { busName } = this.#device(node);
        return answer(busName && [busName], out, size, CR_NO_SUCH_VALUE);
      },
      CM_Open_DevNode_Key: (node, _access, _profile, disposition, key) => {
        assert.equal(disposition, 1);
        const handle = BigInt(node) + 0x1000n;
        this.openKeys.add(handle);
        new DataView(bytesOf(key).buffer).setBigUint64(0, handle, true);
        return 0;
      },
      RegQueryValueExW: (key, name, _reserved, _type, out, size) => {
        assert.ok(this.openKeys.has(BigInt(key)));
        assert.equal(decode(name), "PortName\0");
        const { portName } = this.#device(Number(key) - 0x1000);
        return answer(portName && [portName], out, size, ERROR_FILE_NOT_FOUND);
      },
      RegCloseKey: (key) => this.openKeys.delete(BigInt(key)) ? 0 : 6,
    };
  }

  /** Node numbers are places in the list, from 1. */
  #indexOf(id: string | undefined): number {
    return this.#devices.findIndex((device) => device.id === id) + 1;
  }

  #device(node: number): FakeDevice {
    const device = this.#devices[node - 1];
    if (device === undefined) throw new Error(`No node ${node}`);
    return device;
  }
}

function answer(
  values: readonly string[] | "" | undefined,
  out: AllowSharedBufferSource | null,
  size: AllowSharedBufferSource | null,
  absent: number,
): number {
  if (values === undefined || values === "") return absent;
  const text = wide(values);
  const available = new DataView(bytesOf(size).buffer).getUint32(0, true);
  assert.equal(available, bytesOf(out).length);
  bytesOf(out).set(text);
  return 0;
}

function decode(buffer: AllowSharedBufferSource | null): string {
  return new TextDecoder("utf-16le").decode(bytesOf(buffer));
}

/** A REG_MULTI_SZ. */
function wide(texts: readonly string[]): Uint8Array {
  const text = texts.map((each) => `${each}\0`).join("") + "\0";
  const units = Uint16Array.from(text, (unit) => unit.charCodeAt(0));
  return new Uint8Array(units.buffer);
}

const HUB = "USB\\VID_05E3&PID_0610\\5&1&0&2";

const WINDOWS_DESK: readonly FakeDevice[] = [
  { id: HUB },
  {
    id: "USB\\VID_1A86&PID_7523\\6&2A9B&0&3",
    parent: HUB,
    portName: "COM11",
    name: "USB-SERIAL CH340 (COM11)",
    busName: "USB Serial",
    maker: "wch.cn",
    locations: [
      "PCIROOT(0)#PCI(1400)#USBROOT(0)#USB(2)#USB(3)",
      "ACPI(_SB_)#ACPI(PCI0)#ACPI(XHC_)#ACPI(RHUB)#ACPI(HS02)#USB(3)",
    ],
  },
  {
    id: "USB\\VID_1A86&PID_7523\\6&2A9B&0&4",
    parent: HUB,
    portName: "COM5",
    locations: ["PCIROOT(0)#PCI(1400)#USBROOT(0)#USB(2)#USB(4)"],
  },
  {
    id: "USB\\VID_303A&PID_1001\\7C:DF:A1:E0:12:34",
    parent: HUB,
    busName: "USB JTAG/serial debug unit",
    locations: ["PCIROOT(0)#PCI(1400)#USBROOT(0)#USB(5)"],
  },
  {
    id: "USB\\VID_303A&PID_1001&MI_00\\7&1&0&0000",
    parent: "USB\\VID_303A&PID_1001\\7C:DF:A1:E0:12:34",
    portName: "COM7",
    busName: "its first interface",
  },
  {
    id: "USB\\VID_0403&PID_6010\\FT4XYZ",
    parent: HUB,
    busName: "Dual RS232",
    locations: ["PCIROOT(0)#PCI(1400)#USBROOT(0)#USB(6)"],
  },
  ...[0, 1].flatMap((each) => [
    {
      id: `USB\\VID_0403&PID_6010&MI_0${each}\\7&2&0&000${each}`,
      parent: "USB\\VID_0403&PID_6010\\FT4XYZ",
    },
    {
      id: `FTDIBUS\\VID_0403+PID_6010+FT4XYZ${"AB"[each]}\\0000`,
      parent: `USB\\VID_0403&PID_6010&MI_0${each}\\7&2&0&000${each}`,
      portName: `COM2${each}`,
    },
  ]),
  { id: "ACPI\\PNP0501\\1", portName: "COM1", name: "Communications Port" },
  { id: "ACPI\\PNP0400\\1", portName: "LPT1" },
];

Deno.test("readDevices finds the USB device behind ports, functions and vendors' buses", () => {
  const manager = new FakeDeviceManager(WINDOWS_DESK);
  const ports = finishPorts(readDevices(manager.functions()));
  assert.deepEqual(
    ports.map(({ path, location, serialNumber }) => [
      path,
      location,
      serialNumber,
    ]),
    [
      ["COM1", undefined, undefined],
      ["COM5", "0.1400.0-2.4", undefined],
      ["COM7", "0.1400.0-5", "7C:DF:A1:E0:12:34"],
      ["COM11", "0.1400.0-2.3", undefined],
      ["COM20", "0.1400.0-6:1.0", "FT4XYZ"],
      ["COM21", "0.1400.0-6:1.1", "FT4XYZ"],
    ],
  );
  assert.deepEqual(ports[0], {
    path: "COM1",
    description: "Communications Port",
  });
  assert.deepEqual(ports[3], {
    path: "COM11",
    usbVendorId: 0x1a86,
    usbProductId: 0x7523,
    serialNumber: undefined,
    manufacturer: "wch.cn",
    product: "USB Serial",
    location: "0.1400.0-2.3",
    description: "USB-SERIAL CH340 (COM11)",
  });
  assert.equal(ports[2]?.product, "USB JTAG/serial debug unit");
  assert.equal(manager.openKeys.size, 0);
});

Deno.test("readDevices asks again when something is plugged in meanwhile, and fails with a typed error", () => {
  const manager = new FakeDeviceManager(WINDOWS_DESK);
  manager.listErrors = [0x1a, 0x1a];
  assert.equal(readDevices(manager.functions()).length, 6);

  manager.listErrors = [0x13];
  assert.throws(
    () => readDevices(manager.functions()),
    (error) =>
      error instanceof TransportError && error.code === "port-unsupported",
  );
});
