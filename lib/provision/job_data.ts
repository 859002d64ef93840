/**
 * What is made of a board's own values and written to it, as data.
 *
 * A template is text in which `{column}` stands for the row's cell and `{mac}`,
 * `{macHex}` (no colons), `{chip}`, `{chipId}`, `{job}`, `{station}`, `{slot}`
 * and `{port}` for what they say; `{{` and `}}` are braces.
 *
 * @module
 */

/** How an NVS value is stored. */
export type NvsValueType =
  | "u8"
  | "i8"
  | "u16"
  | "i16"
  | "u32"
  | "i32"
  | "u64"
  | "i64"
  | "string"
  | "hex"
  | "base64"
  | "file";

/** A value of an NVS partition. */
export interface NvsTemplate {
  /** How it is stored; `hex` and `base64` texts become blobs, `file` is a blob of a file's bytes. */
  readonly type: NvsValueType;
  /** A template of its text, or of a file's path. */
  readonly value: string;
}

/** An NVS partition that is made for each board. */
export interface NvsData {
  /** The partition's name. @default {"nvs"} */
  readonly partition?: string | undefined;
  /** Values by namespace and key; a text alone is a `string`. */
  readonly values: Readonly<
    Record<string, Readonly<Record<string, NvsTemplate | string>>>
  >;
  /** The name of the partition that gets the keys, if the values are to be encrypted; each board gets keys of its own. */
  readonly keysPartition?: string | undefined;
}

/** A file that is made or chosen for each board. */
export interface BoardFileData {
  /** The partition that it goes to. */
  readonly partition?: string | undefined;
  /** Where in flash it goes, in place of a partition: the start of a sector. */
  readonly address?: number | undefined;
  /** A template of its path: `certificates/{serial}.der`. */
  readonly file?: string | undefined;
  /** A template of its text, in place of a file. */
  readonly text?: string | undefined;
}

/** Bytes of a firmware file that differ from board to board; an image's checksum and digest are put right. */
export interface Patch {
  /** The name of the firmware file. */
  readonly file: string;
  /** Where in the file, in bytes. */
  readonly offset?: number | undefined;
  /** The variable to patch, in place of an offset. */
  readonly symbol?: string | undefined;
  /** The path of the ELF file that knows the symbol. */
  readonly elf?: string | undefined;
  /** How the value is stored: numbers little-endian, a string with zeros up to `size`. */
  readonly type: "u8" | "u16" | "u32" | "string" | "hex";
  /** How many bytes the field has; a string must leave one for its final zero. Needed for `string`, unless the symbol tells. */
  readonly size?: number | undefined;
  /** A template of the value. */
  readonly value: string;
}

/** What is made of a board's row. */
export interface DeviceData {
  /** NVS partitions. */
  readonly nvs?: readonly NvsData[] | undefined;
  /** Files in partitions. */
  readonly files?: readonly BoardFileData[] | undefined;
  /** Patches of the firmware. */
  readonly patches?: readonly Patch[] | undefined;
}
