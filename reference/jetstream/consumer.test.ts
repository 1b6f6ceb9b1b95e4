import { expect, test } from "vitest";
import { numbersOf, Stage, statusOf } from "./consumer-stage.contract.ts";

function stageWith(messages: number, consumer: Record<string, unknown> = {}): Stage {
  const stage = new Stage();
  stage.stream("S");
  for (let index = 1; index <= messages; index += 1) {
    stage.publish(`S.${index % 2 === 0 ? "even" : "odd"}`, `m${index}`);
  }
  const answer = stage.consumer("S", { durable_name: "C", ...consumer });
  if (answer["error"] !== undefined) {
    throw new Error(JSON.stringify(answer["error"]));
  }
  return stage;
}

test("a batch delivers in order with complete ack subjects", () => {
  const stage = stageWith(3);
  const received = stage.pull("S", "C", { batch: 2 });
  expect(received.map(({ subject, payload }) => [subject, payload])).toEqual([
    ["S.odd", "m1"],
    ["S.even", "m2"],
  ]);
  expect(received.map(numbersOf)).toEqual([
    [1, 1, 1, 2],
    [1, 2, 2, 1],
  ]);
  expect(received[0]?.reply).toMatch(/^\$JS\.ACK\.S\.C\.1\.1\.1\.\d{19}\.2$/);
});

test("deliveries carry the epoch of their turn", () => {
  const stage = stageWith(1);
  const { epoch } = stage.store;
  expect(stage.pull("S", "C", "1")[0]?.epoch).toBe(epoch);
});

test("a waiting request gets messages as they are stored", () => {
  const stage = stageWith(0);
  const received = stage.pull("S", "C", { batch: 2, expires: 1e9 });
  stage.publish("S.a");
  stage.turn();
  expect(received).toHaveLength(1);
  stage.publish("S.a");
  stage.publish("S.a");
  stage.turn();
  expect(received).toHaveLength(2);
  expect(stage.info("S", "C")).toMatchObject({ num_pending: 1, num_ack_pending: 2, num_waiting: 0 });
});

test("requests take turns, one message each", () => {
  const stage = stageWith(0);
  const first = stage.pull("S", "C", { batch: 2, expires: 1e9 });
  const second = stage.pull("S", "C", { batch: 2, expires: 1e9 });
  for (const payload of ["1", "2", "3", "4"]) {
    stage.publish("S.a", payload);
  }
  stage.turn();
  expect(first.map(({ payload }) => payload)).toEqual(["1", "3"]);
  expect(second.map(({ payload }) => payload)).toEqual(["2", "4"]);
});

test("a request whose inbox lost its interest is dropped without losing a message", () => {
  const stage = stageWith(0);
  stage.pull("S", "C", { batch: 5, expires: 60e9 });
  stage.account.inboxes.clear();
  const second = stage.pull("S", "C", { batch: 1, expires: 60e9 });
  stage.publish("S.a", "1");
  stage.turn();
  expect(second.map(({ payload }) => payload)).toEqual(["1"]);
  expect(stage.info("S", "C")).toMatchObject({ num_waiting: 0, delivered: { consumer_seq: 1, stream_seq: 1 } });
});

test("an expired request is told what it did not get", () => {
  const stage = stageWith(0);
  const received = stage.pull("S", "C", { batch: 3, expires: 1e9, max_bytes: 1000 });
  stage.pass(1100);
  expect(received[0]?.headers).toBe("NATS/1.0 408 Request Timeout\r\nNats-Pending-Messages: 3\r\nNats-Pending-Bytes: 1000\r\n\r\n");
});

test("a request that will not wait ends with 404", () => {
  const stage = stageWith(1);
  expect(statusOf(stage.pull("S", "C", { batch: 1, no_wait: true })[0])).toBe("");
  expect(stage.pull("S", "C", { batch: 1, no_wait: true }).map(statusOf)).toEqual(["NATS/1.0 404 No Messages"]);
});

test("no_wait with expires waits for a first message and ends behind it", () => {
  const stage = stageWith(0);
  const received = stage.pull("S", "C", { batch: 5, no_wait: true, expires: 60e9 });
  expect(received).toEqual([]);
  stage.publish("S.a");
  stage.turn();
  expect(received.map(statusOf)).toEqual(["", "NATS/1.0 404 No Messages"]);
});

test("max_bytes ends a request at the message that does not fit, and after a full batch", () => {
  const stage = stageWith(3);
  expect(stage.pull("S", "C", { batch: 1, max_bytes: 10 }).map(statusOf)).toEqual(["NATS/1.0 409 Message Size Exceeds MaxBytes"]);
  expect(stage.pull("S", "C", { batch: 1, max_bytes: 10_000 }).map(statusOf)).toEqual(["", "NATS/1.0 409 Batch Completed"]);
});

test("heartbeats come while a request waits", () => {
  const stage = stageWith(1);
  const received = stage.pull("S", "C", { batch: 2, expires: 10e9, idle_heartbeat: 1e9 });
  stage.pass(2500);
  expect(received.slice(1).map(({ headers }) => headers)).toEqual([
    "NATS/1.0 100 Idle Heartbeat\r\nNats-Last-Consumer: 1\r\nNats-Last-Stream: 1\r\n\r\n",
    "NATS/1.0 100 Idle Heartbeat\r\nNats-Last-Consumer: 1\r\nNats-Last-Stream: 1\r\n\r\n",
  ]);
});

test.each([
  [{ idle_heartbeat: 1e9, expires: 1e9 }, "400 Bad Request - heartbeat value too large"],
  [{ batch: 11 }, "409 Exceeded MaxRequestBatch of 10"],
  [{ expires: 3e9 }, "409 Exceeded MaxRequestExpires of 2s"],
  [{ max_bytes: 101 }, "409 Exceeded MaxRequestMaxBytes of 100"],
  [{ min_pending: 1 }, "400 Bad Request - Not a Overflow Priority consumer"],
  [{ id: "x" }, "400 Bad Request - Not a Pinned Client Priority consumer"],
  [{ priority: 10 }, "400 Bad Request - Priority must be between 0 and 9"],
  ["{", "400 Bad Request - unexpected end of JSON input"],
])("pull request %j is refused with %s", (request, status) => {
  const stage = stageWith(1, { max_batch: 10, max_expires: 2e9, max_bytes: 100 });
  expect(stage.pull("S", "C", request).map(statusOf)).toEqual([`NATS/1.0 ${status}`]);
});

test("a full queue refuses aloud, and silently when heartbeats were asked for", () => {
  const stage = stageWith(0, { max_waiting: 1 });
  stage.pull("S", "C", { expires: 60e9 });
  expect(stage.pull("S", "C", { expires: 60e9 }).map(statusOf)).toEqual(["NATS/1.0 409 Exceeded MaxWaiting"]);
  expect(stage.pull("S", "C", { expires: 60e9, idle_heartbeat: 1e9 })).toEqual([]);
});

test("deleting a consumer ends its waiting requests and its subscriptions", () => {
  const stage = stageWith(0);
  const received = stage.pull("S", "C", { expires: 60e9 });
  expect(stage.api("CONSUMER.DELETE.S.C")).toMatchObject({ success: true });
  expect(received.map(statusOf)).toEqual(["NATS/1.0 409 Consumer Deleted"]);
  for (const subject of ["$JS.API.CONSUMER.MSG.NEXT.S.C", "$JS.ACK.S.C.1.1.1.1.1"]) {
    expect(stage.account.publish({ subject, payload: new Uint8Array(0), epoch: 0 })).toBe(false);
  }
});

test("a turn delivers a bounded number of messages and goes on in the next", () => {
  const stage = new Stage();
  stage.stream("S");
  for (let index = 0; index < 5000; index += 1) {
    stage.publish("S.a");
  }
  stage.consumer("S", { durable_name: "C", ack_policy: "none" });
  const received = stage.pull("S", "C", { batch: 5000, expires: 60e9 });
  expect(received.length).toBeLessThan(5000);
  stage.pass(10);
  expect(received).toHaveLength(5000);
});

test("headers_only replaces the payload by its size", () => {
  const stage = stageWith(1, { headers_only: true });
  expect(stage.pull("S", "C", "1")[0]).toMatchObject({ headers: "NATS/1.0\r\nNats-Msg-Size: 2\r\n\r\n", payload: "" });
});

test.each([
  [{ deliver_policy: "all" }, ["m1", "m2", "m3", "m4"]],
  [{ deliver_policy: "last" }, ["m4"]],
  [{ deliver_policy: "last", filter_subject: "S.odd" }, ["m3"]],
  [{ deliver_policy: "new" }, []],
  [{ deliver_policy: "by_start_sequence", opt_start_seq: 3 }, ["m3", "m4"]],
  [{ deliver_policy: "by_start_sequence", opt_start_seq: 9 }, []],
  [{ deliver_policy: "by_start_time", opt_start_time: "2000-01-01T00:00:00Z" }, ["m1", "m2", "m3", "m4"]],
  [{ deliver_policy: "by_start_time", opt_start_time: "2100-01-01T00:00:00Z" }, []],
  [{ deliver_policy: "last_per_subject", filter_subject: "S.>" }, ["m3", "m4"]],
  [{ filter_subjects: ["S.odd", "S.none"] }, ["m1", "m3"]],
])("a consumer with %j receives %j", (config, payloads) => {
  const stage = stageWith(4, config);
  expect(stage.info("S", "C")).toMatchObject({ num_pending: payloads.length });
  const received = stage.pull("S", "C", { batch: 10, no_wait: true }).filter(({ headers }) => headers === "");
  expect(received.map(({ payload }) => payload)).toEqual(payloads);
  expect(stage.info("S", "C")).toMatchObject({ num_pending: 0 });
});

test("after its snapshot a last_per_subject consumer follows the stream", () => {
  const stage = stageWith(4, { deliver_policy: "last_per_subject", filter_subject: "S.>" });
  stage.publish("S.odd", "m5");
  const received = stage.pull("S", "C", { batch: 3 });
  expect(received.map(({ payload }) => payload)).toEqual(["m3", "m4", "m5"]);
});

test("a paused consumer delivers nothing until its time has come", () => {
  const stage = stageWith(1);
  const until = new Date(Number(stage.clock.nowNs() / 1_000_000n) + 5000).toISOString();
  expect(stage.api("CONSUMER.PAUSE.S.C", { pause_until: until })).toMatchObject({ paused: true });
  const received = stage.pull("S", "C", { expires: 60e9 });
  stage.pass(4000);
  expect(received).toEqual([]);
  expect(stage.info("S", "C")).toMatchObject({ paused: true });
  stage.pass(2000);
  expect(received).toHaveLength(1);
});

test("an ephemeral consumer goes when nobody uses it, and stays while somebody does", () => {
  const stage = new Stage();
  stage.stream("S");
  const { name } = stage.api("CONSUMER.CREATE.S", { stream_name: "S", config: { ack_policy: "explicit" } });
  stage.pull("S", String(name), { expires: 8e9 });
  stage.pass(12_000);
  expect(stage.info("S", String(name))).toMatchObject({ name, config: { inactive_threshold: 5e9 } });
  stage.pass(8000);
  expect(stage.info("S", String(name))).toMatchObject({ error: { err_code: 10_014 } });
});

test("max_ack_pending blocks new messages until one is acknowledged", () => {
  const stage = stageWith(4, { max_ack_pending: 2 });
  const received = stage.pull("S", "C", { batch: 10, expires: 60e9 });
  expect(received).toHaveLength(2);
  stage.ack(received[0]);
  expect(received).toHaveLength(3);
});

test("a work queue forgets a message with its acknowledgement", () => {
  const stage = new Stage();
  stage.stream("S", { retention: "workqueue" });
  stage.publish("S.a");
  stage.publish("S.a");
  stage.consumer("S", { durable_name: "C" });
  stage.ack(stage.pull("S", "C", "1")[0]);
  expect(stage.api("STREAM.INFO.S")).toMatchObject({ state: { messages: 1, first_seq: 2 } });
});

test("interest retention keeps a message until every consumer is done with it", () => {
  const stage = new Stage();
  stage.stream("S", { retention: "interest" });
  stage.consumer("S", { durable_name: "A" });
  stage.consumer("S", { durable_name: "B", ack_policy: "none" });
  stage.publish("S.a");
  stage.pull("S", "B", "1");
  expect(stage.api("STREAM.INFO.S")).toMatchObject({ state: { messages: 1 } });
  stage.ack(stage.pull("S", "A", "1")[0]);
  expect(stage.api("STREAM.INFO.S")).toMatchObject({ state: { messages: 0 } });
});

test("a purge moves a consumer past what is gone", () => {
  const stage = stageWith(4);
  stage.pull("S", "C", "2");
  stage.api("STREAM.PURGE.S");
  expect(stage.info("S", "C")).toMatchObject({
    num_ack_pending: 0,
    num_pending: 0,
    delivered: { consumer_seq: 2, stream_seq: 4 },
    ack_floor: { consumer_seq: 2, stream_seq: 4 },
  });
});

test("a pending message that leaves the stream is terminated, and that is told", () => {
  const stage = stageWith(2);
  const advisories = stage.inbox("$JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED.S.C");
  stage.pull("S", "C", "2");
  stage.api("STREAM.MSG.DELETE.S", { seq: 1 });
  stage.turn();
  expect(JSON.parse(advisories[0]?.payload ?? "{}")).toMatchObject({
    type: "io.nats.jetstream.advisory.v1.terminated",
    stream_seq: 1,
    consumer_seq: 1,
    deliveries: 1,
    reason: "Unacknowledged message was deleted",
  });
  expect(stage.info("S", "C")).toMatchObject({ num_ack_pending: 1, ack_floor: { consumer_seq: 1, stream_seq: 1 } });
});

test.each([
  ["all", 1],
  ["explicit", 2],
])("under interest retention an acknowledgement of the last message with policy %s leaves %i pending ones stored", (ack_policy, left) => {
  const stage = new Stage();
  stage.stream("S", { retention: "interest" });
  stage.consumer("S", { durable_name: "A", ack_policy });
  stage.consumer("S", { durable_name: "B", ack_policy: "none", filter_subject: "S.b" });
  for (const subject of ["S.a", "S.a", "S.b"]) {
    stage.publish(subject);
  }
  const received = stage.pull("S", "A", "3");
  stage.pull("S", "B", "1");
  expect(stage.api("STREAM.INFO.S")).toMatchObject({ state: { messages: 3 } });
  stage.ack(received[ack_policy === "all" ? 1 : 0]);
  expect(stage.api("STREAM.INFO.S")).toMatchObject({ state: { messages: left } });
});

test("replay policy original keeps the pace of the publisher until it has caught up", () => {
  const stage = new Stage();
  stage.stream("S");
  for (const ms of [0, 500, 1000]) {
    stage.clock.advance(ms);
    stage.publish("S.a");
  }
  stage.consumer("S", { durable_name: "C", replay_policy: "original" });
  const received = stage.pull("S", "C", { batch: 9, expires: 60e9 });
  const counts = [0, 450, 100, 850, 200].map((ms) => {
    stage.pass(ms);
    return received.length;
  });
  expect(counts).toEqual([1, 1, 2, 2, 3]);
  stage.pass(5000);
  stage.publish("S.a");
  stage.turn();
  expect(received).toHaveLength(4);
});

test("a stream without a limit of its own takes a thousand consumers", () => {
  const stage = new Stage();
  stage.stream("S");
  for (let index = 0; index < 1000; index += 1) {
    stage.consumer("S", { durable_name: `C${index}` });
  }
  expect(stage.consumer("S", { durable_name: "D" })).toMatchObject({ error: { err_code: 10_026 } });
  expect(stage.consumer("S", { durable_name: "C1", description: "still there" })).toMatchObject({ name: "C1" });
});

test("whatever has fallen due is settled: an idle consumer sets no timer after another", () => {
  const stage = new Stage();
  stage.stream("S");
  stage.publish("S.a");
  stage.clock.advance(500);
  stage.publish("S.a");
  stage.consumer("S", { durable_name: "C", replay_policy: "original", ack_wait: 60e9 });
  stage.pull("S", "C", { batch: 9, expires: 0.2e9, idle_heartbeat: 0.1e9 });
  stage.pass(1000);
  let timers = 0;
  const setTimer = stage.clock.setTimer.bind(stage.clock);
  stage.clock.setTimer = (delayMs, run) => {
    timers += 1;
    return setTimer(delayMs, run);
  };
  stage.pass(10_000);
  expect(timers).toBeLessThan(3);
});

test("a receiver that cannot take more is passed over, keeps its request, and goes on when it has caught up", () => {
  const stage = stageWith(0);
  const slow = stage.pull("S", "C", { batch: 2, no_wait: true, expires: 60e9 });
  const quick = stage.pull("S", "C", { batch: 1, expires: 60e9 });
  const inbox = [...stage.account.inboxes].find(([, received]) => received === slow)?.[0] ?? "";
  stage.account.crowded.set(inbox, undefined);
  stage.publish("S.a", "1");
  stage.publish("S.a", "2");
  stage.turn();
  expect([slow.length, quick.map(({ payload }) => payload)]).toEqual([0, ["1"]]);
  const work = stage.account.crowded.get(inbox);
  stage.account.crowded.clear();
  work?.step();
  expect(slow.map((message) => message.payload || statusOf(message))).toEqual(["2", "NATS/1.0 404 No Messages"]);
});
