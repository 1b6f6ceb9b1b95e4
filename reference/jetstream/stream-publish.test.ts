import { expect, test } from "vitest";
import { JetStreamFixture } from "./jetstream-fixture.contract.ts";

function withStream(config: Readonly<Record<string, unknown>> = {}): JetStreamFixture {
  const fixture = new JetStreamFixture();
  expect(fixture.createStream({ name: "S", subjects: ["s.>"], ...config }).error).toBeUndefined();
  return fixture;
}

const code = (answer: { error?: { err_code: number } }) => answer.error?.err_code;

test("the PubAck has the official bytes, with and without domain, also for a duplicate", () => {
  const plain = withStream();
  expect(plain.request("s.a", "x", { "Nats-Msg-Id": "1" })).toBe('{"stream":"S","seq":1}');
  expect(plain.request("s.a", "x", { "Nats-Msg-Id": "1" })).toBe('{"stream":"S","seq":1,"duplicate": true}');
  const hub = new JetStreamFixture({ domain: "hub" });
  hub.createStream({ name: "S", subjects: ["s"] });
  expect(hub.request("s")).toBe('{"stream":"S","domain":"hub","seq":1}');
  expect(hub.request("s", "", { "Nats-Expected-Stream": "T" })).toBe(
    '{"error":{"code":400,"err_code":10060,"description":"expected stream does not match"},"stream":"S","seq":0}',
  );
});

test("acknowledged sequences stay exact over every change of the number of digits", () => {
  const fixture = withStream({ max_msgs: 1 });
  for (let sequence = 1; sequence <= 1100; sequence += 1) {
    expect(fixture.request("s.a")).toBe(`{"stream":"S","seq":${sequence}}`);
  }
});

test("a wrong expectation is told before a duplicate is recognised", () => {
  const fixture = withStream();
  fixture.send("s.a", "", { "Nats-Msg-Id": "1" });
  expect(code(fixture.send("s.a", "", { "Nats-Msg-Id": "1", "Nats-Expected-Last-Sequence": "7" }))).toBe(10071);
  expect(fixture.send("s.a", "", { "Nats-Msg-Id": "1" })).toMatchObject({ seq: 1, duplicate: true });
});

test("expectations on the last sequence, subject sequence and message id are held", () => {
  const fixture = withStream();
  expect(fixture.send("s.a", "", { "Nats-Expected-Last-Sequence": "0" }).seq).toBe(1);
  expect(fixture.send("s.b", "", { "Nats-Expected-Last-Sequence": "0" }).error?.description).toBe("wrong last sequence: 1");
  expect(fixture.send("s.b", "", { "Nats-Expected-Last-Subject-Sequence": "0", "Nats-Msg-Id": "b" }).seq).toBe(2);
  expect(fixture.send("s.b", "", { "Nats-Expected-Last-Subject-Sequence": "1" }).error?.description).toBe("wrong last sequence: 2");
  const other = { "Nats-Expected-Last-Subject-Sequence-Subject": "s.*" };
  expect(fixture.send("s.c", "", { ...other, "Nats-Expected-Last-Subject-Sequence": "2" }).seq).toBe(3);
  expect(code(fixture.send("s.c", "", other))).toBe(10193);
  expect(fixture.send("s.c", "", { "Nats-Expected-Last-Msg-Id": "b" }).error?.description).toBe("wrong last msg ID: ");
  fixture.send("s.c", "", { "Nats-Msg-Id": "c" });
  expect(fixture.send("s.c", "", { "Nats-Expected-Last-Msg-Id": "c" }).seq).toBe(5);
});

test("a subject emptied by a purge expects sequence 0 again", () => {
  const fixture = withStream();
  fixture.send("s.a");
  fixture.api("STREAM.PURGE.S", { filter: "s.a" });
  expect(fixture.send("s.a", "", { "Nats-Expected-Last-Subject-Sequence": "0" }).seq).toBe(2);
});

test("an id is a duplicate inside its window even when its message is gone, and new after it", () => {
  const fixture = withStream({ duplicate_window: 1e9 });
  fixture.send("s.a", "", { "Nats-Msg-Id": "1" });
  fixture.api("STREAM.PURGE.S");
  expect(fixture.send("s.a", "", { "Nats-Msg-Id": "1" })).toMatchObject({ seq: 1, duplicate: true });
  fixture.advance(1001);
  expect(fixture.send("s.a", "", { "Nats-Msg-Id": "1" })).toEqual({ stream: "S", seq: 2 });
});

test.each([
  ["Nats-Incr", "1", 10168],
  ["Nats-Incr", "1.5", 10171],
  ["Nats-TTL", "5", 10166],
  ["Nats-TTL", "never", 10166],
  ["Nats-TTL", "0.5s", 10165],
  ["Nats-Schedule", "@every 1s", 10188],
  ["Nats-Schedule-Next", "tomorrow", 10212],
  ["Nats-Scheduler", "s.x", 10212],
  ["Nats-Stream-Source", "T 1", 10227],
  ["Nats-Batch-Id", "b", 10174],
  ["Nats-Rollup", "sub", 10111],
])("%s: %s on a plain stream is refused with %i", (name, value, expected) => {
  expect(code(withStream().send("s.a", "", { [name]: value }))).toBe(expected);
});

test("a TTL of zero seconds is none, but `0` is read as a duration, which is too short", () => {
  expect(withStream().send("s.a", "", { "Nats-TTL": "00" }).seq).toBe(1);
  expect(code(withStream().send("s.a", "", { "Nats-TTL": "0" }))).toBe(10165);
});

test("a rollup removes what is older on its subject, or everything, and stays itself", () => {
  const fixture = withStream({ allow_rollup_hdrs: true });
  ["s.a", "s.a", "s.b"].map((subject) => fixture.send(subject));
  fixture.send("s.a", "", { "Nats-Rollup": "SUB" });
  const subjects = () => fixture.api("STREAM.INFO.S", { subjects_filter: ">" }).state?.subjects;
  expect(subjects()).toEqual({ "s.a": 1, "s.b": 1 });
  fixture.send("s.c", "", { "Nats-Rollup": "all" });
  expect(subjects()).toEqual({ "s.c": 1 });
  expect(fixture.send("s.c", "", { "Nats-Rollup": "half" }).error?.description).toBe('rollup value invalid: "half"');
});

test("a message beyond max_msg_size counts its headers, and a header block beyond 64 KiB is refused", () => {
  const fixture = withStream({ max_msg_size: 30 });
  expect(fixture.send("s.a", "x".repeat(30)).seq).toBe(1);
  expect(code(fixture.send("s.a", "x".repeat(31)))).toBe(10054);
  expect(code(fixture.send("s.a", "x".repeat(20), { a: "1" }))).toBe(10054);
  expect(code(withStream().send("s.a", "", { a: "x".repeat(65_530) }))).toBe(10097);
});

test("nobody is answered on a no_ack stream, and a message without reply is stored silently", () => {
  const fixture = withStream({ no_ack: true });
  expect(fixture.request("s.a")).toBeUndefined();
  fixture.publish("s.a", {});
  expect(fixture.api("STREAM.INFO.S").state?.messages).toBe(2);
});

test("a sealed stream takes no message", () => {
  const fixture = withStream();
  fixture.send("s.a");
  expect(fixture.api("STREAM.UPDATE.S", { name: "S", subjects: ["s.>"], storage: "memory", sealed: true }).config).toMatchObject({
    sealed: true,
    discard: "new",
    deny_delete: true,
    deny_purge: true,
    max_age: 0,
  });
  expect(code(fixture.send("s.a"))).toBe(10109);
  expect(code(fixture.api("STREAM.PURGE.S"))).toBe(10109);
  expect(code(fixture.api("STREAM.MSG.DELETE.S", { seq: 1 }))).toBe(10109);
});

test("more than the server's memory limit is refused at publish", () => {
  const fixture = new JetStreamFixture({ limits: { maxMemory: 100 } });
  fixture.createStream({ name: "S", subjects: ["s"] });
  expect(fixture.send("s", "x".repeat(100)).seq).toBe(1);
  expect(code(fixture.send("s"))).toBe(10023);
});

test("a status line in the headers is not stored, and headers that held nothing else are none", () => {
  const fixture = withStream();
  for (const headers of ["NATS/1.0 503 No Responders\r\n\r\n", "NATS/1.0 100\r\na: b\r\n\r\n"]) {
    fixture.account.publish({ subject: "s.a", headers: Buffer.from(headers), payload: Buffer.from("x"), epoch: 0 });
  }
  expect(fixture.api("STREAM.MSG.GET.S", { seq: 1 }).message).toMatchObject({ data: "eA==" });
  expect(fixture.api("STREAM.MSG.GET.S", { seq: 1 }).message?.hdrs).toBeUndefined();
  const stored = fixture.api("STREAM.MSG.GET.S", { seq: 2 }).message;
  expect(Buffer.from(stored?.hdrs ?? "", "base64").toString()).toBe("NATS/1.0\r\na: b\r\n\r\n");
  expect(stored?.data).toBe("eA==");
});
