/** What the dashboard gives to a browser, as it stands in its files. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

const CLIENT = new URL(
  "../../lib/provision/dashboard/client/",
  import.meta.url,
);

/** Each theme's colours by name. */
function palettes(style: string): Map<string, string>[] {
  const blocks = Array.from(style.matchAll(/^:root[^{]*\{([^}]*)\}/gm));
  const colors = blocks.map(([, block = ""]) =>
    Array.from(
      block.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g),
      ([, name = "", color = ""]) => [name, color] as const,
    )
  );
  // Dark changes what is light.
  return colors.map((own) => new Map([...colors[0] ?? [], ...own]));
}

/** WCAG 2.2, "relative luminance". */
function luminance(color: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = parseInt(color.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

Deno.test("the page's texts have the contrast that WCAG's level AA asks for", async () => {
  const themes = palettes(
    await Deno.readTextFile(new URL("style.css", CLIENT)),
  );
  assert.equal(themes.length, 2);
  for (const colors of themes) {
    colors.set("white", "#ffffff");
    for (
      const [text, back] of [
        ["text", "back"],
        ["text", "card"],
        ["quiet", "back"],
        ["quiet", "card"],
        ["good", "back"],
        ["bad", "back"],
        ["on-accent", "accent"],
        ["on-call", "call"],
        ["white", "pass"],
        ["white", "fail"],
      ] as const
    ) {
      const [low = 0, high = 0] = [text, back]
        .map((name) => luminance(colors.get(name) ?? ""))
        .toSorted((a, b) => a - b);
      const ratio = (high + 0.05) / (low + 0.05);
      assert.ok(ratio >= 4.5, `${text} on ${back}: ${ratio.toFixed(1)}`);
    }
  }
});

Deno.test("the page's scripts are typed", async () => {
  const scripts = Array.from(Deno.readDirSync(CLIENT), ({ name }) => name)
    .filter((name) => name.endsWith(".js"))
    .map((name) => fileURLToPath(new URL(name, CLIENT)));
  const config = new URL("./_dashboard_client.json", import.meta.url);
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["check", "--quiet", "--config", fileURLToPath(config), ...scripts],
    env: { NO_COLOR: "1" },
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
});
