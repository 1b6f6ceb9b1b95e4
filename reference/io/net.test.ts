import { connect } from "node:net";
import { expect, test, vi } from "vitest";
import type { Socket } from "../ports.ts";
import { systemNet } from "./net.ts";

async function pair(): Promise<{ server: Socket; client: ReturnType<typeof connect>; close: () => Promise<void> }> {
  let accepted: ((socket: Socket) => void) | undefined;
  const server = new Promise<Socket>((resolve) => {
    accepted = resolve;
  });
  const listener = await systemNet.listen({ host: "127.0.0.1", port: 0 }, (socket) => accepted?.(socket));
  const client = connect(listener.port, "127.0.0.1");
  return { server: await server, client, close: () => listener.close() };
}

test("a write to a peer that reads leaves nothing queued", async () => {
  const { server, client, close } = await pair();
  expect(server.write(Buffer.from("hello"))).toBe(0);
  expect(await new Promise((resolve) => client.once("data", (bytes) => resolve(bytes.toString())))).toBe("hello");
  client.destroy();
  await close();
});

test("a write to a peer that doesn't read says how much is queued, and tells when it has gone", async () => {
  const { server, client, close } = await pair();
  client.pause();
  const drained = new Promise<void>((resolve) => {
    server.handler = { data: () => undefined, drain: resolve, closed: () => undefined };
  });
  const size = 64 * 1024 * 1024;
  expect(server.write(Buffer.alloc(size))).toBeGreaterThan(0);
  let received = 0;
  client.on("data", (bytes: Buffer) => (received += bytes.length));
  client.resume();
  await drained;
  server.end();
  await new Promise((resolve) => client.once("close", resolve));
  expect(received).toBe(size);
  await close();
});

test("a port in use is reported with the system's code", async () => {
  const first = await systemNet.listen({ host: "127.0.0.1", port: 0 }, () => undefined);
  await expect(systemNet.listen({ host: "127.0.0.1", port: first.port }, () => undefined)).rejects.toMatchObject({ code: "EADDRINUSE" });
  await first.close();
});

test("closing ends also a connection whose peer doesn't read", async () => {
  const { server, client, close } = await pair();
  client.on("error", () => undefined);
  client.pause();
  server.write(Buffer.alloc(64 * 1024 * 1024));
  await close();
  client.destroy();
});

test("sockets that read at the same time get their own bytes, and a paused one none until it goes on", async () => {
  const accepted: Socket[] = [];
  const listener = await systemNet.listen({ host: "127.0.0.1", port: 0 }, (socket) => accepted.push(socket));
  const clients = [0, 1, 2].map(() => connect(listener.port, "127.0.0.1"));
  await vi.waitFor(() => expect(accepted).toHaveLength(3));
  const received = accepted.map((socket) => {
    const got = { counts: new Map<number, number>(), total: 0, closed: false };
    const data = (bytes: Uint8Array) => {
      for (const byte of bytes) {
        got.counts.set(byte, (got.counts.get(byte) ?? 0) + 1);
      }
      got.total += bytes.length;
    };
    socket.handler = { data, drain: () => undefined, closed: () => (got.closed = true) };
    return got;
  });
  accepted[2]?.pause();
  const size = 700_000;
  clients.forEach((client, index) => client.end(Buffer.alloc(size, index + 1)));
  await vi.waitFor(() => expect(received.map(({ closed }) => closed)).toEqual([true, true, false]), { timeout: 10_000 });
  expect(received.map(({ total }) => total)).toEqual([size, size, 0]);
  accepted[2]?.resume();
  await vi.waitFor(() => expect(received[2]?.closed).toBe(true), { timeout: 10_000 });
  expect(received.map(({ counts }) => counts.size)).toEqual([1, 1, 1]);
  expect(received[2]?.total).toBe(size);
  // Every connection was counted down: nothing holds the listener up.
  await listener.close();
});
