/**
 * `get-security-info`.
 *
 * @module
 */

import {
  type ChipFamily,
  SECURITY_FLAGS,
  type SecurityInfo,
} from "../../../mod.ts";
import { type Command, defineCommand } from "../command.ts";
import { integer, listOf, maybe, object, text, truth } from "../schema.ts";
import type { Screen } from "../screen.ts";
import { withDevice } from "../session.ts";
import { hex } from "../text.ts";

const TITLE = "Security Information:";
const KEY_REVOKED = [
  SECURITY_FLAGS.keyRevoked0,
  SECURITY_FLAGS.keyRevoked1,
  SECURITY_FLAGS.keyRevoked2,
];

/** Tells secure boot's and flash encryption's state. */
export const getSecurityInfo: Command = defineCommand({
  name: "get-security-info",
  summary: "tell the state of secure boot and flash encryption",
  boards: "many",
  examples: [{
    line: "get-security-info",
    does: "tells whether secure boot and flash encryption are on",
  }],
  result: object({
    flags: integer("the flags as the loader answers them"),
    secureBoot: truth("whether secure boot is on"),
    flashEncryption: truth("whether flash encryption is on"),
    flashCryptCount: integer("SPI_BOOT_CRYPT_CNT, or FLASH_CRYPT_CNT"),
    keyPurposes: listOf(
      object({
        purpose: integer("KEY_PURPOSE's value"),
        name: maybe(text("what it is called")),
      }, "one key block"),
      "what each key block is for; none on the ESP32",
    ),
    chipId: maybe(integer("the chip id, as in an image's header")),
    apiVersion: maybe(integer("the version of the ROM's interface")),
  }),
  arguments: {},
  options: {},
  run: (call) =>
    withDevice(call, async (_chip, device) => {
      const info = await device.getSecurityInfo();
      report(info, device.chip, call.screen);
      const { flags, flashCryptCount, chipId, apiVersion } = info;
      return {
        flags,
        secureBoot: isSet(info, SECURITY_FLAGS.secureBoot),
        flashEncryption: isEncrypted(info),
        flashCryptCount,
        keyPurposes: keyBlocks(info, device.chip),
        ...(chipId !== undefined && { chipId }),
        ...(apiVersion !== undefined && { apiVersion }),
      };
    }),
});

function report(info: SecurityInfo, chip: ChipFamily, screen: Screen): void {
  const { flags, flashCryptCount, keyPurposes, chipId, apiVersion } = info;
  const line = (text: string) => screen.line(text);
  line(TITLE);
  line("=".repeat(TITLE.length));
  line(`Flags: ${hex(flags)} (0b${flags.toString(2)})`);
  const blocks = keyBlocks(info, chip);
  if (blocks.length > 0) {
    line(`Key Purposes: (${keyPurposes.join(", ")})`);
    blocks.forEach(({ name = "UNKNOWN" }, block) =>
      line(`  BLOCK_KEY${block} - ${name}`)
    );
  }
  if (chipId !== undefined) line(`Chip ID: ${chipId}`);
  if (apiVersion !== undefined) line(`API Version: ${apiVersion}`);
  reportSecureBoot(info, line);
  line(`Flash Encryption: ${isEncrypted(info) ? "Enabled" : "Disabled"}`);
  const count = chip.efuse.fields["flashCryptConfig"] === undefined
    ? "SPI Boot Crypt Count (SPI_BOOT_CRYPT_CNT)"
    : "Flash Crypt Count (FLASH_CRYPT_CNT)";
  line(`${count}: 0x${flashCryptCount.toString(16)}`);
  reportPorts(info, line);
}

function reportSecureBoot(
  info: SecurityInfo,
  line: (text: string) => void,
): void {
  if (!isSet(info, SECURITY_FLAGS.secureBoot)) {
    return line("Secure Boot: Disabled");
  }
  line("Secure Boot: Enabled");
  if (isSet(info, SECURITY_FLAGS.aggressiveRevoke)) {
    line("Secure Boot Aggressive key revocation: Enabled");
  }
  KEY_REVOKED.forEach((flag, key) => {
    if (isSet(info, flag)) line(`Secure Boot Key${key} is Revoked`);
  });
}

function reportPorts(info: SecurityInfo, line: (text: string) => void): void {
  if (isSet(info, SECURITY_FLAGS.dcacheDisabled)) {
    line("Dcache in UART download mode: Disabled");
  }
  if (isSet(info, SECURITY_FLAGS.icacheDisabled)) {
    line("Icache in UART download mode: Disabled");
  }
  if (isSet(info, SECURITY_FLAGS.hardDisabledJtag)) {
    line("JTAG: Permanently Disabled");
  } else if (isSet(info, SECURITY_FLAGS.softDisabledJtag)) {
    line("JTAG: Software Access Disabled");
  }
  if (isSet(info, SECURITY_FLAGS.usbDisabled)) line("USB Access: Disabled");
}

/** The key blocks that the chip has, of the seven that the loader answers. */
function keyBlocks(
  { keyPurposes }: SecurityInfo,
  { efuse: { fields, labels } }: ChipFamily,
): { purpose: number; name?: string }[] {
  const names = labels?.["keyPurpose0"] ?? {};
  return keyPurposes
    .filter((_, block) => fields[`keyPurpose${block}`] !== undefined)
    .map((purpose) => {
      const name = names[purpose];
      return { purpose, ...(name !== undefined && { name }) };
    });
}

function isEncrypted({ flashCryptCount }: SecurityInfo): boolean {
  return flashCryptCount.toString(2).replaceAll("0", "").length % 2 === 1;
}

function isSet({ flags }: SecurityInfo, flag: number): boolean {
  return (flags & flag) !== 0;
}
