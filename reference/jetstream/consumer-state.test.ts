import * as fc from "fast-check";
import { expect, test } from "vitest";
import { PendingTable } from "./consumer-pending.ts";
import { type AckPolicy, ConsumerState } from "./consumer-state.ts";

/** Keys that lie close together, that collide all, and that collide by chance. */
const spreads: readonly ((small: number) => number)[] = [(small) => small, (small) => small * 2 ** 33, (small) => small * small * 7919];

test("the pending table behaves like a map", () => {
  const sequence = fc.integer({ min: 1, max: 400 });
  const operation = fc.oneof(
    fc.record({ do: fc.constant("track" as const), sequence, value: fc.integer({ min: 1, max: 2 ** 40 }) }),
    fc.record({ do: fc.constant("remove" as const), sequence, value: fc.constant(0) }),
    fc.record({ do: fc.constant("touch" as const), sequence, value: fc.integer({ min: 1, max: 1000 }) }),
  );
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 600, size: "max" }), fc.constantFrom(...spreads), (operations, spread) => {
      const table = new PendingTable();
      const model = new Map<number, { consumer: number; since: number }>();
      for (const { do: what, sequence: small, value } of operations) {
        const key = spread(small);
        const known = model.get(key);
        if (what === "track") {
          table.track(key, value, value);
          model.set(key, { consumer: known?.consumer ?? value, since: value });
        } else if (what === "remove") {
          expect(table.remove(key)).toBe(known?.consumer ?? 0);
          model.delete(key);
        } else {
          expect(table.touch(key, value)).toBe(known !== undefined);
          model.set(key, { consumer: known?.consumer ?? 0, since: value });
          if (known === undefined) {
            model.delete(key);
          }
        }
      }
      expect(table.size).toBe(model.size);
      expect(table.sequences()).toEqual([...model.keys()].sort((a, b) => a - b));
      for (const [key, { consumer, since }] of model) {
        expect([table.consumerSequenceOf(key), table.sinceMsOf(key)]).toEqual([consumer, since]);
      }
    }),
    { numRuns: 200, seed: 1 },
  );
});

/** The rules in their plainest form: lists, and floors found by looking at everything. */
class NaiveConsumer {
  readonly deliveries: { stream: number; consumer: number }[] = [];
  readonly done = new Set<number>();
  consumer = 0;
  stream = 0;
  floor = { consumer: 0, stream: 0 };

  deliver(): void {
    this.consumer += 1;
    this.stream += 1;
    this.deliveries.push({ stream: this.stream, consumer: this.consumer });
  }

  redeliver(): void {
    this.consumer += 1;
  }

  acknowledge(stream: number): void {
    const known = this.pending().find((delivery) => delivery.stream === stream);
    if (known === undefined) {
      return;
    }
    this.done.add(stream);
    const [oldest] = this.pending();
    if (oldest === undefined) {
      this.floor = { consumer: this.consumer, stream: this.stream };
    } else if (known.consumer === this.floor.consumer + 1) {
      const next = this.pending().find((delivery) => delivery.stream > stream) ?? { stream: stream + 1, consumer: known.consumer + 1 };
      this.floor = { consumer: next.consumer - 1, stream: next.stream - 1 };
    }
  }

  pending(): { stream: number; consumer: number }[] {
    return this.deliveries.filter(({ stream }) => !this.done.has(stream));
  }
}

const command = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ do: "deliver" as const, pick: 0 }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("acknowledge" as const), pick: fc.nat(60) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("redeliver" as const), pick: fc.nat(60) }) },
);

test("floors and pending messages follow a naive model through deliveries, redeliveries and acknowledgements in any order", () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 120, size: "max" }), (commands) => {
      const state = new ConsumerState("explicit");
      state.start(1);
      const model = new NaiveConsumer();
      for (const { do: what, pick } of commands) {
        if (what === "deliver") {
          model.deliver();
          state.deliver(model.stream, 0);
        } else if (what === "acknowledge") {
          model.acknowledge(pick);
          state.acknowledge(pick);
        } else if (state.pending.has(pick)) {
          model.redeliver();
          state.redeliver(pick, (state.redeliveries.get(pick) ?? 0) + 1, 0);
        }
        expect(state.reportedFloor).toEqual(model.floor);
        expect(state.delivered).toEqual({ consumer: model.consumer, stream: model.stream });
        expect(state.pending.sequences()).toEqual(model.pending().map(({ stream }) => stream));
      }
    }),
    { numRuns: 300, seed: 2 },
  );
});

test.each<AckPolicy>(["explicit", "all"])(
  "acknowledging everything under policy %s leaves nothing pending and the floor at the end",
  (policy) => {
    const state = new ConsumerState(policy);
    state.start(5);
    for (let sequence = 5; sequence < 10; sequence += 1) {
      state.deliver(sequence, 0);
    }
    if (policy === "all") {
      expect(state.acknowledgeThrough(9, 5)).toEqual([5, 6, 7, 8, 9]);
    } else {
      for (const sequence of [9, 7, 5, 6, 8]) {
        expect(state.acknowledge(sequence)).toBe(true);
      }
    }
    expect(state.pending.size).toBe(0);
    expect(state.reportedFloor).toEqual({ consumer: 5, stream: 9 });
  },
);

test("ack policy none has its floor at the last delivery", () => {
  const state = new ConsumerState("none");
  state.start(1);
  state.deliver(1, 0);
  state.deliver(4, 0);
  expect(state.floor).toEqual({ consumer: 2, stream: 4 });
  expect(state.pending.size).toBe(0);
});
