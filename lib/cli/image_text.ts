/**
 * What an image says about itself, as people read it: under the words that
 * scripts look for in esptool's output.
 *
 * @module
 */

import { CHIPS } from "../chips/registry.ts";
import type { ImageInfo, ImageSignature } from "../image/mod.ts";
import { drawMemory } from "./memory_picture.ts";
import { hex, printable } from "./text.ts";

/** "Disabled": the pin is left to eFuse. */
const WP_PIN_DISABLED = 0xee;

/**
 * Writes what an image says, in lines.
 *
 * @param columns How wide a line of the memory's picture may be.
 */
export function imageText(info: ImageInfo, columns: number): string[] {
  const { chip, image, flashSize, flashFrequency, flashMode } = info;
  return [
    ...heading(`${chip.name} Image Header`),
    `Image version: ${info.version}`,
    `Entry point: ${hex(image.entry)}`,
    `Segments: ${image.segments.length}`,
    `Flash size: ${flashSize ?? `unknown (${image.flashSize})`}`,
    `Flash freq: ${flashFrequency ?? `unknown (${image.flashFrequency})`}`,
    `Flash mode: ${flashMode?.toUpperCase() ?? `unknown (${image.flashMode})`}`,
    ...extendedText(info),
    ...heading("Segments Information"),
    "Segment   Length   Load addr   File offs  Memory types",
    "-------  -------  ----------  ----------  ------------",
    ...info.segments.map(({ address, data, offset, memory }, index) =>
      [
        String(index).padStart(7),
        `0x${data.length.toString(16).padStart(5, "0")}`,
        hex(address),
        hex(offset),
        memory.join(", "),
      ].join("  ").trimEnd()
    ),
    ...section("Memory Map", drawMemory(info.segments, chip, columns)),
    ...footerText(info),
    ...appText(info),
    ...bootloaderText(info),
  ];
}

function heading(title: string): string[] {
  return ["", title, "=".repeat(title.length)];
}

/** A heading and its lines; nothing if there are none. */
function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [...heading(title), ...lines];
}

function extendedText({ chip, image: { extended } }: ImageInfo): string[] {
  if (extended === undefined) return [];
  const { pins, chipId, minRevision, maxRevision } = extended;
  const { writeProtect, drives } = pins;
  const named = ["clk", "q", "d", "cs0", "hd", "wp"].map((name, index) =>
    `${name}_drv: 0x${(drives[index] ?? 0).toString(16)}`
  );
  return [
    ...heading(`${chip.name} Extended Image Header`),
    `WP pin: 0x${writeProtect.toString(16)}${
      writeProtect === WP_PIN_DISABLED ? " (disabled)" : ""
    }`,
    `Flash pins drive settings: ${named.join(", ")}`,
    `Chip ID: ${chipId} (${
      CHIPS.find(({ imageChipId }) => imageChipId === chipId)?.name ?? "unknown"
    })`,
    `Minimal chip revision: v${
      revision(minRevision)
    }, (legacy min_rev = ${extended.legacyMinRevision})`,
    `Maximal chip revision: v${revision(maxRevision)}`,
  ];
}

/** Major and minor revision out of major × 100 + minor. */
function revision(value: number): string {
  return `${Math.floor(value / 100)}.${value % 100}`;
}

function footerText(info: ImageInfo): string[] {
  const { chip, image, isChecksumValid, isCrcValid, digest } = info;
  const { checksum, expectedChecksum } = image;
  return [
    ...heading(`${chip.name} Image Footer`),
    `Checksum: 0x${byte(checksum)} (${
      comparison(isChecksumValid, `0x${byte(expectedChecksum)}`)
    })`,
    ...(isCrcValid === undefined
      ? []
      : [`CRC: ${hex(image.crc ?? 0)} (${validity(isCrcValid)})`]),
    ...(digest === undefined ? [] : [
      `Validation hash: ${digest.bytes.toHex()} (${
        comparison(digest.isValid, digest.expected.toHex())
      })`,
    ]),
    ...info.signatures.map(signatureText),
  ];
}

function byte(value: number): string {
  return value.toString(16).padStart(2, "0");
}

function comparison(isValid: boolean, calculated: string): string {
  return isValid ? validity(true) : `invalid - calculated ${calculated}`;
}

function validity(isValid: boolean): string {
  return isValid ? "valid" : "invalid";
}

function signatureText(signature: ImageSignature): string {
  const { version, scheme, offset, isDigestValid } = signature;
  const digest = isDigestValid === undefined
    ? ""
    : `, its digest is ${validity(isDigestValid)}`;
  return `Secure Boot v${version} signature: ${scheme ?? "unknown scheme"} at ${
    hex(offset)
  }${digest}`;
}

function appText({ app }: ImageInfo): string[] {
  if (app === undefined) return [];
  const { minEfuseBlockRevision, maxEfuseBlockRevision, mmuPageSize } = app;
  return [
    ...heading("Application Information"),
    `Project name: ${printable(app.project)}`,
    `App version: ${printable(app.version)}`,
    `Compile time: ${printable(`${app.date} ${app.time}`)}`,
    `ELF file SHA256: ${app.elfSha256.toHex()}`,
    `ESP-IDF: ${printable(app.idfVersion)}`,
    `Minimal eFuse block revision: ${revision(minEfuseBlockRevision)}`,
    `Maximal eFuse block revision: ${revision(maxEfuseBlockRevision)}`,
    ...(mmuPageSize === undefined
      ? []
      : [`MMU page size: ${mmuPageSize / 1024} KB`]),
    `Secure version: ${app.secureVersion}`,
  ];
}

function bootloaderText({ bootloader }: ImageInfo): string[] {
  if (bootloader === undefined) return [];
  const { version, idfVersion, dateTime, secureVersion } = bootloader;
  return [
    ...heading("Bootloader Information"),
    `Bootloader version: ${version}`,
    `ESP-IDF: ${printable(idfVersion)}`,
    `Compile time: ${printable(dateTime)}`,
    ...(secureVersion === 0 ? [] : [`Secure version: ${secureVersion}`]),
  ];
}
