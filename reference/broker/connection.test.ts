import { expect, test } from "vitest";
import { BrokerFixture } from "../broker-fixture.contract.ts";

test("the greeting is INFO with a blank before its line end", async () => {
  const fixture = await BrokerFixture.start();
  const peer = fixture.connect();
  fixture.broker.closeAll("Server Shutdown");
  fixture.turns.settle();
  expect(peer.isClosed).toBe(true);
  expect(fixture.broker.totalConnections).toBe(1);
});

test("an echo-less publisher does not hear itself but others do", async () => {
  const fixture = await BrokerFixture.start();
  const [quiet, other] = [fixture.client({ echo: false }), fixture.client()];
  fixture.say(other, "SUB a 9\r\n");
  expect(fixture.say(quiet, "SUB a 1\r\nPUB a 1\r\nx\r\n")).toBe("");
  expect(other.takeReceived()).toBe("MSG a 9 1\r\nx\r\n");
});

test("a receiver without headers gets the payload alone", async () => {
  const fixture = await BrokerFixture.start();
  const [plain, rich] = [fixture.client(), fixture.client({ headers: true })];
  fixture.say(plain, "SUB a 1\r\n");
  fixture.say(rich, "SUB a 2\r\nHPUB a 12 014\r\nNATS/1.0\r\n\r\nhi\r\n");
  expect(plain.takeReceived()).toBe("MSG a 1 2\r\nhi\r\n");
});

test("a queue group gets each message once, and all its members get some", async () => {
  const fixture = await BrokerFixture.start();
  const members = [fixture.client(), fixture.client(), fixture.client()];
  for (const member of members) {
    fixture.say(member, "SUB a workers 1\r\n");
  }
  fixture.say(fixture.client(), "PUB a 1\r\nx\r\n".repeat(300));
  const counts = members.map((member) => member.takeReceived().split("MSG").length - 1);
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(300);
  expect(Math.min(...counts)).toBeGreaterThan(50);
});

test("a subscription with a limit ends with its last message", async () => {
  const fixture = await BrokerFixture.start();
  const peer = fixture.client();
  expect(fixture.say(peer, "SUB a 1\r\nUNSUB 1 2\r\nPUB a 1\r\n1\r\nPUB a 1\r\n2\r\nPUB a 1\r\n3\r\n").match(/MSG/g)).toHaveLength(2);
  expect(fixture.broker.account.index.size).toBe(0);
  expect(fixture.say(peer, "SUB b 1\r\nPUB b 1\r\nx\r\n")).toBe("MSG b 1 1\r\nx\r\n");
});

test("subscriptions go with their connection", async () => {
  const fixture = await BrokerFixture.start();
  const peer = fixture.client();
  fixture.say(peer, "SUB a 1\r\nSUB b q 2\r\n");
  peer.hangUp();
  expect([fixture.broker.account.index.size, fixture.broker.connections.size]).toEqual([0, 0]);
});

test("the first PING comes after two seconds, and a client that never answers is stale after the third interval", async () => {
  const fixture = await BrokerFixture.start({ pingIntervalMs: 10_000, pingMax: 2 });
  const peer = fixture.client();
  fixture.advance(1999);
  expect(peer.takeReceived()).toBe("");
  fixture.advance(500);
  expect(peer.takeReceived()).toBe("PING\r\n");
  fixture.advance(10_000);
  expect(peer.takeReceived()).toBe("PING\r\n");
  fixture.advance(10_000);
  expect(peer.takeReceived()).toBe("-ERR 'Stale Connection'\r\n");
  expect(peer.isClosed).toBe(true);
});

test("a client that talks is not pinged again within the interval", async () => {
  const fixture = await BrokerFixture.start({ pingIntervalMs: 10_000 });
  const peer = fixture.client();
  fixture.advance(2500);
  fixture.say(peer, "PONG\r\n");
  fixture.advance(8000);
  fixture.say(peer, "PUB a 0\r\n\r\n");
  peer.takeReceived();
  fixture.advance(4000);
  expect(peer.takeReceived()).toBe("");
});

test("INFO comes again after the first PING of a client that understands it, and only then", async () => {
  const fixture = await BrokerFixture.start();
  const peer = fixture.client({ protocol: 1 });
  expect(fixture.say(peer, "PING\r\n")).toBe('PONG\r\nINFO {"client_id":1,"connect_info":true} \r\n');
  expect(fixture.say(peer, "PING\r\n")).toBe("PONG\r\n");
  expect(fixture.say(fixture.client({ protocol: 0 }), "PING\r\n")).toBe("PONG\r\n");
});

test("a connection above the maximum is greeted and refused", async () => {
  const fixture = await BrokerFixture.start({ maxConnections: 1 });
  const first = fixture.client();
  const second = fixture.connect();
  expect(second.isClosed).toBe(true);
  expect(fixture.say(first, "PING\r\n")).toBe("PONG\r\n");
});

test("a subscription above the maximum is refused and the connection stays", async () => {
  const fixture = await BrokerFixture.start({ maxSubscriptions: 1 });
  const peer = fixture.client();
  expect(fixture.say(peer, "SUB a 1\r\nSUB b 2\r\nPING\r\n")).toBe("-ERR 'maximum subscriptions exceeded'\r\nPONG\r\n");
});

test("a client that doesn't read is dropped without a word when too much waits for it", async () => {
  const fixture = await BrokerFixture.start({ maxPending: 100_000 });
  const [slow, fast] = [fixture.client(), fixture.client()];
  fixture.say(slow, "SUB a 1\r\n");
  slow.stopReading();
  const message = `PUB a 1000\r\n${"x".repeat(1000)}\r\n`;
  for (let each = 0; each < 150; each++) {
    fixture.say(fast, message);
  }
  expect(slow.isClosed).toBe(true);
  expect(slow.received).toBe("");
  expect(fixture.broker.traffic.slowConsumers).toBe(1);
  expect(fixture.warnings[0]).toContain("Slow Consumer Detected: MaxPending of 100000 Exceeded");
  expect(fixture.say(fast, "PING\r\n")).toBe("PONG\r\n");
});

test("a client that reads nothing for the write deadline is dropped", async () => {
  const fixture = await BrokerFixture.start();
  const [slow, fast] = [fixture.client(), fixture.client()];
  fixture.say(slow, "SUB a 1\r\n");
  slow.stopReading();
  fixture.say(fast, "PUB a 1\r\nx\r\n");
  fixture.advance(9000);
  expect(slow.isClosed).toBe(false);
  fixture.advance(1500);
  expect(slow.isClosed).toBe(true);
});

test("a client that catches up before the write deadline stays", async () => {
  const fixture = await BrokerFixture.start();
  const [slow, fast] = [fixture.client(), fixture.client()];
  fixture.say(slow, "SUB a 1\r\n");
  slow.stopReading();
  fixture.say(fast, "PUB a 1\r\nx\r\n");
  fixture.advance(1000);
  slow.resumeReading();
  expect(slow.takeReceived()).toBe("MSG a 1 1\r\nx\r\n");
  fixture.say(slow, "PONG\r\n");
  fixture.advance(20_000);
  expect(slow.isClosed).toBe(false);
});

test("credentials that come too late are not heard", async () => {
  const fixture = await BrokerFixture.start({}, { required: true, authenticate: () => "joe" });
  const late = fixture.connect();
  fixture.advance(2100);
  expect(late.takeReceived()).toBe("-ERR 'Authentication Timeout'\r\n");
  expect(late.isClosed).toBe(true);
  expect(fixture.say(fixture.connect(), "CONNECT {}\r\n")).toBe("+OK\r\n");
});

test("wrong credentials are refused, and so is anything before CONNECT", async () => {
  const fixture = await BrokerFixture.start({}, { required: true, authenticate: () => undefined });
  for (const text of ["CONNECT {}\r\n", "PING\r\n", "S"]) {
    const peer = fixture.connect();
    expect(fixture.say(peer, text)).toBe("-ERR 'Authorization Violation'\r\n");
    expect(peer.isClosed).toBe(true);
  }
});

test("what was answered before a violation still arrives", async () => {
  const fixture = await BrokerFixture.start();
  const peer = fixture.client();
  expect(fixture.say(peer, "PING\r\nPUB a\r\n")).toBe("PONG\r\n");
  expect(peer.isClosed).toBe(true);
});
