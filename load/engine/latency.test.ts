import * as fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { LatencyHistogram, prepareHistograms } from "./latency.ts";

beforeAll(prepareHistograms);

test("equal times in a row count as often as they came, whenever the histogram is looked at", () => {
  const run = fc.record({ us: fc.integer({ min: 1, max: 1000 }), times: fc.integer({ min: 1, max: 5 }), look: fc.boolean() });
  fc.assert(
    fc.property(fc.array(run, { minLength: 1, maxLength: 30 }), (runs) => {
      const histogram = new LatencyHistogram();
      const all: number[] = [];
      for (const { us, times, look } of runs) {
        for (let time = 0; time < times; time++) {
          histogram.recordMs(us / 1000);
          all.push(us);
        }
        if (look) {
          expect(histogram.count).toBe(all.length);
        }
      }
      const sorted = all.toSorted((a, b) => a - b);
      expect(histogram.summary()).toMatchObject({ p50: sorted[Math.ceil(sorted.length / 2) - 1], max: sorted.at(-1) });
      expect(histogram.count).toBe(all.length);
      histogram.free();
    }),
  );
});
