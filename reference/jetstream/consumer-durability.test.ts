/** Consumers of a real server with a real file store, stopped, killed and started again on the same folder. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Consumer, type JetStreamManager, type JsMsg, jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type RunningServer, startServer } from "../index.ts";

let storeDir: string;
let server: RunningServer;
let connection: NatsConnection;

beforeEach(async () => {
  storeDir = await mkdtemp(join(tmpdir(), "consumer-"));
  await start();
});

afterEach(async () => {
  await connection.close();
  await server.stop();
  await rm(storeDir, { recursive: true, force: true });
});

async function start(): Promise<JetStreamManager> {
  server = await startServer({ storeDir });
  connection = await connect({ servers: server.url });
  return jetstreamManager(connection);
}

async function restart(end: "stop" | "kill"): Promise<JetStreamManager> {
  await connection.close();
  await (end === "stop" ? server.stop() : server.kill());
  return start();
}

async function consumerOn(messages: number, config: object = {}): Promise<Consumer> {
  const manager = await jetstreamManager(connection);
  await manager.streams.add({ name: "S", subjects: ["s.>"] });
  for (let index = 1; index <= messages; index += 1) {
    await jetstream(connection).publish(`s.${index % 2}`, `m${index}`);
  }
  await manager.consumers.add("S", { durable_name: "C", ack_policy: "explicit", ...config });
  return jetstream(connection).consumers.get("S", "C");
}

async function fetch(consumer: Consumer, count: number): Promise<JsMsg[]> {
  const messages: JsMsg[] = [];
  for await (const message of await consumer.fetch({ max_messages: count, expires: 5000 })) {
    messages.push(message);
  }
  return messages;
}

test.each(["stop", "kill"] as const)("double-acknowledged messages stay acknowledged after %s", async (end) => {
  const consumer = await consumerOn(10);
  const messages = await fetch(consumer, 10);
  for (const message of messages.slice(0, 7)) {
    expect(await message.ackAck()).toBe(true);
  }
  const manager = await restart(end);
  expect(await manager.consumers.info("S", "C")).toMatchObject({
    delivered: { consumer_seq: 10, stream_seq: 10 },
    ack_floor: { consumer_seq: 7, stream_seq: 7 },
    num_ack_pending: 3,
    num_pending: 0,
  });
});

test.each(["stop", "kill"] as const)("what was delivered but not acknowledged comes back after %s with its count", async (end) => {
  const consumer = await consumerOn(3, { ack_wait: 500_000_000 });
  const [, two] = await fetch(consumer, 3);
  expect(await two?.ackAck()).toBe(true);
  await restart(end);
  const again = await fetch(await jetstream(connection).consumers.get("S", "C"), 2);
  expect(again.map(({ seq, info }) => [seq, info.deliveryCount])).toEqual([
    [1, 2],
    [3, 2],
  ]);
});

test("a consumer answered as deleted does not come back after kill, and a created one does", async () => {
  await consumerOn(1);
  const before = await jetstreamManager(connection);
  await before.consumers.add("S", { durable_name: "D", ack_policy: "all" });
  await before.consumers.delete("S", "C");
  const manager = await restart("kill");
  const names: string[] = [];
  for await (const { name } of manager.consumers.list("S")) {
    names.push(name);
  }
  expect(names).toEqual(["D"]);
});

test("a work queue's acknowledged message stays gone after kill", async () => {
  const manager = await jetstreamManager(connection);
  await manager.streams.add({ name: "S", subjects: ["s.>"], retention: "workqueue" });
  await jetstream(connection).publish("s.a", "1");
  await jetstream(connection).publish("s.a", "2");
  await manager.consumers.add("S", { durable_name: "C", ack_policy: "explicit" });
  const [first] = await fetch(await jetstream(connection).consumers.get("S", "C"), 1);
  expect(await first?.ackAck()).toBe(true);
  const after = await restart("kill");
  expect((await after.streams.info("S")).state).toMatchObject({ messages: 1, first_seq: 2 });
});

test.each(["stop", "kill"] as const)("a push consumer goes on where it was acknowledged after %s", async (end) => {
  const manager = await jetstreamManager(connection);
  await manager.streams.add({ name: "S", subjects: ["s.>"] });
  for (const payload of ["a", "b", "c"]) {
    await jetstream(connection).publish("s.x", payload);
  }
  await manager.consumers.add("S", { durable_name: "C", ack_policy: "explicit", ack_wait: 5e8, deliver_subject: "to.here" });
  const first = await (await jetstream(connection).consumers.getPushConsumer("S", "C")).consume();
  for await (const message of first) {
    if (message.seq === 2 || !(await message.ackAck())) {
      break;
    }
  }
  const after = await restart(end);
  expect(await after.consumers.info("S", "C")).toMatchObject({ ack_floor: { stream_seq: 1 }, config: { deliver_subject: "to.here" } });
  const again = await (await jetstream(connection).consumers.getPushConsumer("S", "C")).consume();
  const seen = new Set<number>();
  for await (const message of again) {
    seen.add(message.seq);
    message.ack();
    if (seen.has(2) && seen.has(3)) {
      break;
    }
  }
  expect(seen.has(1)).toBe(false);
});
