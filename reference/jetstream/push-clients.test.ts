/**
 * What client libraries build on push consumers, on this server and on the official one when it is installed: subscriptions, ordered
 * consumers, and the key-value and object stores that watch through them.
 */
import { DeliverPolicy, jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect, createInbox } from "@nats-io/transport-node";
import * as legacy from "nats";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SERVER_VERSION } from "../version.ts";
import { findOfficialServer } from "./api/official-server.contract.ts";
import { type ComparedServer, startOfficial, startReference } from "./consumer-servers.contract.ts";

const command = findOfficialServer(SERVER_VERSION);
const targets = command === undefined ? ["reference"] : ["reference", "official"];

/** Takes from an endless iterator until it has enough. */
async function take<Item>(source: AsyncIterable<Item>, count: number): Promise<Item[]> {
  const taken: Item[] = [];
  for await (const item of source) {
    taken.push(item);
    if (taken.length === count) {
      break;
    }
  }
  return taken;
}

describe.each(targets)("on the %s server", (target) => {
  let server: ComparedServer;

  beforeAll(async () => {
    server = target === "reference" ? await startReference() : await startOfficial(command ?? "");
  }, 30_000);

  afterAll(() => server.stop());

  describe("nats 2.29", () => {
    let connection: legacy.NatsConnection;
    let client: legacy.JetStreamClient;

    beforeAll(async () => {
      connection = await legacy.connect({ servers: server.url });
      client = connection.jetstream();
      const manager = await connection.jetstreamManager();
      await manager.streams.add({ name: "OLD", subjects: ["old.>"] });
      for (const payload of ["a", "b", "c"]) {
        await client.publish(`old.${payload}`, payload);
      }
    });

    afterAll(() => connection.close());

    test("subscribes with a durable push consumer, acknowledges and unsubscribes", async () => {
      const options = legacy.consumerOpts();
      options.durable("D").manualAck().ackExplicit().deliverTo(legacy.createInbox()).deliverAll();
      const subscription = await client.subscribe("old.>", options);
      const seen: [string, number, boolean][] = [];
      for (const message of await take(subscription, 3)) {
        seen.push([message.string(), message.info.pending, await message.ackAck()]);
      }
      expect(seen).toEqual([
        ["a", 2, true],
        ["b", 1, true],
        ["c", 0, true],
      ]);
      await subscription.destroy();
    });

    test("an ordered subscription with heartbeats and flow control reads everything", async () => {
      const options = legacy.consumerOpts();
      options.orderedConsumer();
      const subscription = await client.subscribe("old.>", options);
      expect((await take(subscription, 3)).map((message) => message.string())).toEqual(["a", "b", "c"]);
      subscription.unsubscribe();
    });

    test("members of a queue share one consumer", async () => {
      const options = () => {
        const built = legacy.consumerOpts();
        built.durable("Q").queue("workers").manualAck().ackExplicit().deliverTo("to.workers").deliverAll();
        return built;
      };
      const subscriptions = [await client.subscribe("old.>", options()), await client.subscribe("old.>", options())];
      const seen: string[] = [];
      await Promise.all(
        subscriptions.map(async (subscription) => {
          for await (const message of subscription) {
            seen.push(message.string());
            message.ack();
            if (seen.length === 3) {
              subscriptions.forEach((each) => each.unsubscribe());
            }
          }
        }),
      );
      expect(seen.sort()).toEqual(["a", "b", "c"]);
    });

    test("a key-value watch sees what is there, what comes and what goes", async () => {
      const bucket = await client.views.kv("BUCKET", { history: 3 });
      await bucket.put("one", "1");
      await bucket.put("two", "2");
      await bucket.put("one", "1 again");
      const watch = await bucket.watch();
      const seen: [string, string, string][] = [];
      for await (const entry of watch) {
        seen.push([entry.key, entry.operation, entry.string()]);
        if (seen.length === 2) {
          await bucket.put("three", "3");
          await bucket.delete("two");
        } else if (seen.length === 4) {
          watch.stop();
        }
      }
      expect(seen).toEqual([
        ["two", "PUT", "2"],
        ["one", "PUT", "1 again"],
        ["three", "PUT", "3"],
        ["two", "DEL", ""],
      ]);
      expect((await take(await bucket.keys(), 2)).sort()).toEqual(["one", "three"]);
      const history = await take(await bucket.history({ key: "one" }), 2);
      expect(history.map((entry) => entry.string())).toEqual(["1", "1 again"]);
    });

    test("an object comes back as it was put, chunk by chunk", async () => {
      const store = await client.views.os("OBJECTS");
      const data = Uint8Array.from({ length: 600_000 }, (_, index) => index % 251);
      await store.putBlob({ name: "large", options: { max_chunk_size: 65_536 } }, data);
      expect(Buffer.from((await store.getBlob("large")) ?? []).equals(Buffer.from(data))).toBe(true);
      expect((await store.list()).map(({ name, chunks }) => [name, chunks])).toEqual([["large", 10]]);
    });
  });

  test("@nats-io/jetstream 3.4 consumes from a push consumer and from an ordered one", async () => {
    const connection = await connect({ servers: server.url });
    const manager = await jetstreamManager(connection);
    const client = jetstream(connection);
    await manager.streams.add({ name: "NEW", subjects: ["new.>"] });
    for (const payload of ["a", "b", "c"]) {
      await client.publish("new.x", payload);
    }
    await manager.consumers.add("NEW", {
      durable_name: "P",
      ack_policy: "explicit",
      deliver_subject: createInbox(),
      idle_heartbeat: 1_000_000_000,
      flow_control: true,
    });
    const push = await client.consumers.getPushConsumer("NEW", "P");
    const messages = await push.consume();
    const seen: [string, boolean][] = [];
    for (const message of await take(messages, 3)) {
      seen.push([message.string(), await message.ackAck()]);
    }
    expect(seen).toEqual([
      ["a", true],
      ["b", true],
      ["c", true],
    ]);
    expect(await push.info()).toMatchObject({ num_ack_pending: 0, ack_floor: { stream_seq: 3 } });
    const ordered = await client.consumers.getPushConsumer("NEW", { deliver_policy: DeliverPolicy.All });
    expect((await take(await ordered.consume(), 3)).map((message) => message.string())).toEqual(["a", "b", "c"]);
    await connection.close();
  });
});
