import { expect, test } from "vitest";
import { startScriptedServer } from "./scripted-server.ts";
import { openSocket } from "./socket.ts";

test("what arrives before anybody listens is kept, in order with what comes later", async () => {
  const pieces = ["first;", "second;", "third;"];
  await using server = await startScriptedServer({
    onConnection: (socket) => socket.write(pieces[0] ?? ""),
    onData: (text, socket) => socket.write(text),
  });
  const socket = await openSocket({ host: "127.0.0.1", port: server.port, timeoutMs: 5000 });
  socket.write(pieces[1] ?? "");
  await server.untilHeard(pieces[1] ?? "");
  while (socket.readableLength < "first;second;".length) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
  let seen = "";
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.on("data", (chunk: Buffer) => {
    seen += chunk.toString();
    if (seen.length >= pieces.join("").length) {
      resolve();
    }
  });
  socket.write(pieces[2] ?? "");
  await promise;
  expect(seen).toBe(pieces.join(""));
  socket.destroy();
});
