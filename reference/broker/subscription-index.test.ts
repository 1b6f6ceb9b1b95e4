import * as fc from "fast-check";
import { expect, test } from "vitest";
import { hashOctets } from "../protocol/octets.ts";
import { bucketOf } from "./subject-table.ts";
import { isValidPattern, matchesPattern } from "./subjects.ts";
import { Subscription } from "./subscription.ts";
import { SubscriptionIndex } from "./subscription-index.ts";

const receiver = { deliver: () => true };
const subscribe = (pattern: string, queue?: string) => new Subscription(receiver, pattern, queue, Buffer.from("1"));
const word = fc.constantFrom("a", "b", "ab", "*", ">");
const pattern = fc
  .array(word, { minLength: 1, maxLength: 4 })
  .map((words) => words.join("."))
  .filter(isValidPattern);
const subject = fc.array(fc.constantFrom("a", "b", "ab"), { minLength: 1, maxLength: 4 }).map((words) => words.join("."));

test("a match finds exactly the subscriptions whose pattern matches, also after some have gone", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(pattern, fc.boolean()), { maxLength: 20 }), subject, (patterns, published) => {
      const index = new SubscriptionIndex();
      const all = patterns.map(([each, stays]) => ({ subscription: subscribe(each), stays }));
      for (const { subscription } of all) {
        index.add(subscription);
      }
      for (const { subscription } of all.filter(({ stays }) => !stays)) {
        index.remove(subscription);
      }
      const expected = all.filter(({ subscription, stays }) => stays && matchesPattern(subscription.pattern, published));
      expect(new Set(index.match(published).matches.plain)).toEqual(new Set(expected.map(({ subscription }) => subscription)));
      expect(index.size).toBe(all.filter(({ stays }) => stays).length);
    }),
  );
});

test("a match that does not depend on the last token holds for every other last token", () => {
  fc.assert(
    fc.property(fc.array(pattern, { maxLength: 10 }), subject, fc.constantFrom("a", "b", "ab", "zz"), (patterns, published, other) => {
      const index = new SubscriptionIndex();
      for (const each of patterns) {
        index.add(subscribe(each));
      }
      const { matches, dependsOnLastToken } = index.match(published);
      const sibling = [...published.split(".").slice(0, -1), other].join(".");
      if (!dependsOnLastToken) {
        expect(index.match(sibling).matches.plain).toEqual(matches.plain);
      }
    }),
  );
});

test("a stamp moves when a subscription that could match comes or goes", () => {
  fc.assert(
    fc.property(pattern, subject, (each, published) => {
      const index = new SubscriptionIndex();
      const bytes = Buffer.from(published);
      const bucket = bucketOf(bytes, 0, bytes.length);
      const subscription = subscribe(each);
      const before = index.stamp(bucket);
      index.add(subscription);
      const between = index.stamp(bucket);
      index.remove(subscription);
      if (matchesPattern(each, published)) {
        expect([between > before, index.stamp(bucket) > between]).toEqual([true, true]);
      }
    }),
  );
});

test("members of a queue group on different overlapping patterns are one group", () => {
  const index = new SubscriptionIndex();
  index.add(subscribe("a.b", "q"));
  index.add(subscribe("a.*", "q"));
  index.add(subscribe("a.>", "r"));
  expect(index.match("a.b").matches.queues.map(({ name, members }) => [name, members.length])).toEqual([
    ["r", 1],
    ["q", 2],
  ]);
});

test("a subject with an empty token reaches nobody", () => {
  const index = new SubscriptionIndex();
  index.add(subscribe(">"));
  for (const bad of ["a..b", ".a", "a.", ""]) {
    expect(index.match(bad).matches.plain).toEqual([]);
  }
});

test("the hash of a range is the hash of the same bytes elsewhere", () => {
  expect(hashOctets(Buffer.from("xxabc"), 2, 5)).toBe(hashOctets(Buffer.from("abc"), 0, 3));
});
