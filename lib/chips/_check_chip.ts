import { formatAddress } from "../bytes.ts";
import type {
  BitField,
  ChipFamily,
  EfuseLayout,
  TextRule,
  ValueRange,
} from "./family.ts";

/** @throws {TypeError} If a record contradicts itself; `defineChip` says how. */
export function checkChip(family: ChipFamily): void {
  const problem = regionProblem(family) ?? imageProblem(family) ??
    registerProblem(family) ?? macProblem(family.efuse) ??
    fieldProblem(family.efuse) ?? textProblem(family.efuse);
  if (problem !== undefined) {
    throw new TypeError(`Cannot define ${family.name}: ${problem}`);
  }
}

function regionProblem({ memory }: ChipFamily): string | undefined {
  for (const [index, region] of memory.entries()) {
    const at = `${region.kind} at ${formatAddress(region.start)}`;
    if (region.end <= region.start) return `${at} is empty`;
    const twin = memory.slice(index + 1).find((other) =>
      other.kind === region.kind && other.start < region.end &&
      region.start < other.end
    );
    if (twin !== undefined) {
      return `${at} overlaps ${formatAddress(twin.start)}`;
    }
  }
  return undefined;
}

function imageProblem({ image }: ChipFamily): string | undefined {
  const { uf2FamilyId, mmuPageSizes, memoryTypes } = image;
  if (!isWord(uf2FamilyId)) return `${uf2FamilyId} is no UF2 family id`;
  const isPage = (size: number) =>
    size > 0 && Number.isInteger(Math.log2(size));
  if (mmuPageSizes?.length === 0 || !(mmuPageSizes ?? []).every(isPage)) {
    return `[${mmuPageSizes}] are no page sizes`;
  }
  const empty = memoryTypes.find(({ start, end }) => end <= start);
  return empty && `${empty.name} at ${formatAddress(empty.start)} is empty`;
}

function registerProblem(
  { registers, efuse, flashSupply, usb }: ChipFamily,
): string | undefined {
  const { spi, watchdog, superWatchdog, forceDownloadBoot, strap, ...rest } =
    registers;
  const { addressShift: _shift, ...spiAddresses } = spi;
  const addresses = [
    ...Object.values(rest),
    ...Object.values(spiAddresses),
    watchdog?.config0,
    watchdog?.config1,
    watchdog?.writeProtect,
    superWatchdog?.config,
    superWatchdog?.writeProtect,
    forceDownloadBoot?.address,
    strap?.address,
    flashSupply?.override,
    usb?.portVariable?.address,
    ...Object.values(efuse.blocks).map(({ address }) => address),
  ];
  const wrong = addresses.find((address) =>
    address !== undefined && !(isWord(address) && address % 4 === 0)
  );
  return wrong === undefined
    ? undefined
    : `${formatAddress(wrong)} is no register address`;
}

function isWord(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff;
}

function macProblem({ mac, macExtension }: EfuseLayout): string | undefined {
  const isBytes = (fields: readonly BitField[], count: number) =>
    fields.length === count && fields.every(({ width }) => width === 8);
  if (mac !== undefined && !isBytes(mac, 6)) {
    return "its MAC address is not six bytes";
  }
  if (macExtension !== undefined && !isBytes(macExtension, 2)) {
    return "its MAC address's extension is not two bytes";
  }
  return undefined;
}

function fieldProblem(efuse: EfuseLayout): string | undefined {
  const fields = {
    ...Object.fromEntries(
      Object.entries(efuse.fields).map(([name, { bits }]) => [name, bits]),
    ),
    chipId: efuse.chipId?.bits,
    mac: efuse.mac,
    macExtension: efuse.macExtension,
  };
  const bad = Object.entries(fields).find(([, bits]) =>
    bits?.some((field) => !fits(field, efuse))
  );
  return bad && `field "${bad[0]}" goes past its word or block`;
}

function fits(
  { block, word, shift, width }: BitField,
  { blocks }: EfuseLayout,
): boolean {
  const words = blocks[block]?.words;
  return words !== undefined && [word, shift, width].every(Number.isInteger) &&
    word >= 0 && word < words && shift >= 0 && width >= 1 &&
    shift + width <= 32;
}

function textProblem(efuse: EfuseLayout): string | undefined {
  for (const rule of [efuse.description, ...efuse.features].flat()) {
    const unknown = fieldsOf(rule).find((field) =>
      efuse.fields[field] === undefined
    );
    if (unknown !== undefined) {
      return `"${rule.text}" names no field: "${unknown}"`;
    }
    if (Object.values(rule.when ?? {}).some(isEmptyRange)) {
      return `"${rule.text}" never holds`;
    }
  }
  const unlabelled = Object.keys(efuse.labels ?? {}).find((field) =>
    efuse.fields[field] === undefined
  );
  return unlabelled && `labels of no field: "${unlabelled}"`;
}

function fieldsOf({ when, text }: TextRule): string[] {
  const slots = text.matchAll(/\{(\w+)\}/g);
  return [
    ...Object.keys(when ?? {}),
    ...Array.from(slots, ([, field = ""]) => field),
  ];
}

function isEmptyRange(wanted: number | ValueRange): boolean {
  return typeof wanted !== "number" &&
    (wanted.min ?? -Infinity) > (wanted.max ?? Infinity);
}
