import * as fc from "fast-check";
import { expect, test } from "vitest";
import { Accounting, SequenceCheck } from "./accounting.ts";

test("duplicates, gaps and late arrivals are told apart whatever the order", () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 30 }), { maxLength: 60 }), (sequences) => {
      const check = new SequenceCheck();
      const seen = new Set<number>();
      let duplicated = 0;
      let late = 0;
      let highest = -1;
      for (const sequence of sequences) {
        check.see(sequence);
        if (seen.has(sequence)) {
          duplicated++;
        } else if (sequence < highest) {
          late++;
        }
        seen.add(sequence);
        highest = Math.max(highest, sequence);
      }
      const missing = highest + 1 - seen.size;
      expect([check.duplicated, check.outOfOrder, check.missing, check.highest]).toEqual([duplicated, late, missing, highest]);
    }),
    { numRuns: 500 },
  );
});

test("errors are counted by kind and named as problems, like losses", () => {
  const accounting = new Accounting();
  accounting.acknowledged = 10;
  accounting.stored = 9;
  accounting.lost = 1;
  accounting.addError("10077", 2);
  accounting.addError("10077");
  accounting.addError("no-answer");
  expect(accounting.toResult().errors).toEqual({ "10077": 3, "no-answer": 1 });
  expect(accounting.problems()).toHaveLength(3);
  expect(new Accounting().problems()).toEqual([]);
});
