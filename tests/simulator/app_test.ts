import assert from "node:assert/strict";
import { VirtualBoard } from "../../lib/simulator/mod.ts";
import { testImage } from "../provision/_images.ts";

Deno.test("VirtualBoard hands the application what it is sent, once it runs", async () => {
  const heard: string[] = [];
  const flash = new Uint8Array(0x1_0000).fill(0xff);
  flash.set(testImage("esp32", 2000), 0x1000);
  await using board = new VirtualBoard({
    chip: "esp32",
    flash,
    appText: "hello\r\n",
    strap: "run",
    async app(bytes, print) {
      heard.push(new TextDecoder().decode(bytes));
      await print(new TextEncoder().encode("you too\r\n"));
    },
  });
  await using port = await board.open({ baudRate: 115200 });
  const writer = port.writable.getWriter();
  await writer.write(new TextEncoder().encode("good day\n"));
  let text = "";
  for await (const bytes of port.readable) {
    text += new TextDecoder().decode(bytes);
    if (text.includes("you too")) break;
  }
  assert.match(text, /hello\r\n.*you too\r\n$/s);
  assert.deepEqual(heard, ["good day\n"]);
});

Deno.test("VirtualBoard has nobody to hear where no application runs", async () => {
  const heard: Uint8Array[] = [];
  await using board = new VirtualBoard({
    chip: "esp32",
    strap: "run",
    app: (bytes) => void heard.push(bytes),
  });
  await using port = await board.open({ baudRate: 115200 });
  await port.writable.getWriter().write(new Uint8Array([1, 2, 3]));
  await port.drain();
  assert.deepEqual(heard, []);
});
