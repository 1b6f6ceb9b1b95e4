import * as fc from "fast-check";
import { expect, test } from "vitest";
import { BrokerFixture } from "../broker-fixture.contract.ts";

const bytes = (value: string) => Buffer.from(value);

test("a service sees subject, reply, headers and payload of a client's message, wherever its bytes were cut", async () => {
  const fixture = await BrokerFixture.start();
  const seen: string[] = [];
  fixture.broker.account.subscribe("s.>", (message) => {
    const text = (start: number, end: number) => Buffer.from(message.buffer.subarray(start, end)).toString("utf8");
    const headers = text(message.headersStart, message.payloadStart);
    seen.push([message.subject.text, message.replyText(), headers, text(message.payloadStart, message.payloadEnd)].join("|"));
  });
  const peer = fixture.client({ headers: true });
  const sent = "HPUB s.é r.1 12 15\r\nNATS/1.0\r\n\r\nabc\r\nPUB s.b 2\r\nhi\r\n";
  const octets = Buffer.from(sent).toString("latin1");
  const pieces = [octets.length, 1, 7, 20];
  for (const piece of pieces) {
    peer.send(octets.replace("15", "15"), piece);
  }
  expect(seen).toEqual(pieces.flatMap(() => ["s.é|r.1|NATS/1.0\r\n\r\n|abc", "s.b|||hi"]));
});

test("a reply reaches the requester, also after others came to and went from its inbox", async () => {
  const fixture = await BrokerFixture.start();
  const { account } = fixture.broker;
  account.subscribe("ask", (request) => account.respond(request, bytes("yes"), 0));
  const [peer, other] = [fixture.client(), fixture.client()];
  fixture.say(peer, "SUB _INBOX.x.* 1\r\n");
  const reply = (n: number) => `MSG _INBOX.x.${n} 1 3\r\nyes\r\n`;
  expect(fixture.say(peer, "PUB ask _INBOX.x.1 0\r\n\r\nPUB ask _INBOX.x.2 0\r\n\r\n")).toBe(reply(1) + reply(2));
  fixture.say(other, "SUB _INBOX.x.3 7\r\n");
  expect(fixture.say(peer, "PUB ask _INBOX.x.3 0\r\n\r\nPUB ask _INBOX.x.4 0\r\n\r\n")).toBe(reply(3) + reply(4));
  expect(other.takeReceived()).toBe("MSG _INBOX.x.3 7 3\r\nyes\r\n");
  fixture.say(peer, "UNSUB 1\r\n");
  expect(fixture.say(peer, "PUB ask _INBOX.x.5 0\r\n\r\n")).toBe("");
});

test("a service may publish while it is handed a message, to any depth", async () => {
  const fixture = await BrokerFixture.start();
  const { account } = fixture.broker;
  account.subscribe("down.*", (message) => {
    const depth = Number(message.subject.text.slice(5));
    if (depth > 0) {
      account.publish({
        subject: `down.${depth - 1}`,
        reply: `r.${depth}`,
        headers: bytes("NATS/1.0\r\n\r\n"),
        payload: bytes("x"),
        epoch: 0,
      });
    }
    account.publish({
      subject: "seen",
      payload: bytes(`${depth} ${message.replyText()} ${message.payloadEnd - message.payloadStart}`),
      epoch: 0,
    });
  });
  const peer = fixture.client();
  expect(fixture.say(peer, "SUB seen 1\r\nPUB down.2 0\r\n\r\n")).toBe(
    ["0 r.1 1", "1 r.2 1", "2 undefined 0"].map((text) => `MSG seen 1 ${text.length}\r\n${text}\r\n`).join(""),
  );
});

test("a kept route delivers under another subject and dies with its subscriber", async () => {
  const fixture = await BrokerFixture.start();
  const route = fixture.broker.account.route("inbox.1");
  const delivery = {
    subject: bytes("s.a"),
    reply: bytes("ack.1"),
    buffer: bytes("..hhPAYLOAD"),
    headersStart: 2,
    payloadStart: 4,
    payloadEnd: 11,
    epoch: 0,
  };
  expect([route.alive(), route.deliver(delivery)]).toEqual([false, false]);
  const peer = fixture.client({ headers: true });
  fixture.say(peer, "SUB inbox.* 4\r\n");
  expect([route.alive(), route.deliver(delivery)]).toEqual([true, true]);
  fixture.turns.settle();
  expect(peer.takeReceived()).toBe("HMSG s.a 4 ack.1 2 9\r\nhhPAYLOAD\r\n");
  peer.hangUp();
  expect(route.alive()).toBe(false);
});

test("messages of any number and size arrive in order and whole", async () => {
  const sizes = fc.array(fc.oneof(fc.nat(300), fc.nat(40_000), fc.constantFrom(16_300, 262_100, 300_000)), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(sizes, async (lengths) => {
      const fixture = await BrokerFixture.start();
      const [peer, publisher] = [fixture.client(), fixture.client()];
      fixture.say(peer, "SUB a 1\r\n");
      const payloads = lengths.map((length, at) => String(at % 10).repeat(length));
      fixture.say(publisher, payloads.map((each) => `PUB a ${each.length}\r\n${each}\r\n`).join(""));
      expect(peer.takeReceived()).toBe(payloads.map((each) => `MSG a 1 ${each.length}\r\n${each}\r\n`).join(""));
    }),
    { numRuns: 30 },
  );
});

test("a service that declines leaves the publisher with no responders", async () => {
  const fixture = await BrokerFixture.start();
  fixture.broker.account.subscribe("maybe", () => false);
  const peer = fixture.client({ headers: true, no_responders: true });
  expect(fixture.say(peer, "SUB r 1\r\nPUB maybe r 0\r\n\r\n")).toContain("NATS/1.0 503\r\nNats-Subject: maybe\r\n");
});

test("a route has no room while its receiver doesn't read, and calls back when it does again", async () => {
  const fixture = await BrokerFixture.start({ maxPending: 400_000 });
  const peer = fixture.client();
  fixture.say(peer, "SUB inbox 4\r\n");
  peer.stopReading();
  const route = fixture.broker.account.route("inbox");
  const buffer = Buffer.alloc(10_000, "x");
  const delivery = { subject: bytes("s"), reply: bytes(""), buffer, headersStart: 0, payloadStart: 0, payloadEnd: buffer.length, epoch: 0 };
  let delivered = 0;
  const work = {
    step(): void {
      while (delivered < 100 && route.hasRoom?.(work) === true) {
        delivered += route.deliver(delivery) ? 1 : 0;
      }
    },
  };
  fixture.turn.markReady(work);
  fixture.turns.settle();
  expect([delivered < 20, peer.isClosed]).toEqual([true, false]);
  for (let turn = 0; turn < 20; turn++) {
    peer.resumeReading();
    fixture.turns.settle();
  }
  expect([delivered, peer.isClosed, peer.received.match(/MSG s 4/g)?.length]).toEqual([100, false, 100]);
});

test("work that waits for room runs when the receiver goes away", async () => {
  const fixture = await BrokerFixture.start({ maxPending: 40_000 });
  const peer = fixture.client();
  fixture.say(peer, "SUB inbox 4\r\n");
  peer.stopReading();
  const route = fixture.broker.account.route("inbox");
  fixture.broker.account.publish({ subject: "inbox", payload: Buffer.alloc(20_000), epoch: 0 });
  let steps = 0;
  const work = { step: () => void steps++ };
  expect(route.hasRoom?.(work)).toBe(false);
  fixture.turns.settle();
  expect(steps).toBe(0);
  peer.hangUp();
  fixture.turns.settle();
  expect([steps, route.alive()]).toEqual([1, false]);
});
