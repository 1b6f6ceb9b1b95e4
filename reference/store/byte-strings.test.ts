/** The byte strings behind subjects, against a plain map. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { ByteStrings } from "./byte-strings.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

test("random additions and removals leave what a map holds, and numbers that are free are used again", () => {
  const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 60 }), fc.boolean()), { maxLength: 400 });
  fc.assert(
    fc.property(steps, (all) => {
      const strings = new ByteStrings();
      const model = new Map<string, number>();
      for (const [which, removes] of all) {
        const text = `subject.${which}`.padEnd(which, "x");
        const number = strings.find(encoder.encode(text));
        expect(number).toBe(model.get(text) ?? 0);
        if (number === 0) {
          model.set(text, strings.claim(encoder.encode(text)));
        } else if (removes) {
          strings.remove(number);
          model.delete(text);
        }
      }
      expect(strings.size).toBe(model.size);
      expect(strings.limit).toBeLessThanOrEqual(62);
      expect([...strings.numbers()]).toEqual([...model.values()].sort((a, b) => a - b));
      for (const [text, number] of model) {
        expect(decoder.decode(strings.at(number))).toBe(text);
      }
    }),
  );
});

test("strings that come and go for ever take no more room than those that are there", () => {
  const strings = new ByteStrings();
  for (let at = 0; at < 200_000; at += 1) {
    const bytes = encoder.encode(`passing.${at}`);
    strings.remove(strings.claim(bytes));
    expect(strings.find(bytes)).toBe(0);
  }
  expect([strings.size, strings.limit]).toEqual([0, 2]);
  expect(strings.arenaBytes).toBeLessThan(4096);
});
