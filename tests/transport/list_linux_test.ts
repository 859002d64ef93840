import assert from "node:assert/strict";
import { readTtyClass, type SysFs } from "../../lib/transport/_list_linux.ts";
import { finishPorts } from "../../lib/transport/_listed_port.ts";

/** A sysfs in memory: files hold text, links name their target from the root. */
class FakeSysFs implements SysFs {
  readonly files = new Map<string, string>();
  readonly links = new Map<string, string>();
  /** Called before each look, to let things vanish. */
  onLook: (path: string) => void = () => {};

  list(path: string): string[] {
    const inside = [...this.files.keys(), ...this.links.keys()]
      .filter((each) => each.startsWith(`${path}/`))
      .map((each) => each.slice(path.length + 1).split("/")[0] ?? "");
    return [...new Set(inside)];
  }

  readText(path: string): string | undefined {
    this.onLook(path);
    return this.files.get(this.#resolve(path));
  }

  realPath(path: string): string | undefined {
    this.onLook(path);
    const real = this.#resolve(path);
    const known = [...this.files.keys(), ...this.links.keys()].some((each) =>
      each === real || each.startsWith(`${real}/`)
    );
    return known ? real : undefined;
  }

  /** Takes away a folder and all links into it. */
  remove(folder: string): void {
    for (const path of this.files.keys()) {
      if (path.startsWith(`${folder}/`)) this.files.delete(path);
    }
    for (const [path, target] of this.links) {
      if (`${path}/`.startsWith(folder) || `${target}/`.startsWith(folder)) {
        this.links.delete(path);
      }
    }
  }

  #resolve(path: string): string {
    for (const [link, target] of this.links) {
      if (path === link || path.startsWith(`${link}/`)) {
        return this.#resolve(target + path.slice(link.length));
      }
    }
    return path;
  }
}

const XHCI = "/sys/devices/pci0000:00/0000:00:14.0/usb1";

function addUsbDevice(
  sysfs: FakeSysFs,
  folder: string,
  attributes: Record<string, string>,
): void {
  for (const [name, value] of Object.entries(attributes)) {
    sysfs.files.set(`${folder}/${name}`, value);
  }
}

function addUsbTty(
  sysfs: FakeSysFs,
  usbInterface: string,
  name: string,
  driver: string,
): void {
  sysfs.files.set(`${usbInterface}/bInterfaceNumber`, "00");
  // usb-serial puts a device of its own below the interface; CDC ACM does not.
  const device = name.startsWith("ttyUSB")
    ? `${usbInterface}/${name}`
    : usbInterface;
  const bus = name.startsWith("ttyUSB") ? "usb-serial" : "usb";
  addTty(sysfs, device, name, `/sys/bus/${bus}/drivers/${driver}`);
}

function addTty(
  sysfs: FakeSysFs,
  device: string,
  name: string,
  driver: string,
): void {
  sysfs.files.set(`${driver}/bind`, "");
  sysfs.links.set(`${device}/driver`, driver);
  sysfs.files.set(`${device}/tty/${name}/dev`, "188:0");
  sysfs.links.set(`${device}/tty/${name}/device`, device);
  sysfs.links.set(`/sys/class/tty/${name}`, `${device}/tty/${name}`);
}

const CH340 = {
  idVendor: "1a86",
  idProduct: "7523",
  product: "USB Serial",
} as const;

/** A desk: a hub with two CH340s and a CP2102, an ESP32-S3, a phantom, a real UART. */
function desk(): FakeSysFs {
  const sysfs = new FakeSysFs();
  const virtual = "/sys/devices/virtual/tty/tty0";
  sysfs.files.set(`${virtual}/dev`, "4:0");
  sysfs.links.set("/sys/class/tty/tty0", virtual);

  const platform = "/sys/devices/platform/serial8250";
  addTty(sysfs, platform, "ttyS1", "/sys/bus/platform/drivers/serial8250");
  sysfs.files.set(`${platform}/tty/ttyS1/type`, "0");
  const acpi = "/sys/devices/pnp0/00:01";
  addTty(sysfs, acpi, "ttyS0", "/sys/bus/pnp/drivers/serial");
  sysfs.files.set(`${acpi}/tty/ttyS0/type`, "4");

  addUsbDevice(sysfs, XHCI, { idVendor: "1d6b", idProduct: "0002" });
  addUsbDevice(sysfs, `${XHCI}/1-2`, { idVendor: "05e3", idProduct: "0610" });
  for (const [port, tty] of [[3, "ttyUSB10"], [4, "ttyUSB2"]] as const) {
    const folder = `${XHCI}/1-2/1-2.${port}`;
    addUsbDevice(sysfs, folder, CH340);
    addUsbTty(sysfs, `${folder}/1-2.${port}:1.0`, tty, "ch341-uart");
  }
  const cp2102 = `${XHCI}/1-2/1-2.1`;
  addUsbDevice(sysfs, cp2102, {
    idVendor: "10c4",
    idProduct: "ea60",
    serial: "0001",
    manufacturer: "Silicon Labs",
    product: "CP2102 USB to UART Bridge Controller",
  });
  addUsbTty(sysfs, `${cp2102}/1-2.1:1.0`, "ttyUSB0", "cp210x");
  const s3 = `${XHCI}/1-5`;
  addUsbDevice(sysfs, s3, {
    idVendor: "303a",
    idProduct: "1001",
    serial: "7C:DF:A1:E0:12:34",
    manufacturer: "Espressif",
    product: "USB JTAG/serial debug unit",
  });
  addUsbTty(sysfs, `${s3}/1-5:1.0`, "ttyACM0", "cdc_acm");
  return sysfs;
}

Deno.test("readTtyClass lists adapters with what they say, and real UARTs, and no phantoms", () => {
  const ports = finishPorts(readTtyClass(desk()));
  assert.deepEqual(ports.map(({ path }) => path), [
    "/dev/ttyACM0",
    "/dev/ttyS0",
    "/dev/ttyUSB0",
    "/dev/ttyUSB2",
    "/dev/ttyUSB10",
  ]);
  assert.deepEqual(ports[0], {
    path: "/dev/ttyACM0",
    usbVendorId: 0x303a,
    usbProductId: 0x1001,
    serialNumber: "7C:DF:A1:E0:12:34",
    manufacturer: "Espressif",
    product: "USB JTAG/serial debug unit",
    location: "1-5",
    description: "cdc_acm",
  });
  assert.deepEqual(ports[1], { path: "/dev/ttyS0", description: "serial" });
  assert.equal(ports[2]?.usbVendorId, 0x10c4);
  assert.equal(ports[2]?.usbProductId, 0xea60);
  assert.equal(ports[2]?.serialNumber, "0001");
  assert.equal(ports[2]?.manufacturer, "Silicon Labs");
});

Deno.test("readTtyClass tells two CH340s on one hub apart by their location alone", () => {
  const ports = finishPorts(readTtyClass(desk()))
    .filter(({ usbVendorId }) => usbVendorId === 0x1a86);
  assert.deepEqual(ports.map(({ location }) => location), ["1-2.4", "1-2.3"]);
  const [a, b] = ports.map(({ path: _, location: __, ...rest }) => rest);
  assert.deepEqual(a, b);
  assert.equal(a?.serialNumber, undefined);
});

Deno.test("readTtyClass names the interface where one adapter has several ports", () => {
  const sysfs = new FakeSysFs();
  const cp2105 = `${XHCI}/1-7`;
  addUsbDevice(sysfs, cp2105, { idVendor: "10c4", idProduct: "ea70" });
  addUsbTty(sysfs, `${cp2105}/1-7:1.0`, "ttyUSB0", "cp210x");
  addUsbTty(sysfs, `${cp2105}/1-7:1.1`, "ttyUSB1", "cp210x");
  assert.deepEqual(
    finishPorts(readTtyClass(sysfs)).map(({ location }) => location),
    ["1-7:1.0", "1-7:1.1"],
  );
});

Deno.test("readTtyClass names a UART's own driver, not the serial core's", () => {
  const sysfs = new FakeSysFs();
  const uart = "/sys/devices/pnp0/00:00";
  sysfs.files.set("/sys/bus/pnp/drivers/serial/bind", "");
  sysfs.links.set(`${uart}/driver`, "/sys/bus/pnp/drivers/serial");
  for (const [folder, name] of [["00:00:0", "ctrl"]] as const) {
    const driver = `/sys/bus/serial-base/drivers/${name}`;
    sysfs.files.set(`${driver}/bind`, "");
    sysfs.links.set(`${uart}/${folder}/driver`, driver);
  }
  addTty(
    sysfs,
    `${uart}/00:00:0/00:00:0.0`,
    "ttyS0",
    "/sys/bus/serial-base/drivers/port",
  );
  assert.deepEqual(readTtyClass(sysfs), [
    { info: { path: "/dev/ttyS0", description: "serial" } },
  ]);
});

Deno.test("readTtyClass leaves out a terminal without a driver", () => {
  const sysfs = desk();
  sysfs.links.delete(`${XHCI}/1-5/1-5:1.0/driver`);
  assert.ok(
    readTtyClass(sysfs).every(({ info }) => info.path !== "/dev/ttyACM0"),
  );
});

Deno.test("readTtyClass survives an adapter that vanishes at any moment", () => {
  const whole = readTtyClass(desk());
  let looks = 0;
  const count = desk();
  count.onLook = () => looks++;
  readTtyClass(count);
  const others = whole.filter(({ info }) => info.location !== "1-2.1");
  for (let at = 1; at <= looks; at++) {
    const sysfs = desk();
    let look = 0;
    sysfs.onLook = () => {
      if (++look === at) sysfs.remove(`${XHCI}/1-2/1-2.1`);
    };
    const ports = readTtyClass(sysfs);
    assert.deepEqual(
      ports.filter(({ info }) => info.path !== "/dev/ttyUSB0"),
      others,
      `at look ${at}`,
    );
  }
});

Deno.test("readTtyClass lists nothing where there is no sysfs", () => {
  assert.deepEqual(readTtyClass(new FakeSysFs()), []);
});

Deno.test("readTtyClass turns the exclamation mark of a nested name into a slash", () => {
  const sysfs = new FakeSysFs();
  addTty(
    sysfs,
    "/sys/devices/platform/x",
    "ttys!3",
    "/sys/bus/platform/drivers/x",
  );
  assert.equal(readTtyClass(sysfs)[0]?.info.path, "/dev/ttys/3");
});
