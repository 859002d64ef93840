/** A server on this machine that answers what a test says, and keeps what it was asked. */

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
  readonly body: string;
}

export interface TestServer extends AsyncDisposable {
  readonly url: string;
  readonly host: string;
  readonly asked: readonly Asked[];
}

export function serve(
  answer: (asked: Asked) => Response | Promise<Response>,
): TestServer {
  const asked: Asked[] = [];
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      const { method, headers } = request;
      const { pathname, search } = new URL(request.url);
      const body = await request.text();
      const entry = { method, path: pathname + search, headers, body };
      asked.push(entry);
      return await answer(entry);
    },
  );
  const host = `127.0.0.1:${server.addr.port}`;
  return {
    url: `http://${host}`,
    host,
    asked,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** An address where nobody listens. */
export function deadUrl(): string {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return `http://127.0.0.1:${listener.addr.port}`;
}
