import assert from "node:assert/strict";
import fc from "npm:fast-check@4.10.2";
import { decode, type DecodedPng } from "npm:fast-png@8.0.0";
import jsQrModule from "npm:jsqr@1.4.0";
import { type LabelPlan, makeLabel } from "../../lib/provision/mod.ts";
import { Resvg } from "../../lib/provision/labels/_resvg.ts";

// The package is CommonJS, and its types say that it is not.
const jsQr = jsQrModule as unknown as typeof jsQrModule.default;

const VALUES = { serial: "LMP-000042-7", mac: "24:0a:c4:00:00:01" };
const PLAN: LabelPlan = {
  qr: "https://lamp.example/{serial}?mac={mac}",
  lines: ["Lamp", "{serial}"],
};

async function makeText(plan: LabelPlan, values = {}): Promise<string> {
  const bytes = await makeLabel(plan, { ...VALUES, ...values });
  return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
}

async function makePng(plan: LabelPlan, values = {}): Promise<DecodedPng> {
  const all = { ...VALUES, ...values };
  // It checks every chunk's CRC.
  return decode(await makeLabel({ ...plan, format: "png" }, all), {
    checkCrc: true,
  });
}

/** What a reader of another make finds in a picture. */
function readQr({ data, width, height }: DecodedPng): string | undefined {
  const code = jsQr(Uint8ClampedArray.from(data), width, height);
  // Its own text is wrong for UTF-8 without a designator.
  return code === null
    ? undefined
    : new TextDecoder().decode(Uint8Array.from(code.binaryData));
}

/** Draws an SVG, at ten dots to the millimetre. */
function draw(svg: string): DecodedPng {
  const resvg = new Resvg(svg, { fitTo: { mode: "width", value: 500 } });
  const image = resvg.render();
  const png = decode(image.asPng());
  image.free();
  resvg.free();
  return png;
}

/** How many pixels of a part of a picture are dark. */
function darkPixels(
  { data, width, height }: DecodedPng,
  fromX: number,
): number {
  let count = 0;
  for (let y = 0; y < height; y++) {
    for (let x = fromX; x < width; x++) {
      if ((data[4 * (y * width + x)] ?? 255) < 128) count++;
    }
  }
  return count;
}

Deno.test("makeLabel makes an SVG of the right size whose QR code another library reads", async () => {
  const svg = await makeText(PLAN);
  assert.match(
    svg,
    /^<svg xmlns="[^"]+" width="50mm" height="25mm" viewBox="0 0 400 200">/,
  );
  assert.match(svg, />LMP-000042-7<\/text>/);
  assert.equal(
    readQr(draw(svg)),
    "https://lamp.example/LMP-000042-7?mac=24:0a:c4:00:00:01",
  );
});

Deno.test("makeLabel makes a PNG of the right size, with a QR code and text", async () => {
  const png = await makePng(PLAN);
  assert.deepEqual([png.width, png.height], [400, 200]);
  // 203 dots to the inch are 7992 to the metre.
  assert.deepEqual(png.resolution, { x: 7992, y: 7992, unit: 1 });
  assert.equal(
    readQr(png),
    "https://lamp.example/LMP-000042-7?mac=24:0a:c4:00:00:01",
  );
  const without = await makePng({ ...PLAN, lines: [" "] });
  assert.equal(darkPixels(without, 200), 0);
  assert.ok(darkPixels(png, 200) > 100);
});

Deno.test("makeLabel puts the text of an upright label below its code, at other resolutions too", async () => {
  const upright: LabelPlan = { ...PLAN, width: 20, height: 40, dpi: 300 };
  const png = await makePng(upright);
  assert.deepEqual([png.width, png.height], [236, 472]);
  assert.match(readQr(png) ?? "", /^https:/);
  const svg = await makeText(upright);
  const [, y = ""] = /<text x="\d+" y="(\d+)"/.exec(svg) ?? [];
  assert.ok(Number(y) > 236);
});

Deno.test("makeLabel makes QR codes of any text", async () => {
  for (
    const text of ["0123456789", "LMP-1", "Straße 東京 😀", 'a "<&>" b\n^XA~JA']
  ) {
    const png = await makePng({ qr: "{text}", lines: [] }, { text });
    assert.equal(readQr(png), text);
  }
});

Deno.test("makeLabel makes ZPL that the printer draws, with nothing of a value taken for a command", async () => {
  const zpl = await makeText(
    { ...PLAN, format: "zpl", qr: "{serial}", lines: ["{name}", "{serial}"] },
    { name: "Grün ^XZ ~JA \\ _" },
  );
  assert.equal(
    zpl,
    [
      "^XA",
      "^CI28",
      "^PW400",
      "^LL200",
      "^LH0,0",
      "^FO24,37^BQN,2,6^FH^FDMA,LMP-000042-7^FS",
      "^FT174,94^A0N,22,22^FH^FDGr_C3_BCn _5EXZ _7EJA _5C _5F^FS",
      "^FT174,122^A0N,22,22^FH^FDLMP-000042-7^FS",
      "^XZ\n",
    ].join("\n"),
  );
});

Deno.test("makeLabel reckons ZPL in the printer's dots, and knows the largest magnification", async () => {
  const plan = { format: "zpl", qr: "{serial}", lines: [], dpi: 600 } as const;
  const zpl = await makeText(plan);
  assert.match(zpl, /\^PW1181\n\^LL591\n/);
  assert.match(zpl, /\^BQN,2,10\^/);
});

Deno.test("makeLabel escapes whatever a value is, so that SVG stays SVG and ZPL stays ZPL", async () => {
  const text = fc.string({ unit: "binary", maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(text, async (value) => {
      const plan = { lines: ["x{value}"], width: 100 };
      const svg = await makeText(plan, { value });
      // A parser of another make takes it, and it has the one line.
      new Resvg(svg).free();
      assert.equal(svg.split("<text ").length, 2);
      const zpl = await makeText({ ...plan, format: "zpl" }, { value });
      assert.match(zpl, /^[\n -~]+$/);
      assert.equal(zpl.split("^").length, 1 + 11);
      assert.equal(zpl.includes("~"), false);
    }),
    { numRuns: 100, seed: 5 },
  );
});

Deno.test("makeLabel refuses what would not be legible", async () => {
  const cases: readonly (readonly [LabelPlan, RegExp])[] = [
    [{ lines: ["x".repeat(100)] }, /lines of up to 100 characters/],
    [{ lines: Array(20).fill("x"), height: 10 }, /20 in all/],
    [{ lines: ["電".repeat(40)] }, /too small/],
    [{ qr: "x".repeat(3000), lines: [] }, /no QR code holds 3000/],
    [{ qr: "x".repeat(100), lines: ["a"], height: 8 }, /too fine/],
    [{ lines: ["x"], width: 1 }, /too small/],
    [{ lines: ["x"], width: 1000, height: 1000, dpi: 600 }, /too many dots/],
  ];
  for (const [plan, message] of cases) {
    await assert.rejects(makeLabel(plan, {}), {
      code: "label-failed",
      message,
    });
  }
});

Deno.test("makeLabel refuses a PNG with a character that its font has not", async () => {
  await assert.rejects(makePng({ lines: ["Grüße, 電気"] }), {
    code: "label-failed",
    message: /DejaVu Sans Mono, has no character U\+96FB/,
  });
  await makePng({ lines: ["Größe Œuvre Ωμέγα Ярославль ½ € → ✓"] });
});

Deno.test("makeLabel refuses a template without its value", async () => {
  await assert.rejects(makeLabel({ lines: ["{constructor}"] }, {}), {
    name: "RangeError",
    message: /no value "constructor"/,
  });
});
