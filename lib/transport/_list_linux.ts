/**
 * Serial ports on Linux, out of sysfs.
 *
 * sysfs is read through libc, for Deno's own file functions demand
 * `--allow-all` there, and FFI is needed to open a port anyway.
 *
 * @module
 */

import type { ListedPort } from "./_listed_port.ts";

/** The part of a file system that the list needs. Whatever cannot be read is absent. */
export interface SysFs {
  /** The names in a folder, in no order, without `.` and `..`; none if it is absent. */
  list(path: string): string[];
  /** A file's text without its final newline. */
  readText(path: string): string | undefined;
  /** A path without links. */
  realPath(path: string): string | undefined;
}

const TTY_CLASS = "/sys/class/tty";
/** `type` of a 16550 that the kernel has reserved a name for but found no chip behind. */
const PORT_UNKNOWN = "0";

/** Lists the ports of this machine. Needs `--allow-ffi`. */
export function listLinuxPorts(): ListedPort[] {
  const sysfs = openSysFs();
  try {
    return readTtyClass(sysfs);
  } finally {
    sysfs.close();
  }
}

/** Lists the ports of a sysfs: terminals that have hardware, and a driver for it. */
export function readTtyClass(sysfs: SysFs): ListedPort[] {
  return sysfs.list(TTY_CLASS)
    .map((name) => readTty(sysfs, name))
    .filter((port) => port !== undefined);
}

/** The path that links lead to; `path` itself if there is no such file. */
export function realPathOf(path: string): string {
  const sysfs = openSysFs();
  try {
    return sysfs.realPath(path) ?? path;
  } finally {
    sysfs.close();
  }
}

function readTty(sysfs: SysFs, name: string): ListedPort | undefined {
  const tty = `${TTY_CLASS}/${name}`;
  const device = sysfs.realPath(`${tty}/device`);
  if (device === undefined) return undefined; // a virtual console or a pty
  const description = findDriver(sysfs, device);
  if (description === undefined) return undefined; // nobody serves it, or no longer
  if (sysfs.readText(`${tty}/type`) === PORT_UNKNOWN) return undefined;
  // sysfs writes the slash of a name like ttys/0 as an exclamation mark.
  const path = `/dev/${name.replaceAll("!", "/")}`;
  const usb = findUsbDevice(sysfs, device);
  if (usb === undefined) return { info: { path, description } };
  return {
    info: { path, description, ...readUsbDevice(sysfs, usb.folder) },
    usbInterface: usb.usbInterface,
  };
}

/**
 * Names the driver of a terminal's device. Since Linux 6.5 two devices of the
 * serial core, with drivers in name only, stand below a UART's own.
 */
function findDriver(sysfs: SysFs, device: string): string | undefined {
  for (let folder = device; folder !== ""; folder = parent(folder)) {
    const driver = sysfs.realPath(`${folder}/driver`);
    if (driver === undefined) return undefined;
    if (!driver.includes("/bus/serial-base/")) return baseName(driver);
  }
  return undefined;
}

interface UsbPlace {
  readonly folder: string;
  readonly usbInterface: string | undefined;
}

/** Walks up from a terminal's device to the USB device that it belongs to. */
function findUsbDevice(sysfs: SysFs, device: string): UsbPlace | undefined {
  let usbInterface: string | undefined;
  for (let folder = device; folder !== ""; folder = parent(folder)) {
    if (sysfs.readText(`${folder}/bInterfaceNumber`) !== undefined) {
      usbInterface = baseName(folder).split(":")[1];
    }
    if (sysfs.readText(`${folder}/idVendor`) !== undefined) {
      return { folder, usbInterface };
    }
  }
  return undefined;
}

function readUsbDevice(sysfs: SysFs, folder: string) {
  return {
    usbVendorId: parseHex(sysfs.readText(`${folder}/idVendor`)),
    usbProductId: parseHex(sysfs.readText(`${folder}/idProduct`)),
    serialNumber: sysfs.readText(`${folder}/serial`),
    manufacturer: sysfs.readText(`${folder}/manufacturer`),
    product: sysfs.readText(`${folder}/product`),
    location: baseName(folder),
  };
}

function parseHex(text: string | undefined): number | undefined {
  return text === undefined ? undefined : parseInt(text, 16);
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function parent(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}

const SYMBOLS = {
  opendir: { parameters: ["buffer"], result: "pointer" },
  readdir: { parameters: ["pointer"], result: "pointer" },
  closedir: { parameters: ["pointer"], result: "i32" },
  realpath: { parameters: ["buffer", "buffer"], result: "pointer" },
  open: { parameters: ["buffer", "i32"], result: "i32" },
  read: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  close: { parameters: ["i32"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

/** Where `d_name` starts in a 64-bit `struct dirent`. */
const D_NAME = 19;
const O_RDONLY_CLOEXEC = 0x80000;
/** PATH_MAX, which `realpath` may fill, and as it happens also the most that a sysfs file holds. */
const PATH_MAX = 4096;

/** Loads libc for as long as a list takes. Needs `--allow-ffi`. */
function openSysFs(): SysFs & { close(): void } {
  const library = Deno.dlopen("libc.so.6", SYMBOLS);
  const libc = library.symbols;
  const buffer = new Uint8Array(PATH_MAX);
  return {
    list(path) {
      const folder = libc.opendir(encodeC(path));
      if (folder === null) return [];
      const names: string[] = [];
      let entry = libc.readdir(folder);
      for (; entry !== null; entry = libc.readdir(folder)) {
        names.push(Deno.UnsafePointerView.getCString(entry, D_NAME));
      }
      libc.closedir(folder);
      return names.filter((name) => name !== "." && name !== "..");
    },
    readText(path) {
      const fd = libc.open(encodeC(path), O_RDONLY_CLOEXEC);
      if (fd === -1) return undefined;
      const size = Number(libc.read(fd, buffer, BigInt(buffer.length)));
      libc.close(fd);
      if (size < 0) return undefined; // unplugged since
      return new TextDecoder().decode(buffer.subarray(0, size))
        .replace(/\n$/, "");
    },
    realPath(path) {
      if (libc.realpath(encodeC(path), buffer) === null) return undefined;
      return new TextDecoder().decode(
        buffer.subarray(0, buffer.indexOf(0)),
      );
    },
    close: () => library.close(),
  };
}

function encodeC(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${text}\0`);
}
