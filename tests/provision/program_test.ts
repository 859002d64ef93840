import assert from "node:assert/strict";
import { runProgram } from "../../lib/provision/_program.ts";

const NOTHING = new Uint8Array();
const OPTIONS = {
  signal: new AbortController().signal,
  clean: (text: string) => text.replaceAll("hunter2-hunter2", "•••"),
};

function shell(script: string, ...args: string[]): string[] {
  return ["sh", "-c", script, "sh", ...args];
}

async function withFolder(
  work: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "espline-program-" });
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Waits until a program has made a file, and yields what is in it. */
async function contentOf(folder: string, name: string): Promise<string> {
  using watcher = Deno.watchFs(folder);
  const read = async () =>
    await Deno.readTextFile(`${folder}/${name}`).catch(() => "");
  let text = await read();
  if (text.endsWith("\n")) return text;
  for await (const _ of watcher) {
    text = await read();
    if (text.endsWith("\n")) break;
  }
  return text;
}

/** Whether a process is there and no zombie. */
async function isAlive(pid: number): Promise<boolean> {
  const path = `/proc/${pid}/stat`;
  const stat = await Deno.readTextFile(path).catch(() => ") Z");
  return !/\) Z/.test(stat);
}

Deno.test("runProgram hands over input and words as they are", async () => {
  await withFolder(async (folder) => {
    const out = `${folder}/out`;
    const input = new TextEncoder().encode("grün\0".repeat(50_000));
    await runProgram(
      shell('cat > "$1"; printf "%s" "$2" >> "$1"', out, "$HOME; *"),
      input,
      OPTIONS,
    );
    const bytes = await Deno.readFile(out);
    assert.deepEqual(bytes.subarray(0, input.length), input);
    assert.equal(
      new TextDecoder().decode(bytes.subarray(input.length)),
      "$HOME; *",
    );
  });
});

Deno.test("runProgram lets a program not read its input", async () => {
  await runProgram(["true"], new Uint8Array(1 << 20), OPTIONS);
});

Deno.test("runProgram tells a program's code and last words, without secrets", async () => {
  const fails = (script: string, message: string | RegExp) =>
    assert.rejects(runProgram(shell(script), NOTHING, OPTIONS), { message });
  await fails("exit 7", "ended with code 7");
  await fails(
    "printf 'no\\n\\033[31mpaper\\n' >&2; exit 1",
    "ended with code 1: no \ufffd[31mpaper",
  );
  // The secret stands where the words are cut.
  const tail = "x".repeat(190);
  await fails(
    `echo hunter2-hunter2${tail} >&2; exit 1`,
    new RegExp(`^ended with code 1: •••${tail}$`),
  );
  await fails(
    "head -c 3000000 /dev/zero | tr '\\0' y >&2; exit 2",
    /: y{200}$/,
  );
});

Deno.test("runProgram says that there is no such program", async () => {
  await assert.rejects(runProgram(["no-such-program"], NOTHING, OPTIONS), {
    message: "cannot be started: there is no such program",
  });
  await assert.rejects(runProgram(["/"], NOTHING, OPTIONS), {
    message: "cannot be started",
  });
});

Deno.test({
  name: "runProgram says which permission it lacks",
  permissions: { run: false },
  async fn() {
    await assert.rejects(runProgram(["true"], NOTHING, OPTIONS), {
      message: "cannot be started: espline runs without --allow-run for it",
    });
  },
});

Deno.test("runProgram does not wait for what a program leaves running", async () => {
  await withFolder(async (folder) => {
    const script = 'sleep 60 & echo $! > "$1/pid"; echo bad >&2; exit 1';
    await assert.rejects(
      runProgram(shell(script, folder), NOTHING, OPTIONS),
      { message: "ended with code 1: bad" },
    );
    Deno.kill(Number(await contentOf(folder, "pid")), "SIGKILL");
  });
});

for (
  const [kind, trap] of [["", ""], [" that will not end", "trap '' TERM;"]]
) {
  Deno.test(`runProgram kills a program${kind} when it is stopped`, async () => {
    await withFolder(async (folder) => {
      const controller = new AbortController();
      const { signal } = controller;
      const script = `${trap} echo $$ > "$1/pid"; while :; do sleep 0.05; done`;
      const running = runProgram(
        shell(script, folder),
        new Uint8Array(1 << 20),
        { ...OPTIONS, signal },
      );
      const pid = Number(await contentOf(folder, "pid"));
      assert.equal(await isAlive(pid), true);
      const reason = new Error("cancelled");
      controller.abort(reason);
      await assert.rejects(running, reason);
      assert.equal(await isAlive(pid), false);
    });
  });
}

Deno.test("runProgram starts nothing once it is stopped", async () => {
  const reason = new Error("cancelled");
  const signal = AbortSignal.abort(reason);
  await assert.rejects(
    runProgram(["no-such-program"], NOTHING, { ...OPTIONS, signal }),
    reason,
  );
});
