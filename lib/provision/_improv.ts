import type { Clock } from "../clock.ts";
export async function provideWifi(
  _port: {
    readable: ReadableStream<Uint8Array>;
    writable: WritableStream<Uint8Array>;
  },
  _network: { ssid: string; password: string },
  _o: { timeout?: number | undefined; clock: Clock; signal: AbortSignal },
): Promise<string | undefined> {
  return undefined;
}
