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

test("what a turn holds leaves with a later turn that has nothing to commit", async () => {
  const fixture = await BrokerFixture.start();
  const store = fixture.useSlowStore();
  acknowledge(fixture, () => 2);
  const [peer, other] = [fixture.client(), fixture.client()];
  fixture.say(peer, "SUB r.* 1\r\nPUB acks r.1 0\r\n\r\n");
  fixture.becomeDurable(1);
  store.commit = () => void (store.durableEpoch = 2);
  fixture.say(other, "PING\r\n");
  expect(peer.takeReceived()).toBe("MSG r.1 1 1\r\n+\r\n");
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

test("a turn that took in two thousand messages ends in the middle of what arrived", async () => {
  const fixture = await BrokerFixture.start();
  const peer = fixture.client();
  const store = fixture.useSlowStore();
  peer.send(`PING\r\n${"PUB a 0\r\n\r\n".repeat(4500)}`);
  expect([peer.takeReceived(), store.commits]).toEqual(["PONG\r\n", 2]);
});

test("a connection that had its share waits for the next turn, and the others are heard in this one", async () => {
  const fixture = await BrokerFixture.start();
  const [flood, other] = [fixture.client(), fixture.client()];
  const heard: string[] = [];
  fixture.broker.account.subscribe("*", ({ subject }) => void heard.push(subject.text));
  flood.send(`PUB a 200000\r\n${"x".repeat(200_000)}\r\nPUB b 100000\r\n${"x".repeat(100_000)}\r\nPUB c 0\r\n\r\n`, 50_000);
  other.send("PUB d 0\r\n\r\n");
  expect(heard).toEqual(["a", "d"]);
  fixture.turns.settle();
  expect(heard).toEqual(["a", "d", "b", "c"]);
});

test("input that adds to a backlog of the disk is held until the disk has caught up, other input is not", async () => {
  const fixture = await BrokerFixture.start();
  const store = fixture.useSlowStore();
  fixture.broker.account.subscribe("stored", () => {
    store.backlogBytes += 9_000_000;
  });
  const [writer, other] = [fixture.client(), fixture.client()];
  for (let at = 0; at < 5; at += 1) {
    writer.send("PUB stored 0\r\n\r\n");
    fixture.turns.settle();
  }
  expect(store.backlogBytes).toBe(18_000_000);
  expect([fixture.say(writer, "PING\r\n"), fixture.say(other, "PING\r\n")]).toEqual(["", "PONG\r\n"]);
  store.backlogBytes = 0;
  fixture.becomeDurable(1);
  fixture.turns.settle();
  expect(store.backlogBytes).toBe(18_000_000);
  store.backlogBytes = 0;
  fixture.becomeDurable(2);
  fixture.turns.settle();
  expect(writer.takeReceived()).toBe("PONG\r\n");
});

test("a connection with too many answers that wait for the disk is not heard until they could leave", async () => {
  const fixture = await BrokerFixture.start();
  fixture.useSlowStore();
  let requests = 0;
  fixture.broker.account.subscribe("acks", (request) => {
    requests += 1;
    fixture.broker.account.respond(request, text("x".repeat(1_000_000)), 1);
  });
  const peer = fixture.client();
  fixture.say(peer, "SUB r 1\r\n");
  for (let at = 0; at < 10; at += 1) {
    fixture.say(peer, "PUB acks r 0\r\n\r\n");
  }
  expect([requests, peer.isClosed]).toEqual([6, false]);
  fixture.becomeDurable(1);
  fixture.turns.settle();
  expect(requests).toBe(10);
});

test("a connection that is not heard is not stale", async () => {
  const fixture = await BrokerFixture.start({ pingIntervalMs: 1000, pingMax: 1 });
  const store = fixture.useSlowStore();
  fixture.broker.account.subscribe("stored", () => {
    store.backlogBytes += 20_000_000;
  });
  const peer = fixture.client();
  fixture.say(peer, "PUB stored 0\r\n\r\n");
  fixture.advance(60_000);
  expect(peer.isClosed).toBe(false);
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
