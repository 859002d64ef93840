/**
 * By which of its own USB ports a chip is connected, if by one.
 *
 * @module
 */

import type { ChipFamily } from "../chips/family.ts";
import type { TransportInfo } from "../transport/transport.ts";
import type { CommandOptions } from "./link.ts";
import type { Loader } from "./loader.ts";

/** The chip's USB-Serial/JTAG controller, or its USB-OTG port. */
export type UsbMode = "jtag" | "otg";

/** Espressif's USB vendor id. */
export const USB_VENDOR = 0x303a;

/** What a port's USB ids tell. */
export function usbModeOf(
  { usbVendorId, usbProductId }: TransportInfo,
  { usb }: ChipFamily,
): UsbMode | undefined {
  if (usbVendorId !== USB_VENDOR || usbProductId === undefined) {
    return undefined;
  }
  if (usbProductId === usb?.otgProductId) return "otg";
  return usbProductId === usb?.jtagProductId ? "jtag" : undefined;
}

/**
 * What the ROM says of a chip whose port's USB ids are not known, as behind a
 * network.
 */
export async function readUsbMode(
  loader: Loader,
  options: CommandOptions = {},
): Promise<UsbMode | undefined> {
  const variable = loader.chip.usb?.portVariable;
  if (
    variable === undefined || loader.link.info.usbVendorId !== undefined
  ) {
    return loader.usbMode;
  }
  const port = await loader.readReg(variable.address, options) & 0xff;
  if (port === variable.otg) return "otg";
  return port === variable.jtag ? "jtag" : undefined;
}
