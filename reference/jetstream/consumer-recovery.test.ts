import * as fc from "fast-check";
import { expect, test } from "vitest";
import { MemoryStoredStream } from "../store/memory-asset.ts";
import { openMemoryOnlyStore } from "../store/memory-store.ts";
import type { RecoveredAsset, RecoveredStream, Store, StoredAsset, StoredStream, StreamDefinition } from "../store/stream-store.ts";
import { Consumer } from "./consumer.ts";
import { numbersOf, type Received, Stage } from "./consumer-stage.contract.ts";

/** A store that keeps what a file store would find after a restart: messages, and the records of assets. */
class RememberingStore implements Store {
  readonly #inner = openMemoryOnlyStore();
  readonly streams: { definition: StreamDefinition; stream: MemoryStoredStream; assets: RememberedAsset[] }[] = [];
  onDurable: (() => void) | undefined;

  get epoch(): number {
    return this.#inner.epoch;
  }

  get durableEpoch(): number {
    return this.#inner.durableEpoch;
  }

  get usage(): { fileBytes: number; memoryBytes: number } {
    return this.#inner.usage;
  }

  commit(): void {
    this.#inner.commit();
  }

  createStream(definition: StreamDefinition): StoredStream {
    const assets: RememberedAsset[] = [];
    const stream = new MemoryStoredStream(1, definition, { accounted: () => {}, deleted: () => {} });
    stream.createAsset = (name, base) => {
      const asset = new RememberedAsset(assets.length + 1, name, base);
      assets.push(asset);
      return asset;
    };
    this.streams.push({ definition, stream, assets });
    return stream;
  }

  recovered(): RecoveredStream[] {
    return this.streams.map(({ definition, stream, assets }) => ({
      definition,
      stream,
      assets: assets.filter(({ deleted }) => !deleted).map((asset) => asset.recovered()),
      messageIds: [],
    }));
  }

  checkpoint(): void {
    for (const { assets } of this.streams) {
      for (const asset of assets) {
        asset.checkpoint();
      }
    }
  }

  async close(): Promise<void> {
    this.commit();
  }

  abandon(): void {
    // Nothing is dropped: the test decides what it looks at.
  }
}

class RememberedAsset implements StoredAsset {
  readonly id: number;
  readonly name: string;
  snapshot: () => Uint8Array = () => new Uint8Array(0);
  deleted = false;
  #base: Uint8Array;
  #baseIs: RecoveredAsset["baseIs"] = "definition";
  #records: Uint8Array[] = [];

  constructor(id: number, name: string, base: Uint8Array) {
    this.id = id;
    this.name = name;
    this.#base = base;
  }

  append(record: Uint8Array): void {
    this.#records.push(record);
  }

  delete(): void {
    this.deleted = true;
  }

  checkpoint(): void {
    this.#base = this.snapshot();
    this.#baseIs = "snapshot";
    this.#records = [];
  }

  recovered(): RecoveredAsset {
    return { asset: this, base: this.#base, baseIs: this.#baseIs, records: [...this.#records] };
  }
}

function restart(stage: Stage, store: RememberingStore): Stage {
  return new Stage({ store, clock: stage.clock, recovered: store.recovered() });
}

/** Everything a consumer goes by, apart from when something happened. */
function shown(stage: Stage): unknown {
  const { ts: _ts, ...info } = stage.info("S", "C");
  const consumer = stage.jetStream.account.streams.get("S")?.consumers.get("C");
  if (!(consumer instanceof Consumer)) {
    throw new Error("there is no consumer");
  }
  const { pending, redeliveries, reportedFloor } = consumer.core.state;
  return JSON.parse(
    JSON.stringify({
      info,
      pending: pending.sequences().map((sequence) => [sequence, pending.consumerSequenceOf(sequence)]),
      redeliveries: [...redeliveries].sort(([one], [other]) => one - other),
      reportedFloor,
    }),
    (key, value: unknown) => (key === "last_active" ? undefined : value),
  );
}

interface Command {
  readonly do: "publish" | "pull" | "pass" | "checkpoint" | "ack" | "nak" | "term" | "delete";
  readonly pick: number;
}

const picking = fc.constantFrom("ack" as const, "ack" as const, "nak" as const, "term" as const, "delete" as const);
const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: picking, pick: fc.nat(40) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom("publish" as const, "pull" as const, "pull" as const, "pass" as const),
      pick: fc.constant(0),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("checkpoint" as const), pick: fc.constant(0) }) },
);

function run(stage: Stage, store: RememberingStore, commands: readonly Command[]): void {
  const received: Received[] = [];
  for (const next of commands) {
    if (next.do === "publish") {
      stage.publish("S.a");
      stage.turn();
    } else if (next.do === "pull") {
      received.push(...stage.pull("S", "C", { batch: 3, no_wait: true }).filter(({ reply }) => reply !== ""));
    } else if (next.do === "pass") {
      stage.pass(1100);
    } else if (next.do === "checkpoint") {
      store.checkpoint();
    } else if (next.do === "delete") {
      stage.api("STREAM.MSG.DELETE.S", { seq: next.pick });
    } else if (received.length > 0) {
      stage.ack(received[next.pick % received.length], next.do === "ack" ? "+ACK" : next.do === "nak" ? "-NAK" : "+TERM");
    }
  }
}

test.each(["explicit", "all", "none"])("a restart changes nothing that a client of a consumer with ack policy %s can see", (ack_policy) => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 60, size: "max" }), (commands) => {
      const store = new RememberingStore();
      const stage = new Stage({ store });
      stage.stream("S");
      for (let index = 0; index < 12; index += 1) {
        stage.publish("S.a");
      }
      stage.consumer("S", { durable_name: "C", ack_policy, ...(ack_policy === "none" ? {} : { ack_wait: 1e9, max_deliver: 2 }) });
      run(stage, store, commands);
      stage.turn();
      const before = shown(stage);
      const restarted = restart(stage, store);
      expect(shown(restarted)).toEqual(before);
      store.checkpoint();
      expect(shown(restart(restarted, store))).toEqual(before);
    }),
    { numRuns: 60, seed: 3 },
  );
});

test("after a restart a message not acknowledged comes back after its whole ack wait, with its delivery count", () => {
  const store = new RememberingStore();
  const stage = new Stage({ store });
  stage.stream("S");
  stage.publish("S.a");
  stage.consumer("S", { durable_name: "C", ack_wait: 2e9 });
  stage.pull("S", "C", "1");
  stage.pass(1500);
  const restarted = restart(stage, store);
  const again = restarted.pull("S", "C", { expires: 60e9 });
  restarted.pass(1900);
  expect(again).toEqual([]);
  restarted.pass(200);
  expect(again.map(numbersOf)).toEqual([[2, 1, 2, 0]]);
});

test("the snapshot list of last_per_subject survives a restart", () => {
  const store = new RememberingStore();
  const stage = new Stage({ store });
  stage.stream("S");
  for (const subject of ["S.a", "S.b", "S.a", "S.c"]) {
    stage.publish(subject, subject);
  }
  stage.consumer("S", { durable_name: "C", deliver_policy: "last_per_subject", filter_subject: "S.>" });
  expect(stage.pull("S", "C", "1").map(numbersOf)).toEqual([[1, 2, 1, 2]]);
  stage.pass(200);
  expect(restart(stage, store).pull("S", "C", "5").map(numbersOf)).toEqual([
    [1, 3, 2, 1],
    [1, 4, 3, 0],
  ]);
});

test("a changed configuration survives a restart", () => {
  const store = new RememberingStore();
  const stage = new Stage({ store });
  stage.stream("S");
  stage.consumer("S", { durable_name: "C", ack_wait: 5e9 });
  stage.consumer("S", { durable_name: "C", ack_wait: 7e9, description: "later" });
  expect(restart(stage, store).info("S", "C")).toMatchObject({ config: { ack_wait: 7e9, description: "later" } });
});

test("a deleted consumer stays deleted, and one in memory is gone with the process", () => {
  const store = new RememberingStore();
  const stage = new Stage({ store });
  stage.stream("S");
  stage.consumer("S", { durable_name: "C" });
  stage.consumer("S", { durable_name: "M", mem_storage: true });
  stage.api("CONSUMER.DELETE.S.C");
  expect(restart(stage, store).api("CONSUMER.NAMES.S")).toMatchObject({ consumers: [] });
});

test("a delivery is recorded within a moment, and with the next answered change", () => {
  const store = new RememberingStore();
  const stage = new Stage({ store });
  stage.stream("S");
  for (let index = 0; index < 3; index += 1) {
    stage.publish("S.a");
  }
  stage.consumer("S", { durable_name: "C" });
  const [first] = stage.pull("S", "C", "1");
  expect(restart(stage, store).info("S", "C")).toMatchObject({ num_ack_pending: 0, num_pending: 3 });
  stage.pass(150);
  expect(restart(stage, store).info("S", "C")).toMatchObject({ num_ack_pending: 1, num_pending: 2 });
  stage.pull("S", "C", "1");
  stage.ack(first);
  expect(restart(stage, store).info("S", "C")).toMatchObject({ num_ack_pending: 1, num_pending: 1, ack_floor: { stream_seq: 1 } });
});
