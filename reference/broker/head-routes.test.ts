import * as fc from "fast-check";
import { expect, test } from "vitest";
import { HeadRoutes } from "./head-routes.ts";
import { isValidPattern } from "./subjects.ts";
import { Subscription } from "./subscription.ts";
import { SubscriptionIndex } from "./subscription-index.ts";

const receiver = { deliver: () => true };
const subscribe = (pattern: string) => new Subscription(receiver, pattern, undefined, Buffer.from("1"));

function find(routes: HeadRoutes, subject: string) {
  const bytes = Buffer.from(`--${subject}--`);
  return routes.find(bytes, 2, bytes.length - 2);
}

test("acknowledgements of one consumer share a route that was looked up once, and others have their own", () => {
  const index = new SubscriptionIndex();
  const routes = new HeadRoutes(index);
  const [first, second, everything] = [subscribe("$JS.ACK.S.C.>"), subscribe("$JS.ACK.S.D.>"), subscribe(">")];
  index.add(first);
  index.add(second);
  expect(find(routes, "$JS.ACK.S.C.1.2.3.4.5")?.plain).toEqual([first]);
  expect(find(routes, "$JS.ACK.S.C.1.7.8.9.0")).toBe(find(routes, "$JS.ACK.S.C.1.2.3.4.5"));
  expect(find(routes, "$JS.ACK.S.D.1.2.3.4.5")?.plain).toEqual([second]);
  index.add(everything);
  expect(new Set(find(routes, "$JS.ACK.S.C.1.7.8.9.1")?.plain)).toEqual(new Set([first, everything]));
  index.remove(first);
  expect(find(routes, "$JS.ACK.S.C.1.7.8.9.2")?.plain).toEqual([everything]);
});

test("what a later token decides is not answered from the head", () => {
  const index = new SubscriptionIndex();
  const routes = new HeadRoutes(index);
  index.add(subscribe("$JS.ACK.S.C.>"));
  expect(find(routes, "$JS.ACK.S.C")).toBeUndefined();
  expect(find(routes, "$JS.ACK.S.C.1..2")).toBeUndefined();
  expect(find(routes, "$JS.ACK.S.C.1.2.")).toBeUndefined();
  expect(find(routes, "$JS.ACK.S.C.1.2")).toBeDefined();
  expect(find(routes, "$JS.ACK.S.C.1..2")).toBeUndefined();
  expect(find(routes, "$JS.ACK.S.C.")).toBeUndefined();
  index.add(subscribe("$JS.ACK.S.C.7.>"));
  expect(find(routes, "$JS.ACK.S.C.1.2")).toBeUndefined();
});

test("whatever is answered is what the index finds, while subscriptions come and go", () => {
  const word = fc.constantFrom("$a", "b", "c", "*", ">");
  const pattern = fc
    .array(word, { minLength: 1, maxLength: 7 })
    .map((words) => words.join("."))
    .filter(isValidPattern);
  const subject = fc.array(fc.constantFrom("$a", "b", "c", ""), { minLength: 1, maxLength: 7 }).map((words) => words.join("."));
  const step = fc.oneof(
    fc.record({ add: pattern }),
    fc.record({ remove: fc.nat(20) }),
    fc.record({ find: subject }),
    fc.record({ find: subject }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const index = new SubscriptionIndex();
      const routes = new HeadRoutes(index);
      const added: Subscription[] = [];
      for (const each of steps) {
        if ("add" in each) {
          const subscription = subscribe(each.add);
          added.push(subscription);
          index.add(subscription);
        } else if ("remove" in each) {
          added.splice(each.remove, 1).forEach((subscription) => index.remove(subscription));
        } else {
          const found = find(routes, each.find);
          expect(found ?? index.match(each.find).matches).toEqual(index.match(each.find).matches);
        }
      }
    }),
  );
});
