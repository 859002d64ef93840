/** Runs many esptool command lines in a few processes: Python takes longer to start than esptool to run. */

/** A command line of esptool. */
export interface EsptoolCall {
  /** The folder in which it runs. */
  readonly cwd: string;
  /** What follows `esptool`. */
  readonly args: readonly string[];
}

/** What became of it. */
export interface EsptoolResult {
  /** 0, 2 for what esptool refuses, 99 for a Python exception that it let through. */
  readonly code: number;
  /** What it printed. */
  readonly output: string;
}

const WORKERS = 2;

/** Reads calls as lines of JSON; each runs in a fork, so that none sees what another has changed. */
const DRIVER = `
import json, os, sys
import esptool

def call(case):
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        os.dup2(writer, 1)
        os.dup2(writer, 2)
        code = 99
        try:
            os.chdir(case["cwd"])
            esptool.main(case["args"])
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 2
        except esptool.FatalError as error:
            print(error)
            code = 2
        except BaseException as error:
            print(type(error).__name__, error)
        finally:
            sys.stdout.flush()
            os._exit(code)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        output = pipe.read().decode(errors="replace")
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return {"code": code, "output": output}

for line in sys.stdin:
    print(json.dumps(call(json.loads(line))), flush=True)
`;

/** Runs the calls, in no particular order; the results are in the calls' order. */
export async function runEsptoolBatch(
  python: string,
  calls: readonly EsptoolCall[],
): Promise<EsptoolResult[]> {
  const shares = Array.from(
    { length: WORKERS },
    (_, worker) => calls.filter((_, index) => index % WORKERS === worker),
  );
  const results = await Promise.all(
    shares.map((share) => runShare(python, share)),
  );
  return calls.map((_, index) => {
    const result = results[index % WORKERS]?.[Math.floor(index / WORKERS)];
    if (result === undefined) throw new Error("esptool left a call out");
    return result;
  });
}

async function runShare(
  python: string,
  calls: readonly EsptoolCall[],
): Promise<EsptoolResult[]> {
  const child = new Deno.Command(python, {
    args: ["-c", DRIVER],
    env: { COLUMNS: "200", NO_COLOR: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const sent = ReadableStream.from(calls)
    .pipeThrough(
      new TransformStream<EsptoolCall, string>({
        transform: (call, out) => out.enqueue(`${JSON.stringify(call)}\n`),
      }),
    )
    .pipeThrough(new TextEncoderStream())
    .pipeTo(child.stdin);
  const [{ success, stdout, stderr }] = await Promise.all([
    child.output(),
    sent,
  ]);
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).trim().split("\n").map((line) =>
    JSON.parse(line)
  );
}
