import assert from "node:assert/strict";
import fc from "npm:fast-check@4.10.2";
import { deliverLabel } from "../../lib/provision/_label.ts";
import { type LabelPlan, prepareJob } from "../../lib/provision/mod.ts";

interface Desk extends AsyncDisposable {
  readonly folder: string;
  deliver(plan: LabelPlan, values: Record<string, string>): Promise<void>;
  /** Every file in the folder, by its path there. */
  files(): Promise<string[]>;
}

async function openDesk(signal = new AbortController().signal): Promise<Desk> {
  const folder = await Deno.makeTempDir({ prefix: "espline-label-" });
  return {
    folder,
    deliver: (plan, values) =>
      deliverLabel(plan, {
        lookup: (name) => values[name],
        clean: (text) => text.replaceAll("hunter2", "***"),
        signal,
      }),
    files: () => walk(folder, folder),
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

async function walk(folder: string, root: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) found.push(...await walk(path, root));
    else found.push(path.slice(root.length + 1));
  }
  return found.toSorted();
}

Deno.test("deliverLabel saves each label in a folder that it makes, in place of the one before", async () => {
  await using desk = await openDesk();
  const file = `${desk.folder}/labels/{job}/{serial}.svg`;
  const plan = { lines: ["{serial} {text}"], file };
  const values = { job: "lamp 1.0", serial: "LMP-1" };
  await desk.deliver(plan, { ...values, text: "old" });
  await desk.deliver(plan, { ...values, text: "new" });
  assert.deepEqual(await desk.files(), ["labels/lamp 1.0/LMP-1.svg"]);
  const svg = await Deno.readTextFile(
    `${desk.folder}/labels/lamp 1.0/LMP-1.svg`,
  );
  assert.match(svg, />LMP-1 new</);
});

Deno.test("deliverLabel takes a value for part of a name, never for a path", async () => {
  const cases: readonly (readonly [string, string])[] = [
    ["24:0a:c4", "24-0a-c4"],
    ["../../etc/passwd", "---..-etc-passwd"],
    ["..", "--"],
    [".", "-"],
    ["/etc/passwd", "-etc-passwd"],
    ["C:\\x", "C--x"],
    [" x. ", "-x--"],
    ["a\0b\nc", "a-b-c"],
    ['"<>|?*', "------"],
    ["v1.2", "v1.2"],
    ["Größe 3", "Größe 3"],
  ];
  for (const [value, name] of cases) {
    await using desk = await openDesk();
    const plan = { lines: ["x"], file: `${desk.folder}/a/{v}/{v}.svg` };
    await desk.deliver(plan, { v: value });
    assert.deepEqual(await desk.files(), [`a/${name}/${name}.svg`], value);
  }
});

Deno.test("deliverLabel writes nowhere but in its folder, whatever a value is", async () => {
  await using desk = await openDesk();
  const piece = fc.constantFrom("..", ".", "/", "\\", "\0", "a", " ", ":", "é");
  const value = fc.array(piece, { minLength: 1, maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(value, value, async (one, two) => {
      const plan = { lines: ["x"], file: `${desk.folder}/in/{a}{b}/{b}` };
      await desk.deliver(plan, { a: one.join(""), b: two.join("") });
      const files = await desk.files();
      assert.ok(files.every((path) => /^in\/[^/]+\/[^/]+$/.test(path)));
    }),
    { numRuns: 60, seed: 3 },
  );
});

Deno.test("deliverLabel refuses a file without a name, and one that cannot be written", async () => {
  await using desk = await openDesk();
  const { folder } = desk;
  await assert.rejects(
    desk.deliver({ lines: ["x"], file: `${folder}/{v}` }, { v: "" }),
    { code: "label-failed", message: /value "v" is empty/ },
  );
  await Deno.writeTextFile(`${folder}/plain`, "");
  await assert.rejects(
    desk.deliver({ lines: ["x"], file: `${folder}/plain/x.svg` }, {}),
    { code: "label-failed", message: /^Cannot save a label as .*plain\/x.svg/ },
  );
  await assert.rejects(
    desk.deliver({ lines: ["{gone}"], file: `${folder}/x.svg` }, {}),
    { code: "label-failed", message: /no value "gone"/ },
  );
  assert.deepEqual(await desk.files(), ["plain"]);
});

Deno.test("deliverLabel gives a label to a program, which gets values as words", async () => {
  await using desk = await openDesk();
  const out = `${desk.folder}/out`;
  const command = ["sh", "-c", 'cat > "$1"; echo "$2" >> "$1"', "sh", out];
  await desk.deliver(
    { format: "zpl", lines: ["{v}"], command: [...command, "{v}"] },
    { v: "a; rm -rf $HOME `x`" },
  );
  const text = await Deno.readTextFile(out);
  assert.match(text, /\^FDa; rm -rf \$HOME `x`\^FS\n\^XZ\na; rm/);
});

Deno.test("deliverLabel says which program failed and with what words, without secrets", async () => {
  await using desk = await openDesk();
  const command = ["sh", "-c", "echo no paper for hunter2 >&2; exit 4"];
  await assert.rejects(desk.deliver({ lines: ["x"], command }, {}), {
    code: "label-failed",
    message: "Cannot print a label: sh ended with code 4: no paper for ***",
    hint: /printer/,
  });
  await assert.rejects(
    desk.deliver({ lines: ["x"], command: ["no-such-printer"] }, {}),
    { code: "label-failed", message: /no-such-printer cannot be started/ },
  );
});

Deno.test("deliverLabel stops its program when the board is cancelled", async () => {
  const controller = new AbortController();
  await using desk = await openDesk(controller.signal);
  const started = `${desk.folder}/started`;
  const printing = desk.deliver({
    lines: ["x"],
    command: ["sh", "-c", 'touch "$1"; exec sleep 60', "sh", started],
  }, {});
  const reason = new Error("cancelled");
  using watcher = Deno.watchFs(desk.folder);
  if ((await desk.files()).length === 0) {
    for await (const { kind } of watcher) if (kind === "create") break;
  }
  controller.abort(reason);
  await assert.rejects(printing, reason);
});

Deno.test("prepareJob refuses labels that say nothing, go nowhere or have no size", async () => {
  const problems = async (label: LabelPlan) => {
    const job = { name: "lamp", firmware: [], label };
    const error = await prepareJob(job).catch((error: unknown) => error);
    return error instanceof Error ? error.message : "";
  };
  const to = { file: "x.svg" };
  assert.match(await problems({ lines: [], ...to }), /a "qr" or "lines"/);
  assert.match(await problems({ lines: ["x"] }), /a "file" or a "command"/);
  assert.match(await problems({ lines: ["x"], ...to, dpi: 20 }), /label.dpi/);
  assert.match(await problems({ lines: ["{x}"], ...to }), /no value "x"/);
  assert.doesNotMatch(
    await problems({ lines: ["x"], ...to, dpi: 300 }),
    /label/,
  );
});
