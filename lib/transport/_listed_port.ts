import type { PortInfo } from "./list_ports.ts";

/** What a system's own list says of a port. */
export interface ListedPort {
  /** The port, its location without the interface. */
  readonly info: PortInfo;
  /** USB configuration and interface, such as `1.0`, where the adapter tells. */
  readonly usbInterface?: string | undefined;
}

/** Sorts ports by path, ttyUSB2 before ttyUSB10, and tells apart those of one adapter. */
export function finishPorts(listed: readonly ListedPort[]): PortInfo[] {
  const byLocation = Map.groupBy(listed, ({ info }) => info.location);
  const collator = new Intl.Collator("en", { numeric: true });
  return listed
    .map(({ info, usbInterface }) => {
      const { location } = info;
      const alone = byLocation.get(location)?.length === 1;
      return location === undefined || usbInterface === undefined || alone
        ? info
        : { ...info, location: `${location}:${usbInterface}` };
    })
    .sort((a, b) => collator.compare(a.path, b.path));
}
