/**
 * `app-info`: what the applications in a board's flash say about themselves.
 *
 * @module
 */

import { type InstalledApp, readApps } from "../../../mod.ts";
import { type Command, defineCommand } from "../command.ts";
import { partitionSource, TABLE_OPTIONS } from "../partition_options.ts";
import { integer, listOf, maybe, object, text, truth } from "../schema.ts";
import type { Screen } from "../screen.ts";
import { withDevice } from "../session.ts";
import { hex, printable } from "../text.ts";

/** Tells project, version and build of each application in flash. */
export const appInfo: Command = defineCommand({
  name: "app-info",
  summary: "tell which applications are in flash, and which one starts",
  boards: "many",
  examples: [
    { line: "app-info", does: "names project, version and build" },
    {
      line: "--port all app-info --json",
      does: "of every board that is connected",
    },
  ],
  result: object({
    apps: listOf(
      object({
        partition: text("the partition's name"),
        address: integer("where it begins in flash"),
        boots: truth("whether the bootloader is to start it"),
        project: maybe(text("the project's name")),
        version: maybe(text("the application's version")),
        date: maybe(text("the day of the build")),
        time: maybe(text("the time of the build")),
        idfVersion: maybe(text("the version of ESP-IDF")),
        elfSha256: maybe(text("the SHA-256 digest of the ELF file, in hex")),
        secureVersion: maybe(integer("the security version")),
      }),
      "the applications' partitions; those without a descriptor have no project",
    ),
  }),
  arguments: {},
  options: TABLE_OPTIONS,
  async run(call) {
    const source = await partitionSource(call.options, call.globals.chip);
    return await withDevice(call, async (_chip, device) => {
      const partitions = await source(device);
      const apps = await readApps(device, { partitions });
      for (const app of apps) describe(app, call.screen);
      return { apps: apps.map(toJson) };
    });
  },
});

function describe(
  { partition, descriptor, boots }: InstalledApp,
  screen: Screen,
): void {
  const place = `${partition.name} at ${hex(partition.offset)}`;
  const mark = boots ? ", which starts" : "";
  if (descriptor === undefined) {
    screen.line(`${place}${mark}: no application with a description`);
    return;
  }
  const { project, version, date, time, idfVersion, elfSha256 } = descriptor;
  screen.line(`${place}${mark}:`);
  screen.line(`  Project:         ${printable(project)} ${printable(version)}`);
  screen.line(`  Built:           ${printable(`${date} ${time}`)}`);
  screen.line(`  ESP-IDF:         ${printable(idfVersion)}`);
  screen.line(`  ELF file SHA256: ${elfSha256.toHex()}`);
}

function toJson({ partition, descriptor, boots }: InstalledApp) {
  const { name, offset } = partition;
  const place = { partition: name, address: offset, boots };
  if (descriptor === undefined) return place;
  const { project, version, date, time, idfVersion, secureVersion } =
    descriptor;
  const elfSha256 = descriptor.elfSha256.toHex();
  return {
    ...place,
    ...{ project, version, date, time, idfVersion, elfSha256, secureVersion },
  };
}
