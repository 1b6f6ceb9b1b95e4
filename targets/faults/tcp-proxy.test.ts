import { createConnection, createServer, type Server, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { disposeAll } from "../live.ts";
import { holdsWithin } from "../waiting.ts";
import { type ConnectionFault, drawConnectionFault, startTcpProxy, type TcpProxy } from "./tcp-proxy.ts";

const servers: Server[] = [];
const clients: Socket[] = [];

afterEach(async () => {
  await disposeAll();
  for (const socket of clients.splice(0)) {
    socket.destroy();
  }
  for (const server of servers.splice(0)) {
    server.close();
  }
});

interface Side {
  readonly socket: Socket;
  text: string;
  ended: boolean;
  error: string;
}

function watch(socket: Socket): Side {
  const side: Side = { socket, text: "", ended: false, error: "" };
  socket.on("data", (bytes: Buffer) => {
    side.text += bytes.toString();
  });
  socket.on("end", () => {
    side.ended = true;
  });
  socket.on("error", (error) => {
    side.error = "code" in error ? String(error.code) : error.message;
  });
  clients.push(socket);
  return side;
}

/** A client and what the server sees of it, with the proxy between them. */
async function connected(): Promise<{ proxy: TcpProxy; client: Side; server: Side }> {
  const accepted: Side[] = [];
  const listener = createServer({ allowHalfOpen: true }, (socket) => accepted.push(watch(socket)));
  servers.push(listener);
  await new Promise<void>((resolve) => {
    listener.listen(0, "127.0.0.1", resolve);
  });
  const address = listener.address();
  const proxy = await startTcpProxy(`nats://u:p@127.0.0.1:${typeof address === "object" ? address?.port : ""}`);
  expect(proxy.url).toBe(`nats://u:p@127.0.0.1:${proxy.port}`);
  const client = watch(createConnection({ host: "127.0.0.1", port: proxy.port, allowHalfOpen: true }));
  await seen(() => accepted.length === 1);
  const [server] = accepted;
  if (server === undefined) {
    throw new Error("nobody connected");
  }
  return { proxy, client, server };
}

async function seen(condition: () => boolean): Promise<void> {
  expect(await holdsWithin(condition, { withinMs: 10_000 })).toBe(true);
}

async function exchange({ client, server }: { client: Side; server: Side }): Promise<void> {
  client.socket.write("hello");
  await seen(() => server.text.endsWith("hello"));
  server.socket.write("there");
  await seen(() => client.text.endsWith("there"));
}

test("bytes and ends pass unchanged in both directions while nothing is armed", async () => {
  const all = await connected();
  await exchange(all);
  const large = Buffer.alloc(3_000_000, "0123456789").toString();
  all.client.socket.end(large);
  await seen(() => all.server.ended);
  expect(all.server.text).toBe(`hello${large}`);
  all.server.socket.end("bye");
  await seen(() => all.client.ended);
  expect(all.client.text).toBe("therebye");
  expect(all.proxy.passed).toEqual({ "to-server": 3_000_005, "to-client": 8 });
  await seen(() => all.proxy.connections === 0);
});

test("a delay holds each piece for its time and keeps the order", async () => {
  const { proxy, client, server } = await connected();
  const armed = proxy.arm({ does: "delay", direction: "to-server", delayMs: 80 });
  const start = performance.now();
  client.socket.write("a");
  client.socket.write("b");
  await seen(() => server.text === "ab");
  expect(performance.now() - start).toBeGreaterThanOrEqual(79);
  expect(await armed.release()).toMatchObject({ happened: true });
});

test("a bandwidth is not exceeded", async () => {
  const { proxy, client, server } = await connected();
  const armed = proxy.arm({ does: "bandwidth", direction: "to-server", bytesPerSecond: 100_000 });
  const start = performance.now();
  client.socket.write(Buffer.alloc(30_000, "x"));
  await seen(() => server.text.length === 30_000);
  // The first piece of a twentieth of a second goes at once.
  expect(performance.now() - start).toBeGreaterThanOrEqual(240);
  expect(armed.evidence()).toMatchObject({ happened: true });
});

test("a stall passes on exactly so many bytes, and the rest when released", async () => {
  const all = await connected();
  const armed = all.proxy.arm({ does: "stall", direction: "to-server", afterBytes: 3 });
  all.client.socket.write("abcdef");
  expect(await armed.happenedWithin(10_000)).toMatchObject({ happened: true, details: { hits: 1, heldBytes: 3 } });
  all.server.socket.write("other direction");
  await seen(() => all.client.text === "other direction");
  expect(all.server.text).toBe("abc");
  await armed.release();
  await seen(() => all.server.text === "abcdef");
  await exchange(all);
});

test("a half-close ends one direction and leaves the other", async () => {
  const { proxy, client, server } = await connected();
  const armed = proxy.arm({ does: "half-close", direction: "to-client", afterBytes: 4 });
  server.socket.write("INFO and more");
  await seen(() => client.ended);
  expect(client.text).toBe("INFO");
  client.socket.write("still here");
  await seen(() => server.text === "still here");
  expect(server.ended).toBe(false);
  expect(armed.evidence()).toMatchObject({ happened: true, details: { hits: 1 } });
});

test("a reset after so many bytes reaches both sides", async () => {
  const { proxy, client, server } = await connected();
  const armed = proxy.arm({ does: "reset", direction: "to-server", afterBytes: 5 });
  client.socket.write("hello world");
  await seen(() => client.error === "ECONNRESET" && server.error === "ECONNRESET");
  expect(armed.evidence()).toMatchObject({ happened: true });
  await seen(() => proxy.connections === 0);
});

test("a server that is not there resets the client", async () => {
  const { proxy, client } = await connected();
  servers.splice(0).forEach((server) => server.close());
  const second = watch(createConnection({ host: "127.0.0.1", port: proxy.port }));
  await seen(() => second.error === "ECONNRESET" || second.socket.destroyed);
  expect(client.error).toBe("");
});

test("a fault that did not strike says so, and two at a time are refused", async () => {
  const { proxy } = await connected();
  const armed = proxy.arm({ does: "reset", direction: "to-server", afterBytes: 1_000_000 });
  expect(await armed.happenedWithin(20)).toMatchObject({ happened: false });
  expect(() => proxy.arm({ does: "stall" })).toThrow(/release it first/);
  await armed.release();
  expect(() => proxy.arm({ does: "bandwidth" })).toThrow(/bytesPerSecond/);
});

test("a seed draws the same fault each time, and many kinds over many seeds", () => {
  const draw = (seed: number): ConnectionFault => drawConnectionFault({ seed, bytesMax: 1000 });
  expect(draw(5)).toEqual(draw(5));
  const kinds = new Set(Array.from({ length: 60 }, (_, seed) => `${draw(seed).does} ${draw(seed).direction}`));
  expect(kinds.size).toBe(6);
});
