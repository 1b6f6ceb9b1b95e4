import * as fc from "fast-check";
import { expect, test } from "vitest";
import { ConsumerJournal, encodeBase, type Replayed, replayRecord } from "./consumer-record.ts";
import { ByteReader, ByteWriter } from "./consumer-record-bytes.ts";
import { type AckPolicy, ConsumerState } from "./consumer-state.ts";

/** All that a state holds, in a form that can be compared. */
function contents({ delivered, floor, nextSequence, pending, redeliveries, reportedFloor, skipList }: ConsumerState): unknown {
  return {
    delivered,
    floor,
    reportedFloor,
    nextSequence,
    pending: pending.sequences().map((sequence) => [sequence, pending.consumerSequenceOf(sequence)]),
    redeliveries: [...redeliveries].sort(([one], [other]) => one - other),
    skipList: skipList === undefined ? undefined : [skipList.resume, ...skipList.sequences.slice(skipList.position)],
  };
}

function replayAll(records: readonly Uint8Array[], definition: () => ConsumerState): Replayed {
  const none: Replayed = { state: undefined, number: 0 };
  return records.reduce((before, record) => replayRecord(record, { before, reader: { definition }, sinceMs: 0 }), none);
}

const step = fc.record({
  do: fc.constantFrom(
    "deliver",
    "deliver",
    "skip",
    "acknowledge",
    "acknowledge",
    "redeliver",
    "through",
    "exhaust",
    "purge",
    "flush",
    "snapshot",
  ),
  pick: fc.nat(30),
});

/** One change on the state, and in the journal what a consumer writes for it. */
function apply(state: ConsumerState, journal: ConsumerJournal, { do: what, pick }: { do: string; pick: number }): void {
  const pending = state.pending.sequences();
  const picked = pending[pick % Math.max(pending.length, 1)] ?? 0;
  if (what === "deliver" || what === "skip") {
    const sequence = state.nextSequence + (what === "skip" ? pick : 0);
    state.deliver(sequence, 0);
    journal.delivered(sequence);
  } else if (what === "purge") {
    state.purge(state.floor.stream + pick, () => true);
    journal.state(state);
  } else if (picked === 0) {
    return;
  } else if (what === "acknowledge") {
    state.acknowledge(picked);
    journal.acknowledged(picked);
  } else if (what === "redeliver") {
    const redeliveries = (state.redeliveries.get(picked) ?? 0) + 1;
    state.redeliver(picked, redeliveries, 0);
    journal.redelivered(picked, redeliveries);
  } else if (what === "through") {
    const consumerSequence = state.pending.consumerSequenceOf(picked);
    state.acknowledgeThrough(picked, consumerSequence);
    journal.acknowledgedThrough(picked, consumerSequence);
  } else if (what === "exhaust") {
    state.exhaust(picked, pick);
    journal.exhausted(picked, pick);
  }
}

test.each<AckPolicy>(["explicit", "all"])(
  "replaying its records gives the state itself, however they are cut (ack policy %s)",
  (policy) => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100, size: "max" }), fc.integer({ min: 1, max: 2 ** 40 }), (steps, first) => {
        const state = new ConsumerState(policy);
        state.start(first);
        const records = [encodeBase("{}", state)];
        const journal = new ConsumerJournal();
        for (const next of steps) {
          apply(state, journal, next);
          if (next.do === "flush") {
            records.push(...journal.take());
          } else if (next.do === "snapshot") {
            // As at a checkpoint: the base replaces what was recorded, and what was not follows behind it.
            records.splice(0, records.length, encodeBase("{}", state, journal.cut()));
          }
        }
        records.push(...journal.take());
        const { state: replayed } = replayAll(records, () => new ConsumerState(policy));
        expect(replayed === undefined ? undefined : contents(replayed)).toEqual(contents(state));
      }),
      { numRuns: 300, seed: 4 },
    );
  },
);

test("neighbours become one entry", () => {
  const journal = new ConsumerJournal();
  for (let sequence = 1; sequence <= 500; sequence += 1) {
    journal.delivered(sequence);
  }
  for (let sequence = 1; sequence <= 500; sequence += 1) {
    journal.acknowledged(sequence);
  }
  const [record, ...more] = journal.take();
  expect(record?.length).toBeLessThan(16);
  expect([more, journal.take()]).toEqual([[], []]);
});

test("a skip list is part of the state", () => {
  const state = new ConsumerState("explicit");
  state.start(3, { sequences: [3, 7, 9], position: 0, resume: 10 });
  state.deliver(3, 0);
  const { state: copy } = replayAll([encodeBase("{}", state)], () => new ConsumerState("explicit"));
  expect(copy?.skipList).toEqual({ sequences: [7, 9], position: 0, resume: 10 });
});

test("numbers keep their value", () => {
  fc.assert(
    fc.property(fc.array(fc.maxSafeNat()), fc.array(fc.integer({ min: -(2 ** 45), max: 2 ** 45 })), fc.string(), (plain, signed, text) => {
      const out = new ByteWriter();
      for (const value of plain) {
        out.unsigned(value);
      }
      out.text(text);
      for (const value of signed) {
        out.signed(value);
      }
      const bytes = new ByteReader(out.take());
      expect(plain.map(() => bytes.unsigned())).toEqual(plain);
      expect(bytes.text()).toBe(text);
      expect(signed.map(() => bytes.signed())).toEqual(signed);
      expect(bytes.atEnd).toBe(true);
    }),
    { numRuns: 200, seed: 5 },
  );
});

test.each([
  ["ends in the middle", [1, 1, 0x80]],
  ["has an unknown kind", [1, 99, 0, 0]],
])("a record that %s is refused", (_problem, bytes) => {
  const state = new ConsumerState("explicit");
  expect(() => replayAll([encodeBase("{}", state), Uint8Array.from(bytes)], () => state)).toThrow(/consumer record/);
});
