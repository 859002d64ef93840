/**
 * What is done to one board.
 *
 * @module
 */

import { equalBytes, formatAddress } from "../bytes.ts";
import type { Device } from "../device/device.ts";
import { portName, type PortTarget } from "../device/open.ts";
import { open } from "../device/open_device.ts";
import { md5Of } from "../device/verify_flash.ts";
import { EspError, VerifyError } from "../errors.ts";
import { type BoardData, makeBoardData } from "./_board_data.ts";
import { checkBoard } from "./_board_checks.ts";
import { BoardRun, type BoardRunOptions } from "./_board_run.ts";
import { expectBoot } from "./_boot.ts";
import { claimRule } from "./_identity_source.ts";
import { provideWifi } from "./_improv.ts";
import { deliverLabel } from "./_label.ts";
import { renderTemplate } from "./_template.ts";
import type {
  PreparedFirmware,
  PreparedFirmwareFile,
  PreparedJob,
} from "./firmware.ts";
import { inventoryRow } from "./inventory_row.ts";
import type { LineOptions } from "./line.ts";
import type { BoardResult, BoardSecurity, BoardUsb } from "./result.ts";

const DEFAULT_LOG_BAUD = 115_200;

/** Which attempt at which board; the port is the target's. */
export type BoardOptions = Omit<BoardRunOptions, "port">;

/** Runs one attempt. Always resolves: what goes wrong is in the result. */
export async function runBoard(
  target: PortTarget,
  options: BoardOptions,
): Promise<BoardResult> {
  const { job, baud, line } = options;
  using run = new BoardRun({ ...options, port: portName(target) });
  let outcome: "pass" | { readonly error: unknown } = "pass";
  try {
    const device = await run.step(
      "open",
      () =>
        open(target, {
          ...line.open,
          ...(baud !== undefined && { baud }),
          // The reset is a step of its own; a board that failed stays in its loader.
          after: "no-reset",
          clock: run.clock,
          signal: run.signal,
          onProgress: run.onProgress,
        }),
      (device) => device.close(),
    );
    await useDevice(run, device, job, line);
    if (job?.job.label !== undefined) await label(run, job);
    await run.hooks("pass");
  } catch (error) {
    outcome = { error };
    // A hook that fails on a failure changes nothing about it.
    await run.hooks("fail", error).catch(() => {});
  }
  return run.finish(await record(run, outcome, options));
}

/** Puts an attempt into the store. A board that passed and cannot be recorded has not passed. */
async function record(
  run: BoardRun,
  outcome: "pass" | { readonly error: unknown },
  { line: { store } }: BoardOptions,
): Promise<BoardResult> {
  const keep = async () => {
    const result = run.result(outcome);
    await store?.record({
      id: result.id,
      mac: result.identity?.mac,
      station: result.station,
      startedAt: result.startedAt,
      finishedAt: result.finishedAt,
      result: result.result,
      pool: result.claim?.pool,
      row: inventoryRow(result),
    });
    return result;
  };
  if (store === undefined) return run.result(outcome);
  if (outcome !== "pass") {
    // Why the board failed matters more than that it could not be noted.
    return await keep().catch(() => run.result(outcome));
  }
  try {
    await run.step("record", keep);
    return run.result(outcome);
  } catch (error) {
    return run.result({ error });
  }
}

async function useDevice(
  run: BoardRun,
  device: Device,
  job: PreparedJob | undefined,
  line: LineOptions,
): Promise<void> {
  try {
    await identify(run, device);
    if (job !== undefined) await provision(run, device, job, line);
    const { boot, improv } = job?.job ?? {};
    if (boot !== undefined || improv !== undefined) {
      return await start(run, device, job);
    }
    await run.step("reset", () => device.reset("hard-reset"));
  } catch (error) {
    // The first error is the one to report; closing after it can only repeat it.
    await run.guard(device.close()).catch(() => {});
    throw error;
  }
  await run.guard(device.close());
}

async function identify(run: BoardRun, device: Device): Promise<void> {
  await run.step("identify", async () => {
    const { description, revision, features, crystalMhz, mac, chipId } =
      await device.readIdentity();
    run.identity = {
      chip: device.chip.name,
      description,
      ...(revision && { revision }),
      features,
      crystalMhz,
      mac,
      chipId,
    };
    run.emit({
      kind: "identified",
      port: run.port,
      chip: device.chip.name,
      mac,
    });
    const { manufacturer, device: id, size } = await device.flashId();
    run.flash = {
      manufacturer,
      device: id,
      ...(size !== undefined && { size }),
    };
    run.usb = usbOf(device);
    run.security = await securityOf(device);
  });
}

/** What the chip says of its security; an ESP8266 has none. */
async function securityOf(device: Device): Promise<BoardSecurity | undefined> {
  try {
    const { flags, flashCryptCount } = await device.getSecurityInfo();
    return { flags, flashCryptCount };
  } catch (error) {
    const lacks = error instanceof EspError &&
      ["chip-lacks", "command-unsupported"].includes(error.code);
    if (lacks) return undefined;
    throw error;
  }
}

function usbOf({ portInfo }: Device): BoardUsb | undefined {
  const { usbVendorId, usbProductId, usbSerialNumber } = portInfo;
  if (usbVendorId === undefined || usbProductId === undefined) return undefined;
  return {
    vendorId: usbVendorId,
    productId: usbProductId,
    ...(usbSerialNumber !== undefined && { serialNumber: usbSerialNumber }),
  };
}

async function provision(
  run: BoardRun,
  device: Device,
  job: PreparedJob,
  line: LineOptions,
): Promise<void> {
  const firmware = await run.step(
    "check",
    // deno-lint-ignore require-await -- a step is asynchronous
    async () => checkBoard(run, device.chip, job),
  );
  const data = job.identity === undefined
    ? await makeBoardData(firmware, run.lookup)
    : await run.step("claim", async () => {
      await claim(run, job, line);
      // Before anything is erased: a row that makes no sense costs no board.
      return await makeBoardData(firmware, run.lookup);
    });
  run.columns = mapValues(job.job.columns, (text) => run.fillShown(text));
  await erase(run, device, job, firmware);
  await write(run, device, job, data);
  run.contents = firmware.contents;
}

function mapValues(
  record: Readonly<Record<string, string>> | undefined,
  map: (value: string) => string,
): Readonly<Record<string, string>> | undefined {
  return record &&
    Object.fromEntries(
      Object.entries(record).map(([name, value]) => [name, map(value)]),
    );
}

/** Gives the board its row; from then on it has it for ever. */
async function claim(
  run: BoardRun,
  { identity }: PreparedJob,
  { store, scan, env = () => undefined }: LineOptions,
): Promise<void> {
  const { mac = "", chip = "" } = run.identity ?? {};
  // The line has made sure of the store before it opened a port.
  if (identity === undefined || store === undefined) return;
  const { pool } = identity;
  const { station, signal } = run;
  const known = await store.findClaim(pool, mac);
  const isScanned = identity.plan.rule === "code";
  if (known !== undefined && !isScanned) return run.setClaim(known);
  const code = isScanned
    ? await scan?.({ slot: run.slot, port: run.port, mac, signal })
    : undefined;
  const rule = await claimRule(identity, {
    ...{ mac, chip, station, env, signal },
    code,
  });
  run.setClaim(await store.claim({ pool, mac, station, rule }));
}

async function erase(
  run: BoardRun,
  device: Device,
  { job }: PreparedJob,
  firmware: PreparedFirmware,
): Promise<void> {
  if (job.erase === "all") await run.step("erase", () => device.eraseFlash());
  if (firmware.erase.length === 0) return;
  await run.step("erase", async () => {
    for (const { address, size } of firmware.erase) {
      await device.eraseRegion(address, size);
    }
  });
}

async function write(
  run: BoardRun,
  device: Device,
  { job }: PreparedJob,
  { firmware, own }: BoardData,
): Promise<void> {
  const all = [...firmware, ...own];
  const files = all.map((file) => [file.address, file] as const);
  const skipFlashed = job.write !== "always";
  const written = await run.step(
    "write",
    () => device.writeFlash(files, { verify: false, skipFlashed }),
  );
  await run.step("verify", () => device.verifyFlash(files));
  if (own.length > 0) {
    await run.step("read-back", () => readBack(device, own));
  }
  run.files = all.map(({ address, name, data, sha256 }) => ({
    address,
    name,
    size: data.length,
    ...(sha256 !== undefined && { sha256 }),
    skipped: written.some((file) => file.address === address && file.skipped),
  }));
}

/** Compares what is the board's alone byte by byte: a mistake in it is a board that is lost. */
async function readBack(
  device: Device,
  own: readonly PreparedFirmwareFile[],
): Promise<void> {
  for (const { address, name, data } of own) {
    const actual = await device.readFlash(address, data.length);
    if (equalBytes(actual, data)) continue;
    throw new VerifyError(
      `Cannot read "${name}" back from ${formatAddress(address)}`,
      { address, expected: md5Of(data), actual: md5Of(actual) },
    );
  }
}

/** Resets the board and listens to its application. */
async function start(
  run: BoardRun,
  device: Device,
  job: PreparedJob | undefined,
): Promise<void> {
  const { boot, improv } = job?.job ?? {};
  const port = await run.step(
    "reset",
    () => device.release(boot?.baud ?? DEFAULT_LOG_BAUD),
    (port) => port.close(),
  );
  try {
    if (boot !== undefined) {
      await run.step("boot", async () => {
        const { groups } = await expectBoot(boot, port, {
          clock: run.clock,
          signal: run.signal,
          clean: run.clean,
          onLine: (text) => run.emit({ kind: "log", port: run.port, text }),
        });
        run.boot = groups;
      });
    }
    if (improv !== undefined) {
      const ssid = renderTemplate(improv.ssid, run.lookup);
      const password = renderTemplate(improv.password, run.lookup);
      run.hide(password);
      await run.step("improv", async () => {
        const url = await provideWifi(port, { ssid, password }, {
          timeout: improv.timeout,
          clock: run.clock,
          signal: run.signal,
        });
        if (url !== undefined) run.boot = { ...run.boot, url };
      });
    }
  } finally {
    await run.guard(port.close()).catch(() => {});
  }
}

async function label(run: BoardRun, { job }: PreparedJob): Promise<void> {
  const plan = job.label;
  if (plan === undefined) return;
  const { lookup, clean, signal } = run;
  await run.step("label", () => deliverLabel(plan, { lookup, clean, signal }));
  run.labelCode = plan.qr && run.fillShown(plan.qr);
}
