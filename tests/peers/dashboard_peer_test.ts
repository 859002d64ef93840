/** The operator's page in a real browser. */

import assert from "node:assert/strict";
import { type Browser, chromium, type Page } from "npm:playwright-core@1.65.1";
import {
  type DashboardOptions,
  type PreparedJob,
  prepareJob,
  serveDashboard,
  Station,
} from "../../lib/provision/mod.ts";
import {
  type Behavior,
  noSync,
  type VirtualBoard,
} from "../../lib/simulator/mod.ts";
import { noise } from "../provision/_images.ts";
import { board } from "../provision/_boards.ts";
import { LampStation } from "../provision/_lamp_station.ts";
import { peerTest } from "./_peers.ts";

const TOKEN = "a-token-of-the-test";
const PHONE = { width: 390, height: 844 };

async function launch(executablePath: string): Promise<Browser> {
  return await chromium.launch({
    executablePath,
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/** Collects what a page complains of: errors of scripts, and what its policy has blocked. */
function complaints(page: Page): string[] {
  const found: string[] = [];
  page.on("pageerror", (error) => found.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") found.push(message.text());
  });
  return found;
}

function tile(page: Page, name: string) {
  return page.getByRole("listitem").filter({
    has: page.getByRole("heading", { name, exact: true }),
  });
}

/** How the first element that a selector finds looks. */
async function styleOf(
  page: Page,
  selector: string,
  property: string,
): Promise<unknown> {
  return await page.evaluate(
    `getComputedStyle(document.querySelector("${selector}")).${property}`,
  );
}

/** Firmware that takes a second or so to write. */
async function lampJob(): Promise<PreparedJob> {
  return await prepareJob({
    name: "lamp <1.0>",
    baud: 460_800,
    firmware: [{
      chip: "esp32",
      files: [{ address: 0x1_0000, source: noise(40_000) }],
    }],
  });
}

function clockedBoard(index: number, behaviors: Behavior[] = []) {
  return board(index, { chip: "esp32", timing: "clocked", behaviors });
}

/** Runs `work` with a station of three boards, its page's address, and a browser. */
async function withLine(
  executablePath: string,
  boards: readonly VirtualBoard[],
  work: (browser: Browser, url: string) => Promise<void>,
  options: DashboardOptions = {},
): Promise<void> {
  await using stack = new AsyncDisposableStack();
  for (const board of boards) stack.use(board);
  const names = ["left", "middle", "<b>right</b>"];
  const slots = Object.fromEntries(
    boards.map(({ port }, index) => [port, names[index] ?? ""]),
  );
  const station = stack.use(
    await Station.open(await lampJob(), {
      ports: boards,
      auto: false,
      slots,
      open: { attempts: 1 },
    }),
  );
  const server = stack.use(
    await serveDashboard(station, { port: 0, ...options }),
  );
  const browser = stack.adopt(
    await launch(executablePath),
    (browser) => browser.close(),
  );
  await work(browser, server.url);
}

peerTest(
  "chromium: an operator starts boards, sees PASS and FAIL, and retries one",
  "chromium",
  async ({ chromium }) => {
    let isBad = true;
    const badCable: Behavior = {
      name: "bad-cable",
      start: () => ({
        digest: (md5) => isBad ? md5.map((byte) => byte ^ 1) : md5,
      }),
    };
    const boards = [
      clockedBoard(1),
      clockedBoard(2, [badCable]),
      clockedBoard(3, [noSync()]),
    ];
    await withLine(chromium, boards, async (browser, url) => {
      const page = await browser.newPage();
      const bad = complaints(page);
      await page.goto(url);
      await page.getByRole("heading", { name: "lamp <1.0>" }).waitFor();
      const [left, middle, right] = ["left", "middle", "<b>right</b>"]
        .map((name) => tile(page, name));
      assert.ok(left && middle && right);
      await left.getByText("Ready").waitFor();
      await page.getByRole("button", { name: "Start all" }).click();

      await left.getByText("Writing").waitFor();
      await left.getByText(/^[1-9]\d? %$/).waitFor();
      assert.ok(await left.getByRole("progressbar").isVisible());
      await left.getByText("PASS", { exact: true }).waitFor();
      await left.getByText("24:0a:c4:00:00:01").waitFor();
      assert.equal(
        await styleOf(page, "[data-phase=pass]", "backgroundColor"),
        "rgb(20, 112, 58)",
      );

      await middle.getByText("FAIL", { exact: true }).waitFor();
      await middle.getByText("verify verify-failed").waitFor();
      await right.getByText("FAIL", { exact: true }).waitFor();
      const hint = await right.locator(".hint").textContent();
      assert.ok(hint, "what to do");
      assert.equal(await page.locator("#passed").textContent(), "1");
      assert.equal(await page.locator("#failed").textContent(), "2");
      assert.equal(await page.locator("#yield").textContent(), "33.3 %");
      await page.locator("#news").getByText("left: PASS").waitFor();

      isBad = false;
      await middle.getByRole("button", { name: "Retry middle" }).click();
      await middle.getByText("PASS", { exact: true }).waitFor();
      assert.equal(await page.locator("#passed").textContent(), "2");

      await right.getByRole("button", { name: /Retry/ }).click();
      await right.getByRole("button", { name: /Cancel/ }).click();
      await right.getByText("Cancelled").waitFor();
      assert.deepEqual(bad, []);
    });
  },
);

peerTest(
  "chromium: the page fits a phone, keeps the choice of dark and sound, and needs no mouse",
  "chromium",
  async ({ chromium }) => {
    await withLine(chromium, [clockedBoard(1)], async (browser, url) => {
      const page = await browser.newPage({
        viewport: PHONE,
        colorScheme: "dark",
        reducedMotion: "reduce",
      });
      const bad = complaints(page);
      await page.goto(url);
      await tile(page, "left").waitFor();
      const theme = () => page.locator("html").getAttribute("data-theme");
      assert.equal(await theme(), "dark", "as the system has it");
      await page.getByRole("button", { name: "Dark: on" }).click();
      await page.getByRole("button", { name: "Sound: off" }).click();
      await page.reload();
      await page.getByRole("button", { name: "Sound: on" }).waitFor();
      assert.equal(await theme(), "light");

      const widths = ["scrollWidth", "clientWidth"]
        .map((name) => page.evaluate(`document.documentElement.${name}`));
      const [content, seen] = await Promise.all(widths);
      assert.equal(content, seen, "nothing to scroll sideways");
      for (const button of await page.getByRole("button").all()) {
        const { height = 0 } = await button.boundingBox() ?? {};
        assert.ok(height >= 44, `${await button.textContent()}: ${height}`);
      }

      const start = page.getByRole("button", { name: "Start left" });
      await page.keyboard.press("Tab");
      await start.focus();
      const outline = await styleOf(page, ":focus", "outlineStyle");
      assert.equal(outline, "solid", "the focus is seen");
      await page.keyboard.press("Enter");
      await tile(page, "left").getByText("PASS", { exact: true }).waitFor();
      assert.deepEqual(bad, []);
    });
  },
);

peerTest(
  "chromium: a wrong token is refused in words, and the right one leaves the address bar",
  "chromium",
  async ({ chromium }) => {
    await withLine(chromium, [clockedBoard(1)], async (browser, url) => {
      const context = await browser.newContext();
      const page = await context.newPage();
      const answer = await page.goto(new URL("/", url).href);
      assert.equal(answer?.status(), 401);
      await page.getByText("This station is locked").waitFor();
      await page.getByLabel("Token").fill("a-wrong-token-of-the-test");
      await page.keyboard.press("Enter");
      await page.getByRole("alert").getByText("The token is wrong").waitFor();
      assert.deepEqual(await context.cookies(), []);

      await page.goto(url);
      await tile(page, "left").waitFor();
      assert.equal(page.url(), new URL("/", url).href);
      assert.equal(await page.evaluate("document.cookie"), "");
      const bad = complaints(page);
      await page.getByRole("button", { name: "Start left" }).click();
      await tile(page, "left").getByText("PASS", { exact: true }).waitFor();
      assert.deepEqual(bad, []);
    }, { hostname: "0.0.0.0", token: TOKEN });
  },
);

peerTest(
  "chromium: a scanner's code goes to the slot that waits, wherever the focus was",
  "chromium",
  async ({ chromium }) => {
    const boards = [board(1), board(3), board(5)];
    const names = ["left", "middle", "right"];
    await using lamps = await LampStation.open(boards, {
      slots: Object.fromEntries(
        boards.map(({ port }, index) => [port, names[index] ?? ""]),
      ),
    });
    await using server = await serveDashboard(lamps.station, { port: 0 });
    const browser = await launch(chromium);
    try {
      const page = await browser.newPage();
      const bad = complaints(page);
      await page.goto(server.url);
      await page.getByRole("button", { name: "Start all" }).click();
      for (const name of names) {
        await tile(page, name).getByText("Scan code").waitFor();
      }
      await page.getByRole("button", { name: "Cancel right" }).focus();
      await page.keyboard.press("Enter");
      await tile(page, "right").getByText("Cancelled").waitFor();
      await page.locator("h1").click();
      await page.keyboard.type("LMP-2\n");
      const first = page.getByRole("listitem").filter({ hasText: "PASS" });
      await first.getByText("LMP-2").waitFor();
      await page.keyboard.type("LMP-1\n");
      await page.getByRole("listitem").filter({ hasText: "PASS" })
        .getByText("LMP-1").waitFor();
      assert.equal(await page.locator("#rows-left").textContent(), "0");
      assert.deepEqual(bad, []);
    } finally {
      await browser.close();
    }
  },
);

peerTest(
  "chromium: the page says that the station is gone, and finds it again",
  "chromium",
  async ({ chromium }) => {
    await using station = await Station.open(await lampJob(), { auto: false });
    const first = await serveDashboard(station, { port: 0 });
    const port = Number(new URL(first.url).port);
    const browser = await launch(chromium);
    try {
      const page = await browser.newPage();
      await page.goto(first.url);
      await page.getByText("Plug in a board").waitFor();
      await first.close();
      await page.getByText("Connection lost").waitFor();
      await using _second = await serveDashboard(station, { port });
      await page.getByText("Connection lost").waitFor({ state: "hidden" });
    } finally {
      await browser.close();
    }
  },
);
