/**
 * `flash-id`: tells the flash chip's JEDEC id and size.
 *
 * @module
 */

import { type Command, defineCommand } from "../command.ts";
import { SPI_OPTIONS, tellFlashId } from "../flash_options.ts";
import { integer, maybe, object, text } from "../schema.ts";
import { withDevice } from "../session.ts";

const LINES = { quad: 4, octal: 8 } as const;
const SOURCES = {
  register: "RTC_CNTL",
  efuse: "eFuse",
  strap: "a strapping pin",
} as const;

/** Tells the flash chip's JEDEC id and its size. */
export const flashId: Command = defineCommand({
  name: "flash-id",
  summary: "tell the flash chip's id and size",
  boards: "many",
  examples: [{ line: "flash-id", does: "tells what flash chip there is" }],
  result: object({
    manufacturer: integer("the manufacturer's JEDEC id"),
    device: integer("the device's id, 16 bits"),
    size: maybe(integer("the size in bytes, if the id tells it")),
    type: maybe(
      text("how many data lines the eFuses say, where they do", [
        "quad",
        "octal",
      ]),
    ),
    voltage: maybe(
      text("the flash's supply, where the chip has one", [
        "1.8V",
        "1.9V",
        "3.3V",
        "OFF",
      ]),
    ),
    voltageSetBy: maybe(
      text("what has set the voltage", ["register", "efuse", "strap"]),
    ),
  }),
  arguments: {},
  options: SPI_OPTIONS,
  run: (call) =>
    withDevice(call, async (_chip, device) => {
      call.screen.line("Flash Memory Information:");
      call.screen.line("=========================");
      const id = await tellFlashId(device, call.screen);
      const { type, voltage } = await device.readFlashSupply();
      if (type !== undefined) {
        call.screen.line(
          `Flash type set in eFuse: ${type} (${LINES[type]} data lines)`,
        );
      }
      if (voltage !== undefined) {
        const { value, source } = voltage;
        call.screen.line(`Flash voltage set by ${SOURCES[source]}: ${value}`);
      }
      return {
        ...id,
        ...(type && { type }),
        ...(voltage &&
          { voltage: voltage.value, voltageSetBy: voltage.source }),
      };
    }, call.options),
});
