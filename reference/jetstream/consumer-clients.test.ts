/**
 * Real client libraries on this server, and on the official one when it is installed: what they see is the same. The packages are
 * the ones applications use: `nats` 2.29 and `@nats-io/jetstream` 3.4.
 */
import { type Consumer, type JetStreamClient, type JetStreamManager, jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import * as legacy from "nats";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SERVER_VERSION } from "../version.ts";
import { findOfficialServer } from "./api/official-server.contract.ts";
import { type ComparedServer, startOfficial, startReference } from "./consumer-servers.contract.ts";

const command = findOfficialServer(SERVER_VERSION);
const targets = command === undefined ? ["reference"] : ["reference", "official"];
const payloads = ["a", "b", "c", "d", "e"];

describe.each(targets)("on the %s server", (target) => {
  let server: ComparedServer;

  beforeAll(async () => {
    server = target === "reference" ? await startReference() : await startOfficial(command ?? "");
  }, 30_000);

  afterAll(() => server.stop());

  test("nats 2.29 creates, fetches, double-acknowledges, refuses and deletes", async () => {
    const connection = await legacy.connect({ servers: server.url });
    const manager = await connection.jetstreamManager();
    await manager.streams.add({ name: "OLD", subjects: ["old.>"] });
    const client = connection.jetstream();
    for (const [index, payload] of payloads.entries()) {
      await client.publish("old.x", payload, { msgID: `id-${index}` });
    }
    await manager.consumers.add("OLD", { durable_name: "D", ack_policy: legacy.AckPolicy.Explicit });
    const consumer = await client.consumers.get("OLD", "D");
    const seen: [string, number, boolean][] = [];
    for await (const message of await consumer.fetch({ max_messages: 3, expires: 5000 })) {
      seen.push([message.string(), message.seq, await message.ackAck()]);
    }
    expect(seen).toEqual([
      ["a", 1, true],
      ["b", 2, true],
      ["c", 3, true],
    ]);
    const refused = await consumer.next();
    const last = await consumer.next();
    expect([refused?.string(), last?.string(), await last?.ackAck()]).toEqual(["d", "e", true]);
    refused?.nak();
    const again = await consumer.next({ expires: 5000 });
    expect([again?.string(), again?.info.deliveryCount, await again?.ackAck()]).toEqual(["d", 2, true]);
    const info = await consumer.info();
    expect([info.ack_floor.stream_seq, info.num_ack_pending, info.num_pending]).toEqual([5, 0, 0]);
    expect(await consumer.delete()).toBe(true);
    await connection.close();
  });

  describe("@nats-io/jetstream 3.4", () => {
    let manager: JetStreamManager;
    let client: JetStreamClient;
    let close: () => Promise<void>;

    beforeAll(async () => {
      const connection = await connect({ servers: server.url });
      manager = await jetstreamManager(connection);
      client = jetstream(connection);
      close = () => connection.close();
      await manager.streams.add({ name: "NEW", subjects: ["new.>"] });
      for (const payload of payloads) {
        await client.publish("new.x", payload);
      }
    });

    afterAll(() => close());

    async function created(name: string, config: object = {}): Promise<Consumer> {
      await manager.consumers.add("NEW", { durable_name: name, ack_policy: "explicit", ...config });
      return client.consumers.get("NEW", name);
    }

    test("consumes continuously with acknowledgements", async () => {
      const consumer = await created("CONSUME");
      const messages = await consumer.consume({ max_messages: 2, expires: 5000 });
      const seen: string[] = [];
      for await (const message of messages) {
        seen.push(message.string());
        expect(await message.ackAck()).toBe(true);
        if (seen.length === payloads.length) {
          messages.stop();
        }
      }
      expect(seen).toEqual(payloads);
      expect(await consumer.info()).toMatchObject({ num_pending: 0, num_ack_pending: 0, ack_floor: { stream_seq: 5 } });
    });

    test("a fetch that finds nothing ends by itself", async () => {
      const consumer = await created("EMPTY", { deliver_policy: "new" });
      const seen: string[] = [];
      for await (const message of await consumer.fetch({ max_messages: 1, expires: 1000 })) {
        seen.push(message.string());
      }
      expect(seen).toEqual([]);
    });

    test("an ordered consumer reads the stream from its beginning", async () => {
      const consumer = await client.consumers.get("NEW");
      const seen: string[] = [];
      for await (const message of await consumer.fetch({ max_messages: 5, expires: 5000 })) {
        seen.push(message.string());
      }
      expect(seen).toEqual(payloads);
    });

    test("a working receiver keeps its message, and a terminated one is gone", async () => {
      const consumer = await created("WORK", { ack_wait: 30_000_000_000 });
      const message = await consumer.next({ expires: 5000 });
      message?.working();
      message?.term("no use");
      const next = await consumer.next({ expires: 5000 });
      expect([message?.seq, next?.seq]).toEqual([1, 2]);
      expect(await consumer.info()).toMatchObject({ num_ack_pending: 1, ack_floor: { stream_seq: 1 } });
    });

    test("pausing and resuming is told", async () => {
      await created("PAUSED");
      const until = new Date(Date.now() + 60_000);
      expect(await manager.consumers.pause("NEW", "PAUSED", until)).toMatchObject({ paused: true });
      expect(await manager.consumers.resume("NEW", "PAUSED")).toMatchObject({ paused: false });
    });

    test("names and lists hold every consumer", async () => {
      await created("LISTED");
      const names: string[] = [];
      for await (const info of manager.consumers.list("NEW")) {
        names.push(info.name);
      }
      expect(names).toContain("LISTED");
      expect(await manager.consumers.delete("NEW", "LISTED")).toBe(true);
    });
  });
});
