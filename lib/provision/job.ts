/**
 * What a line is to do to its boards, as data.
 *
 * @module
 */

import type { FlashMode } from "../image/flash_parameters.ts";
import type { BootCheck, Hook, ImprovPlan, LabelPlan } from "./job_actions.ts";
import type { DeviceData } from "./job_data.ts";
import type { IdentityPlan } from "./job_identity.ts";

/** A file and where it belongs in flash: an address or a partition. */
export interface FirmwareFile {
  /** Where in flash it starts: the start of a 4 KiB sector, since whole sectors are erased. */
  readonly address?: number | undefined;
  /** The name of the partition that it fills from its start, in place of an address. */
  readonly partition?: string | undefined;
  /** A path, a `file:` URL, or the bytes themselves. */
  readonly source: string | URL | Uint8Array;
  /** The SHA-256 digest that it must have, as 64 hex digits. */
  readonly sha256?: string | undefined;
  /**
   * What records and messages call it.
   *
   * @default the last part of its path, or its address
   */
  readonly name?: string | undefined;
}

/** What boards of one chip family get. */
export interface Firmware {
  /** The family's id or name, such as `esp32`. Boards of other families are left alone. */
  readonly chip: string;
  /** What is written, in any order. */
  readonly files?: readonly FirmwareFile[] | undefined;
  /**
   * A build whose files are written too: the path of ESP-IDF's
   * `flasher_args.json`, or of an ESP Web Tools `manifest.json`.
   */
  readonly from?: string | URL | undefined;
  /**
   * The partition table that names are looked up in, as CSV or as it is in flash.
   *
   * @default the one among the files
   */
  readonly partitionTable?: string | URL | Uint8Array | undefined;
  /** The least chip revision, such as `3.0`; boards of an older one are refused. */
  readonly minRevision?: string | undefined;
  /**
   * The flash access mode to put into the header of the image at the bootloader's offset.
   *
   * @default what the image has
   */
  readonly flashMode?: FlashMode | undefined;
  /**
   * The flash size to put into that header, such as `4MB`.
   *
   * @default what the image has
   */
  readonly flashSize?: string | undefined;
  /**
   * The flash frequency to put into that header, such as `40m`.
   *
   * @default what the image has
   */
  readonly flashFrequency?: string | undefined;
  /**
   * The least flash, in bytes, that a board must have.
   *
   * @default what the files need
   */
  readonly minFlashSize?: number | undefined;
}

/** What a line does to each board. */
export interface ProvisionJob {
  /** What records call it: a product and a release, say. */
  readonly name: string;
  /** What is written, by chip family; a line may have boards of several. */
  readonly firmware: readonly Firmware[];
  /**
   * What is erased before a board is written: the whole flash, or partitions by name.
   *
   * @default {"none"}
   */
  readonly erase?: "none" | "all" | readonly string[] | undefined;
  /**
   * Whether files that a board's flash holds already are written all the same.
   *
   * @default {"changed"}
   */
  readonly write?: "changed" | "always" | undefined;
  /**
   * The speed of the line once the stub runs, in baud; of several, the next one
   * is taken when a board fails at one.
   *
   * @default {[115200]}
   */
  readonly baud?: number | readonly number[] | undefined;
  /**
   * How often a board that failed is tried again by itself.
   *
   * @default {0}
   */
  readonly retries?: number | undefined;
  /** Where each board's own row of values comes from; without it boards are alike. */
  readonly identity?: IdentityPlan | undefined;
  /** What is made of a board's row and written with the firmware. */
  readonly data?: DeviceData | undefined;
  /** How the application is seen to run. */
  readonly boot?: BootCheck | undefined;
  /** Wi-Fi credentials that the running application is given. */
  readonly improv?: ImprovPlan | undefined;
  /** What is printed and stuck on a board that has passed. */
  readonly label?: LabelPlan | undefined;
  /**
   * What the inventory says of each board besides, by column, each a template:
   * `batch`, `bom_rev`, or a name of your own. Secret columns cannot be named.
   */
  readonly columns?: Readonly<Record<string, string>> | undefined;
  /** Programs and servers that are told of a board's steps. */
  readonly hooks?: readonly Hook[] | undefined;
}

/** Gives a job in a TypeScript module its type: `export default defineJob({ … })`. */
export function defineJob(job: ProvisionJob): ProvisionJob {
  return job;
}
