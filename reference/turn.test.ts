import { expect, test } from "vitest";
import { BrokerFixture } from "./broker-fixture.contract.ts";

const text = (value: string) => Buffer.from(value);

/** Answers every request on `acks` with `payload`, as something that the given epoch shows. */
function acknowledge(fixture: BrokerFixture, epoch: () => number): void {
  fixture.broker.account.subscribe("acks", (request) => fixture.broker.account.respond(request, text("+"), epoch()));
}

test("a reply leaves when its epoch is durable, and what follows it on the connection waits too", async () => {
  const fixture = await BrokerFixture.start();
  fixture.useSlowStore();
  acknowledge(fixture, () => 5);
  const [peer, other] = [fixture.client(), fixture.client()];
  expect(fixture.say(peer, "SUB r.* 1\r\nPING\r\nPUB acks r.1 0\r\n\r\n")).toBe("");
  expect(fixture.say(peer, "PING\r\n")).toBe("");
  expect(fixture.say(other, "PING\r\n")).toBe("PONG\r\n");
  fixture.becomeDurable(4);
  expect(peer.takeReceived()).toBe("");
  fixture.becomeDurable(5);
  expect(peer.takeReceived()).toBe("PONG\r\nMSG r.1 1 1\r\n+\r\nPONG\r\n");
});

test("later replies do not hold back earlier ones", async () => {
  const fixture = await BrokerFixture.start();
  fixture.useSlowStore();
  let epoch = 1;
  acknowledge(fixture, () => epoch++);
  const peer = fixture.client();
  fixture.say(peer, "SUB r.* 1\r\nPUB acks r.1 0\r\n\r\n");
  fixture.say(peer, "PUB acks r.2 0\r\n\r\n");
  fixture.becomeDurable(1);
  expect(peer.takeReceived()).toBe("MSG r.1 1 1\r\n+\r\n");
  fixture.becomeDurable(2);
  expect(peer.takeReceived()).toBe("MSG r.2 1 1\r\n+\r\n");
});

test("a violation behind an undurable reply is shown after it", async () => {
  const fixture = await BrokerFixture.start();
  fixture.useSlowStore();
  acknowledge(fixture, () => 1);
  const peer = fixture.client();
  expect(fixture.say(peer, "SUB r.* 1\r\nPUB acks r.1 0\r\n\r\nrubbish")).toBe("");
  expect(peer.isClosed).toBe(false);
  fixture.becomeDurable(1);
  expect(peer.takeReceived()).toBe("MSG r.1 1 1\r\n+\r\n-ERR 'Unknown Protocol Operation'\r\n");
  expect(peer.isClosed).toBe(true);
});

test("a turn commits once, after its ready work, however much arrived", async () => {
  const fixture = await BrokerFixture.start();
  const peers = [fixture.client(), fixture.client(), fixture.client()];
  const store = fixture.useSlowStore();
  const seen: number[] = [];
  fixture.broker.account.subscribe("work", () => fixture.turn.markReady(work));
  const work = { step: () => void seen.push(store.commits) };
  for (const peer of peers) {
    peer.send("PUB work 0\r\n\r\n".repeat(10));
  }
  fixture.turns.settle();
  expect([seen, store.commits]).toEqual([[0], 1]);
});

test("work that marks itself again has its next step in the next turn, after the commit", async () => {
  const fixture = await BrokerFixture.start();
  const store = fixture.useSlowStore();
  const commitsSeen: number[] = [];
  const work = {
    step: () => {
      commitsSeen.push(store.commits);
      if (commitsSeen.length < 4) {
        fixture.turn.markReady(work);
      }
    },
  };
  fixture.turn.markReady(work);
  fixture.turn.markReady(work);
  fixture.turns.settle();
  expect(commitsSeen).toEqual([0, 1, 2, 3]);
});

test("work that other work makes ready runs in the same turn", async () => {
  const fixture = await BrokerFixture.start();
  const store = fixture.useSlowStore();
  const seen: number[] = [];
  const second = { step: () => void seen.push(store.commits) };
  fixture.turn.markReady({ step: () => fixture.turn.markReady(second) });
  fixture.turns.settle();
  expect(seen).toEqual([0]);
});

test("a turn that took in a megabyte ends by itself", async () => {
  const fixture = await BrokerFixture.start();
  const peer = fixture.client();
  peer.send(`PING\r\nPUB a 1000000\r\n${"x".repeat(1_000_000)}\r\nPUB a 100000\r\n${"x".repeat(100_000)}\r\n`);
  expect(peer.takeReceived()).toBe("PONG\r\n");
});

test("a stopped loop neither commits nor sends", async () => {
  const fixture = await BrokerFixture.start();
  const peer = fixture.client();
  const store = fixture.useSlowStore();
  fixture.turn.stop();
  expect(fixture.say(peer, "PING\r\n")).toBe("");
  expect(store.commits).toBe(0);
});

test("when a commit fails, nothing that waits for it is ever seen, and connections that show nothing of it go on", async () => {
  const fixture = await BrokerFixture.start();
  const store = fixture.useSlowStore();
  acknowledge(fixture, () => 1);
  const [waiting, other] = [fixture.client(), fixture.client()];
  fixture.say(waiting, "SUB r.* 1\r\nPUB acks r.1 0\r\n\r\n");
  const failures: unknown[] = [];
  fixture.turn.onFailure = (error) => {
    failures.push(error);
    fixture.turn.storeFailed();
  };
  store.commit = () => {
    throw new Error("EIO");
  };
  expect(fixture.say(other, "PING\r\n")).toBe("PONG\r\n");
  expect(fixture.say(other, "PING\r\n")).toBe("PONG\r\n");
  fixture.becomeDurable(1);
  expect([waiting.isClosed, waiting.received, failures.length]).toEqual([true, "", 1]);
  expect(fixture.say(other, "SUB r.* 1\r\nPUB acks r.2 0\r\n\r\n")).toBe("");
  expect(other.isClosed).toBe(true);
});

test("a service that throws is reported and the connection lives", async () => {
  const fixture = await BrokerFixture.start();
  const failures: unknown[] = [];
  fixture.broker.account.onServiceFailure = (error) => void failures.push(error);
  fixture.broker.account.subscribe("bad", () => {
    throw new Error("broken");
  });
  expect(fixture.say(fixture.client(), "PUB bad 0\r\n\r\nPING\r\n")).toBe("PONG\r\n");
  expect(failures).toEqual([new Error("broken")]);
});
