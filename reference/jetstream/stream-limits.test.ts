import { expect, test } from "vitest";
import { type Answer, JetStreamFixture } from "./jetstream-fixture.contract.ts";

function withStream(config: Readonly<Record<string, unknown>>): JetStreamFixture {
  const fixture = new JetStreamFixture();
  expect(fixture.createStream({ name: "S", subjects: ["s.>"], ...config }).error).toBeUndefined();
  return fixture;
}

function state(fixture: JetStreamFixture): Answer["state"] {
  return fixture.api("STREAM.INFO.S", { subjects_filter: ">", deleted_details: true }).state;
}

const publish = (fixture: JetStreamFixture, subjects: readonly string[]) => subjects.map((subject) => fixture.send(subject));

test("discard old keeps the newest messages within max_msgs", () => {
  const fixture = withStream({ max_msgs: 3 });
  publish(fixture, ["s.a", "s.b", "s.c", "s.d", "s.e"]);
  expect(state(fixture)).toMatchObject({ messages: 3, first_seq: 3, last_seq: 5 });
});

test("discard old keeps the newest messages within max_bytes, and one too big empties the stream", () => {
  const fixture = withStream({ max_bytes: 100 });
  publish(fixture, ["s.a", "s.a", "s.a", "s.a", "s.a", "s.a"]);
  expect(state(fixture)).toMatchObject({ messages: 5, bytes: 95, first_seq: 2 });
  expect(fixture.send("s.a", "x".repeat(200)).seq).toBe(7);
  expect(state(fixture)).toMatchObject({ messages: 0, first_seq: 8, last_seq: 7 });
});

test("discard new refuses what exceeds max_msgs or max_bytes", () => {
  const messages = withStream({ max_msgs: 1, discard: "new" });
  expect(publish(messages, ["s.a", "s.b"])[1]?.error).toEqual({ code: 503, err_code: 10077, description: "maximum messages exceeded" });
  const bytes = withStream({ max_bytes: 40, discard: "new" });
  expect(publish(bytes, ["s.a", "s.b", "s.c"])[2]?.error?.description).toBe("maximum bytes exceeded");
});

test("a message that replaces one of its full subject passes discard new, if it is not bigger", () => {
  const fixture = withStream({ max_msgs: 2, max_msgs_per_subject: 1, discard: "new", max_bytes: 60 });
  expect(publish(fixture, ["s.a", "s.b", "s.a"]).map(({ seq }) => seq)).toEqual([1, 2, 3]);
  expect(fixture.send("s.b", "x".repeat(30)).error?.description).toBe("maximum bytes exceeded");
});

test("discard new per subject refuses the second value, but not a rollup", () => {
  const fixture = withStream({ max_msgs_per_subject: 1, discard: "new", discard_new_per_subject: true, allow_rollup_hdrs: true });
  expect(publish(fixture, ["s.a", "s.a"])[1]?.error?.description).toBe("maximum messages per subject exceeded");
  expect(fixture.send("s.a", "", { "Nats-Rollup": "sub" }).seq).toBe(2);
  expect(state(fixture)?.subjects).toEqual({ "s.a": 1 });
});

test("the limit per subject evicts the subject's oldest, and a lowered limit at once", () => {
  const fixture = withStream({ max_msgs_per_subject: 2 });
  publish(fixture, ["s.a", "s.b", "s.a", "s.a"]);
  expect(state(fixture)).toMatchObject({ messages: 3, first_seq: 2, subjects: { "s.a": 2, "s.b": 1 } });
  fixture.api("STREAM.UPDATE.S", { name: "S", subjects: ["s.>"], storage: "memory", max_msgs_per_subject: 1 });
  expect(state(fixture)).toMatchObject({ messages: 2, num_deleted: 1, deleted: [3] });
});

test("messages leave when they have reached max_age, and the last sequence stays", () => {
  const fixture = withStream({ max_age: 1e9 });
  publish(fixture, ["s.a"]);
  fixture.advance(600);
  publish(fixture, ["s.b"]);
  fixture.advance(500);
  expect(state(fixture)).toMatchObject({ messages: 1, first_seq: 2 });
  fixture.advance(1000);
  expect(state(fixture)).toMatchObject({ messages: 0, first_seq: 3, last_seq: 2 });
  publish(fixture, ["s.c"]);
  fixture.advance(2000);
  expect(state(fixture)).toMatchObject({ messages: 0, first_seq: 4, last_seq: 3 });
});

test("an interest stream without consumers acknowledges and keeps nothing", () => {
  const fixture = withStream({ retention: "interest" });
  expect(publish(fixture, ["s.a", "s.b"]).map(({ seq }) => seq)).toEqual([1, 2]);
  expect(state(fixture)).toMatchObject({ messages: 0, last_seq: 2 });
});

test("interest retention keeps a message until its last consumer has acknowledged it, or is deleted", () => {
  const fixture = withStream({ retention: "interest" });
  const consumer = (name: string) =>
    fixture.api(`CONSUMER.CREATE.S.${name}`, { stream_name: "S", config: { durable_name: name, ack_policy: "explicit" } });
  consumer("one");
  consumer("two");
  publish(fixture, ["s.a", "s.b"]);
  expect(state(fixture)).toMatchObject({ messages: 2, consumer_count: 2 });
  fixture.api("CONSUMER.DELETE.S.one");
  expect(state(fixture)).toMatchObject({ messages: 2, consumer_count: 1 });
  fixture.api("CONSUMER.DELETE.S.two");
  expect(state(fixture)).toMatchObject({ messages: 0, consumer_count: 0 });
});

test("changing from limits to interest without consumers drops all messages", () => {
  const fixture = withStream({});
  publish(fixture, ["s.a", "s.b"]);
  fixture.api("STREAM.UPDATE.S", { name: "S", subjects: ["s.>"], storage: "memory", retention: "interest" });
  expect(state(fixture)).toMatchObject({ messages: 0, last_seq: 2 });
});

test("purge takes seq exclusively, keeps the newest, and honours a filter", () => {
  const fixture = withStream({});
  publish(fixture, ["s.a", "s.b", "s.a", "s.b", "s.a"]);
  expect(fixture.api("STREAM.PURGE.S", { seq: 1 }).purged).toBe(0);
  expect(fixture.api("STREAM.PURGE.S", { filter: "s.a", keep: 1 }).purged).toBe(2);
  expect(fixture.api("STREAM.PURGE.S", { seq: 4 }).purged).toBe(1);
  expect(state(fixture)).toMatchObject({ messages: 2, first_seq: 4 });
  expect(fixture.api("STREAM.PURGE.S", { seq: 4, keep: 1 }).error?.err_code).toBe(10003);
  expect(fixture.api("STREAM.PURGE.S", "everything").purged).toBe(2);
});

test("promises of max_bytes beyond the server's memory are refused", () => {
  const fixture = new JetStreamFixture({ limits: { maxMemory: 1000 } });
  expect(fixture.createStream({ name: "A", max_bytes: 600 }).error).toBeUndefined();
  expect(fixture.createStream({ name: "B", max_bytes: 600 }).error?.err_code).toBe(10028);
});
