import * as fc from "fast-check";
import { expect, test } from "vitest";
import { MessageIds } from "./message-ids.ts";

const SECOND = 1e9;

function add(ids: MessageIds, id: string, sequence: number, timeNs: number): number {
  const bytes = Buffer.from(`..${id}..`);
  const known = ids.find(bytes, 2, bytes.length - 2, timeNs);
  if (known === 0) {
    ids.add(bytes, 2, bytes.length - 2, sequence, timeNs);
  }
  return known;
}

test("an id is known until its window has passed, and then it is new again", () => {
  const ids = new MessageIds({ windowNs: 2 * SECOND, seed: 7 });
  expect(add(ids, "a", 1, 0)).toBe(0);
  expect(add(ids, "a", 2, 1.9 * SECOND)).toBe(1);
  expect(add(ids, "a", 3, 2 * SECOND)).toBe(0);
  expect(add(ids, "a", 4, 3 * SECOND)).toBe(3);
});

test("the table agrees with a plain map through any run of ids and waits", () => {
  const steps = fc.array(fc.record({ id: fc.integer({ min: 0, max: 40 }), wait: fc.integer({ min: 0, max: 3 }) }), { maxLength: 600 });
  fc.assert(
    fc.property(steps, fc.integer(), (run, seed) => {
      const ids = new MessageIds({ windowNs: 20, seed });
      const model = new Map<number, { sequence: number; time: number }>();
      let now = 1;
      for (const [index, step] of run.entries()) {
        now += step.wait;
        const known = model.get(step.id);
        const expected = known !== undefined && known.time > now - 20 ? known.sequence : 0;
        expect(add(ids, `id-${step.id}`, index + 1, now)).toBe(expected);
        if (expected === 0) {
          model.set(step.id, { sequence: index + 1, time: now });
        }
      }
    }),
  );
});

test("a million ids are found again, and forgotten ones give their memory back", () => {
  const ids = new MessageIds({ windowNs: SECOND, seed: 1 });
  for (let sequence = 1; sequence <= 1_000_000; sequence += 1) {
    add(ids, `writer-7-${sequence}`, sequence, sequence);
  }
  expect(ids.size).toBe(1_000_000);
  expect(add(ids, "writer-7-1", 0, 1_000_001)).toBe(1);
  expect(add(ids, "writer-7-999999", 0, 1_000_001)).toBe(999_999);
  ids.dropOld(3 * SECOND);
  expect(ids.size).toBe(0);
});

test("an id longer than a chunk is kept whole", () => {
  const ids = new MessageIds({ windowNs: SECOND, seed: 1 });
  const long = "x".repeat(200_000);
  expect(add(ids, long, 5, 1)).toBe(0);
  expect(add(ids, `${long}y`, 6, 1)).toBe(0);
  expect(add(ids, long, 7, 2)).toBe(5);
});
