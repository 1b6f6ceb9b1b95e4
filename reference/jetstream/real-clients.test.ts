/** The published client libraries against this server: what they do with streams has to come out as they expect. */

import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect as connectNew } from "@nats-io/transport-node";
import { AckPolicy, connect as connectOld, StorageType } from "nats";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type RunningServer, startServer } from "../index.ts";

let server: RunningServer;

beforeAll(async () => {
  server = await startServer();
}, 20_000);

afterAll(() => server.stop());

test("nats 2.29 creates, publishes with ids, reads, deletes and purges", async () => {
  const connection = await connectOld({ servers: server.url });
  const manager = await connection.jetstreamManager();
  const created = await manager.streams.add({ name: "OLD", subjects: ["old.>"], storage: StorageType.File, max_msgs: 100 });
  expect(created.config).toMatchObject({ name: "OLD", max_msgs: 100, num_replicas: 1 });
  const client = connection.jetstream();
  expect(await client.publish("old.a", "one", { msgID: "m1" })).toMatchObject({ stream: "OLD", seq: 1, duplicate: false });
  expect(await client.publish("old.a", "one", { msgID: "m1" })).toMatchObject({ seq: 1, duplicate: true });
  await expect(client.publish("old.a", "two", { expect: { lastSequence: 7 } })).rejects.toThrow("wrong last sequence: 1");
  expect((await manager.streams.getMessage("OLD", { seq: 1 })).string()).toBe("one");
  await manager.consumers.add("OLD", { durable_name: "C", ack_policy: AckPolicy.Explicit });
  const message = await (await client.consumers.get("OLD", "C")).next({ expires: 5000 });
  expect([message?.string(), await message?.ackAck()]).toEqual(["one", true]);
  expect(await manager.streams.deleteMessage("OLD", 1)).toBe(true);
  expect(await manager.streams.purge("OLD")).toMatchObject({ success: true, purged: 0 });
  expect((await manager.streams.info("OLD")).state).toMatchObject({ messages: 0, first_seq: 2, last_seq: 1 });
  expect(await manager.streams.delete("OLD")).toBe(true);
  await connection.close();
});

test("@nats-io/jetstream 3.4 updates, lists and reads directly", async () => {
  const connection = await connectNew({ servers: server.url });
  const manager = await jetstreamManager(connection);
  await manager.streams.add({ name: "NEW", subjects: ["new.>"], allow_direct: true });
  const client = jetstream(connection);
  for (const subject of ["new.a", "new.b", "new.a"]) {
    await client.publish(subject, subject);
  }
  const found = await manager.direct.getMessage("NEW", { last_by_subj: "new.b" });
  expect([found?.string(), found?.seq]).toEqual(["new.b", 2]);
  const updated = await manager.streams.update("NEW", { max_msgs_per_subject: 1 });
  expect(updated.state.messages).toBe(2);
  expect(await manager.streams.names().next()).toEqual(["NEW"]);
  const info = await manager.streams.info("NEW", { subjects_filter: ">" });
  expect(info.state.subjects).toEqual({ "new.a": 1, "new.b": 1 });
  await expect(manager.streams.info("NONE")).rejects.toThrow("stream not found");
  await connection.close();
});
