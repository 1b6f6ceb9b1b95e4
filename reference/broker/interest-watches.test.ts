import { expect, test } from "vitest";
import { BrokerFixture } from "../broker-fixture.contract.ts";

async function watching(queue?: string) {
  const fixture = await BrokerFixture.start();
  const peer = fixture.client();
  const seen: boolean[] = [];
  const watch = fixture.broker.account.watch("to.é", { queue, changed: () => seen.push(watch.present) });
  return { seen, watch, say: (line: string) => fixture.say(peer, Buffer.from(`${line}\r\n`).toString("latin1")), fixture };
}

test("only the first subscription and the last one's end are told", async () => {
  const { seen, watch, say } = await watching();
  expect(watch.present).toBe(false);
  for (const line of ["SUB to.é 1", "SUB to.é 2", "UNSUB 1", "UNSUB 2"]) {
    say(line);
  }
  expect(seen).toEqual([true, false]);
});

test("wildcards, other subjects and queues do not count for a plain watch", async () => {
  const { seen, say } = await watching();
  for (const line of ["SUB to.* 1", "SUB > 2", "SUB to.é q 3", "SUB to.é.x 4"]) {
    say(line);
  }
  expect(seen).toEqual([]);
});

test("with a queue only its members count", async () => {
  const { seen, say } = await watching("q");
  for (const line of ["SUB to.é 1", "SUB to.é other 2"]) {
    say(line);
  }
  expect(seen).toEqual([]);
  say("SUB to.é q 3");
  say("UNSUB 3");
  expect(seen).toEqual([true, false]);
});

test("a subscription that ends itself with its last message is told", async () => {
  const { seen, say } = await watching();
  say("SUB to.é 1");
  say("UNSUB 1 1");
  say("PUB to.é 0\r\n");
  expect(seen).toEqual([true, false]);
});

test("a watch knows who was there before it, and tells nothing after its end", async () => {
  const { fixture, say } = await watching();
  say("SUB to.é 1");
  const seen: string[] = [];
  const watch = fixture.broker.account.watch("to.é", { queue: undefined, changed: () => seen.push("changed") });
  expect(watch.present).toBe(true);
  watch.end();
  say("UNSUB 1");
  expect(seen).toEqual([]);
});
