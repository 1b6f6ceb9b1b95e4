import { connect } from "node:net";
import { expect, test } from "vitest";
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
