/** Real clients on the embedded server: what people's programs do with it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jetstreamManager, jetstream as newJetstream } from "@nats-io/jetstream";
import { connect as newConnect } from "@nats-io/transport-node";
import { connect as oldConnect, headers as oldHeaders, StringCodec } from "nats";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type RunningServer, startServer } from "./index.ts";

let server: RunningServer;
beforeAll(async () => {
  server = await startServer({ monitorPort: 0 });
});
afterAll(() => server.stop());

const codec = StringCodec();

test("nats 2.29 publishes, subscribes, asks and learns that nobody answers", async () => {
  const connection = await oldConnect({ servers: server.url, name: "old" });
  const messages = connection.subscribe("old.>", { max: 2 });
  const headers = oldHeaders();
  headers.set("A", "b");
  connection.publish("old.a", codec.encode("one"));
  connection.publish("old.b", codec.encode("two"), { headers });
  const received: string[] = [];
  for await (const message of messages) {
    received.push(`${message.subject} ${codec.decode(message.data)} ${message.headers?.get("A") ?? ""}`);
  }
  expect(received).toEqual(["old.a one ", "old.b two b"]);

  connection.subscribe("old-service", { queue: "q", callback: (_error, message) => void message.respond(codec.encode("yes")) });
  const answers = await Promise.all(Array.from({ length: 50 }, () => connection.request("old-service", codec.encode("?"))));
  expect(new Set(answers.map(({ data }) => codec.decode(data)))).toEqual(new Set(["yes"]));
  await expect(connection.request("nobody")).rejects.toMatchObject({ code: "503" });
  await connection.drain();
});

test("nats 2.29 asks with one inbox a request", async () => {
  const connection = await oldConnect({ servers: server.url });
  connection.subscribe("single", { callback: (_error, message) => void message.respond(message.data) });
  for (const text of ["a", "b", "c"]) {
    const { data } = await connection.request("single", codec.encode(text), { noMux: true, timeout: 10_000 });
    expect(codec.decode(data)).toBe(text);
  }
  await connection.close();
});

test("@nats-io spreads a queue group's messages and keeps their order for one subscriber", async () => {
  const [a, b] = await Promise.all([newConnect({ servers: server.url }), newConnect({ servers: server.url })]);
  const counts = [0, 0];
  const all: number[] = [];
  a.subscribe("work", { queue: "q", callback: () => void counts[0]!++ });
  b.subscribe("work", { queue: "q", callback: () => void counts[1]!++ });
  b.subscribe("work", { callback: (_error, message) => void all.push(Number(message.string())) });
  await Promise.all([a.flush(), b.flush()]);
  for (let each = 0; each < 500; each++) {
    a.publish("work", String(each));
  }
  await a.flush();
  await b.flush();
  expect(counts[0]! + counts[1]!).toBe(500);
  expect(Math.min(...counts)).toBeGreaterThan(100);
  expect(all).toEqual(Array.from({ length: 500 }, (_, at) => at));
  await Promise.all([a.close(), b.close()]);
});

test("@nats-io stores in a stream and reads back, also after a restart on the same folder", async () => {
  const connection = await newConnect({ servers: server.url });
  const manager = await jetstreamManager(connection);
  await manager.streams.add({ name: "S", subjects: ["s.>"] });
  const jetstream = newJetstream(connection);
  expect(await jetstream.publish("s.a", "one", { msgID: "1" })).toMatchObject({ stream: "S", seq: 1, duplicate: false });
  expect(await jetstream.publish("s.a", "one", { msgID: "1" })).toMatchObject({ seq: 1, duplicate: true });
  expect((await manager.streams.getMessage("S", { seq: 1 }))?.string()).toBe("one");
  await connection.close();
});

test("a large payload passes whole, and one above the maximum ends the connection", async () => {
  const connection = await newConnect({ servers: server.url });
  const payload = new Uint8Array(1024 * 1024).map((_, at) => at % 251);
  connection.subscribe("echo", { callback: (_error, message) => void message.respond(message.data) });
  const { data } = await connection.request("echo", payload, { timeout: 20_000 });
  expect(Buffer.compare(data, payload)).toBe(0);
  await connection.close();
});

test("user and password, or a token, are asked for when they are set", async () => {
  const locked = await startServer({ user: "joe", password: "secret", jetstream: false });
  await expect(newConnect({ servers: locked.url, reconnect: false })).rejects.toThrow(/authorization/i);
  const joe = await newConnect({ servers: locked.url, user: "joe", pass: "secret" });
  await joe.close();
  await locked.stop();
  const guarded = await startServer({ token: "t0k", jetstream: false });
  await expect(newConnect({ servers: guarded.url, token: "no", reconnect: false })).rejects.toThrow(/authorization/i);
  const holder = await newConnect({ servers: guarded.url, token: "t0k" });
  await holder.close();
  await guarded.stop();
});

test("stop keeps what kill keeps: what was acknowledged is there on the next start", async ({ onTestFinished }) => {
  const folder = mkdtempSync(join(tmpdir(), "embedded-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [round, how] of (["stop", "kill", "stop"] as const).entries()) {
    const each = await startServer({ storeDir: folder });
    const connection = await newConnect({ servers: each.url });
    const manager = await jetstreamManager(connection);
    if (round === 0) {
      await manager.streams.add({ name: "S", subjects: ["s.>"] });
    }
    expect((await manager.streams.info("S")).state.messages).toBe(round);
    await newJetstream(connection).publish("s.a", String(round));
    await connection.close();
    await each[how]();
  }
});

test("the monitoring pages count what clients do", async () => {
  const read = async (path: string): Promise<Record<string, unknown>> => {
    const response = await fetch(`${server.monitorUrl}${path}`);
    expect(response.headers.get("content-type")).toBe("application/json");
    const json: Record<string, unknown> = JSON.parse(await response.text());
    return json;
  };
  const before = await read("/varz");
  const connection = await newConnect({ servers: server.url });
  connection.publish("counted", "12345");
  await connection.flush();
  const after = await read("/varz");
  expect([after["connections"], Number(after["in_msgs"]) - Number(before["in_msgs"])]).toEqual([1, 1]);
  expect(Number(after["in_bytes"]) - Number(before["in_bytes"])).toBe(5);
  expect(await read("/jsz")).toMatchObject({ streams: 1, messages: 1, config: { sync_always: true } });
  expect(await read("/healthz")).toEqual({ status: "ok" });
  const missing = await fetch(`${server.monitorUrl}/nope`);
  expect([missing.status, await missing.text()]).toEqual([404, "404 page not found\n"]);
  await connection.close();
});
