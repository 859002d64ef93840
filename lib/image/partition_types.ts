/**
 * What ESP-IDF calls the types and subtypes of partitions.
 *
 * Source: ESP-IDF, "Partition Tables", and `esp_partition.h`.
 *
 * @module
 */

/** A program that the bootloader may start. */
export const TYPE_APP = 0x00;
/** Data of the application or of ESP-IDF. */
export const TYPE_DATA = 0x01;
/** A second-stage bootloader. */
export const TYPE_BOOTLOADER = 0x02;
/** A partition table. */
export const TYPE_PARTITION_TABLE = 0x03;

/** The bootloader or partition table that a chip starts with. */
export const SUBTYPE_PRIMARY = 0x00;
/** The bootloader that a chip falls back to. */
export const SUBTYPE_RECOVERY = 0x02;
/** The application that runs where no OTA slot is chosen. */
export const SUBTYPE_FACTORY = 0x00;
/** The first of the OTA slots, `ota_0`. */
export const SUBTYPE_OTA_0 = 0x10;
/** How many OTA slots there may be, `ota_0` to `ota_15`. */
export const MAX_OTA_SLOTS = 16;
/** Data that say which OTA slot starts, `otadata`. */
export const SUBTYPE_OTA_DATA = 0x00;
/** Key and value pairs, `nvs`. */
export const SUBTYPE_NVS = 0x02;
/** What a crash leaves behind, `coredump`. */
export const SUBTYPE_COREDUMP = 0x03;
/** Data of no kind that ESP-IDF knows: what a data partition is if it does not say. */
export const SUBTYPE_UNDEFINED = 0x06;
/** Data that say which TEE slot starts, `tee_ota`. */
export const SUBTYPE_TEE_OTA_DATA = 0x90;

/** Names by number, as a table in which both are unique. */
type Names = ReadonlyMap<string, number>;

const TYPES: Names = new Map([
  ["app", TYPE_APP],
  ["data", TYPE_DATA],
  ["bootloader", TYPE_BOOTLOADER],
  ["partition_table", TYPE_PARTITION_TABLE],
]);

const SUBTYPES: ReadonlyMap<number, Names> = new Map([
  [
    TYPE_APP,
    new Map([
      ["factory", SUBTYPE_FACTORY],
      ...Array.from(
        { length: MAX_OTA_SLOTS },
        (_, slot) => [`ota_${slot}`, SUBTYPE_OTA_0 + slot] as const,
      ),
      ["test", 0x20],
      ["tee_0", 0x30],
      ["tee_1", 0x31],
    ]),
  ],
  [
    TYPE_DATA,
    new Map([
      ["ota", SUBTYPE_OTA_DATA],
      ["phy", 0x01],
      ["nvs", SUBTYPE_NVS],
      ["coredump", SUBTYPE_COREDUMP],
      ["nvs_keys", 0x04],
      ["efuse", 0x05],
      ["undefined", SUBTYPE_UNDEFINED],
      ["esphttpd", 0x80],
      ["fat", 0x81],
      ["spiffs", 0x82],
      ["littlefs", 0x83],
      ["tee_ota", SUBTYPE_TEE_OTA_DATA],
    ]),
  ],
  [
    TYPE_BOOTLOADER,
    new Map([
      ["primary", SUBTYPE_PRIMARY],
      ["ota", 0x01],
      ["recovery", SUBTYPE_RECOVERY],
    ]),
  ],
  [
    TYPE_PARTITION_TABLE,
    new Map([["primary", SUBTYPE_PRIMARY], ["ota", 0x01]]),
  ],
]);

const NO_NAMES: Names = new Map();

/** The name of a partition's type, or its number in decimal where it has none. */
export function partitionTypeName(type: number): string {
  return nameOf(TYPES, type);
}

/** The name of a partition's subtype, or its number in decimal where it has none. */
export function partitionSubtypeName(type: number, subtype: number): string {
  return nameOf(SUBTYPES.get(type) ?? NO_NAMES, subtype);
}

/** The types that have a name. */
export function typeNames(): Names {
  return TYPES;
}

/** The subtypes that have a name, of a type. */
export function subtypeNames(type: number): Names {
  return SUBTYPES.get(type) ?? NO_NAMES;
}

function nameOf(names: Names, value: number): string {
  for (const [name, known] of names) if (known === value) return name;
  return String(value);
}
