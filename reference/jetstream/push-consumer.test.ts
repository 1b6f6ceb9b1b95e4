import { expect, test } from "vitest";
import { numbersOf, type Received, Stage, statusOf } from "./consumer-stage.contract.ts";

const second = 1e9;
const target = "to.here";

function stageWith(messages: number, stream: Record<string, unknown> = {}): Stage {
  const stage = new Stage();
  stage.stream("S", stream);
  for (let index = 1; index <= messages; index += 1) {
    stage.publish("S.a", `m${index}`);
  }
  stage.turn();
  return stage;
}

function create(stage: Stage, config: Record<string, unknown> = {}): void {
  const answer = stage.consumer("S", { durable_name: "C", deliver_subject: target, ...config });
  if (answer["error"] !== undefined) {
    throw new Error(JSON.stringify(answer["error"]));
  }
}

function payloads(received: readonly Received[]): string[] {
  return received.filter((message) => statusOf(message) === "").map(({ payload }) => payload);
}

function statuses(received: readonly Received[]): string[] {
  return received.map(statusOf).filter((status) => status !== "");
}

function exists(stage: Stage): boolean {
  return stage.info("S", "C")["error"] === undefined;
}

test("messages are delivered while somebody is bound, under the stream's subjects", () => {
  const stage = stageWith(2);
  create(stage);
  expect(stage.info("S", "C")).toMatchObject({ num_pending: 2, delivered: { consumer_seq: 0 } });
  const received = stage.inbox(target);
  stage.turn();
  stage.publish("S.b", "m3");
  stage.turn();
  expect(received.map(({ subject, payload }) => [subject, payload])).toEqual([
    ["S.a", "m1"],
    ["S.a", "m2"],
    ["S.b", "m3"],
  ]);
  expect(received.map(numbersOf)).toEqual([
    [1, 1, 1, 1],
    [1, 2, 2, 0],
    [1, 3, 3, 0],
  ]);
  expect(stage.info("S", "C")).toMatchObject({ push_bound: true, num_pending: 0, num_ack_pending: 3 });
});

test("deliveries carry the epoch of their turn", () => {
  const stage = stageWith(1);
  const received = stage.inbox(target);
  const { epoch } = stage.store;
  create(stage);
  expect(received[0]?.epoch).toBe(epoch);
});

test("whoever comes back gets what was stored meanwhile, once", () => {
  const stage = stageWith(1);
  const first = stage.inbox(target);
  create(stage);
  stage.leave(target);
  stage.publish("S.a", "meanwhile");
  stage.pass(1000);
  expect(stage.info("S", "C")["push_bound"]).toBeUndefined();
  const again = stage.inbox(target);
  stage.turn();
  expect([payloads(first), payloads(again)]).toEqual([["m1"], ["meanwhile"]]);
});

test("a wildcard subscription starts nothing, not a message and no heartbeat", () => {
  const stage = stageWith(1);
  let heard = 0;
  stage.account.subscribe("to.*", () => {
    heard += 1;
  });
  create(stage, { idle_heartbeat: second, ack_policy: "none" });
  stage.pass(5000);
  expect([heard, stage.info("S", "C")["push_bound"]]).toEqual([0, undefined]);
});

test("one turn does not deliver without end, and the next ones deliver the rest", () => {
  const stage = stageWith(5000);
  const received = stage.inbox(target);
  create(stage, { ack_policy: "none" });
  expect(received).toHaveLength(2000);
  stage.pass(10);
  expect(received).toHaveLength(5000);
});

test("a slow reader is followed, not run over", () => {
  const stage = stageWith(2);
  const received = stage.inbox(target);
  stage.account.crowded.set(target, undefined);
  create(stage);
  expect(received).toEqual([]);
  const work = stage.account.crowded.get(target);
  stage.account.crowded.clear();
  work?.step();
  expect(payloads(received)).toEqual(["m1", "m2"]);
});

test("heartbeats follow silence, not deliveries", () => {
  const stage = stageWith(0);
  const received = stage.inbox(target);
  create(stage, { idle_heartbeat: second });
  stage.pass(900);
  stage.publish("S.a", "x");
  stage.turn();
  stage.pass(950);
  expect(statuses(received)).toEqual([]);
  stage.pass(100);
  expect(received[1]?.headers).toBe("NATS/1.0 100 Idle Heartbeat\r\nNats-Last-Consumer: 1\r\nNats-Last-Stream: 1\r\n\r\n");
  expect(received[1]).toMatchObject({ subject: target, reply: "", payload: "" });
  stage.pass(3000);
  expect(statuses(received)).toHaveLength(4);
});

test("heartbeats go on while the consumer is paused, and stop when nobody is bound", () => {
  const stage = stageWith(1);
  const received = stage.inbox(target);
  const pauseUntil = new Date(Number(stage.clock.nowNs() / 1_000_000n) + 60_000).toISOString();
  create(stage, { idle_heartbeat: second, pause_until: pauseUntil });
  stage.pass(2500);
  expect([statuses(received).length, payloads(received)]).toEqual([2, []]);
  stage.leave(target);
  stage.pass(5000);
  expect(received).toHaveLength(2);
});

test("a pause that is ended early lets go at once what waits", () => {
  const stage = stageWith(1);
  const received = stage.inbox(target);
  const pauseUntil = new Date(Number(stage.clock.nowNs() / 1_000_000n) + 60_000).toISOString();
  create(stage, { pause_until: pauseUntil });
  expect(received).toEqual([]);
  stage.api("CONSUMER.PAUSE.S.C", {});
  expect(payloads(received)).toEqual(["m1"]);
});

const mebibyte = 1024 * 1024;
const kilobyte = "x".repeat(1024);

/** Everything up to the stall: how many messages came before and after the request of flow control, and what it was. */
function untilStall(received: Received[]): { before: number; after: number; request: Received | undefined } {
  const at = received.findIndex((message) => statusOf(message) === "NATS/1.0 100 FlowControl Request");
  const request = received[at];
  const outcome = { before: at, after: payloads(received.slice(at)).length, request };
  received.length = 0;
  return outcome;
}

function flowing(messages: number): { stage: Stage; received: Received[] } {
  const stage = stageWith(0);
  for (let index = 0; index < messages; index += 1) {
    stage.publish("S.a", kilobyte);
  }
  stage.turn();
  const received = stage.inbox(target);
  create(stage, { ack_policy: "none", flow_control: true, idle_heartbeat: 5 * second });
  return { stage, received };
}

test("flow control asks past half of its window, stalls past the whole, and doubles with every answer", () => {
  const { stage, received } = flowing(30_000);
  const rounds: number[][] = [];
  for (let round = 0; round < 3; round += 1) {
    stage.pass(100);
    const { before, after, request } = untilStall(received);
    // A message weighs its payload, the deliver subject and an ack subject of some 45 bytes.
    rounds.push([before, after].map((messages) => Math.round((messages * 1077) / mebibyte)));
    expect(request?.reply).toMatch(/^\$JS\.FC\.S\.C\.\w{4}$/);
    stage.pass(1000);
    expect(received).toEqual([]);
    stage.account.send(request?.reply ?? "", "");
    stage.turn();
  }
  // Each answer confirms what was out when it was asked for: the other half of that window is still out in the next round.
  expect(rounds).toEqual([
    [1, 1],
    [1, 2],
    [2, 4],
  ]);
});

test("a heartbeat names the request that a stalled consumer waits for, and only its answer lets it go on", () => {
  const { stage, received } = flowing(4000);
  const { request } = untilStall(received);
  stage.pass(5100);
  expect(received[0]?.headers).toContain(`\r\nNats-Consumer-Stalled: ${request?.reply}\r\n`);
  stage.account.send("$JS.FC.S.C.none", "");
  stage.turn();
  expect(payloads(received)).toEqual([]);
  stage.account.send(request?.reply ?? "", "");
  stage.turn();
  expect(payloads(received).length).toBeGreaterThan(100);
});

test("a rate limit paces what is beyond a burst of the largest message", () => {
  const stage = stageWith(0, { max_msg_size: 2000 });
  for (let index = 0; index < 10; index += 1) {
    stage.publish("S.a", "x".repeat(950));
  }
  const received = stage.inbox(target);
  // A thousand bytes a second, and some thousand bytes a message.
  create(stage, { rate_limit_bps: 8000 });
  expect(received).toHaveLength(2);
  stage.pass(3000);
  expect(received.length).toBeGreaterThanOrEqual(4);
  expect(received.length).toBeLessThanOrEqual(5);
  create(stage, { rate_limit_bps: 0 });
  expect(received).toHaveLength(10);
});

test("a rate limit keeps no timer once everything is delivered", () => {
  const stage = stageWith(0, { max_msg_size: 2000 });
  for (let index = 0; index < 4; index += 1) {
    stage.publish("S.a", "x".repeat(950));
  }
  const received = stage.inbox(target);
  create(stage, { ack_policy: "none", rate_limit_bps: 8000 });
  expect(stage.clock.pending).toBeGreaterThan(0);
  stage.pass(5000);
  expect([received.length, stage.clock.pending]).toEqual([4, 0]);
});

test("an ephemeral consumer ends after its threshold without anybody bound", () => {
  const stage = stageWith(1);
  create(stage, { durable_name: "C", inactive_threshold: 5 * second });
  stage.pass(4900);
  expect(exists(stage)).toBe(true);
  stage.pass(200);
  expect(exists(stage)).toBe(false);
});

test("whoever is bound keeps the consumer, and coming back in time saves it", () => {
  const stage = stageWith(1);
  stage.inbox(target);
  create(stage, { inactive_threshold: 5 * second });
  stage.pass(20_000);
  stage.leave(target);
  stage.pass(4000);
  stage.inbox(target);
  stage.pass(20_000);
  expect(exists(stage)).toBe(true);
  // A message that waits for its acknowledgement does not keep it.
  stage.leave(target);
  stage.pass(5100);
  expect(exists(stage)).toBe(false);
});

test("a deleted consumer is silent and leaves nothing behind", () => {
  const stage = stageWith(0);
  const received = stage.inbox(target);
  const before = stage.account.subscriptions.size;
  create(stage, { idle_heartbeat: second, flow_control: true });
  stage.api("CONSUMER.DELETE.S.C");
  stage.leave(target);
  stage.inbox(target);
  stage.publish("S.a");
  stage.pass(5000);
  expect(received).toEqual([]);
  expect(stage.account.subscriptions.size).toBe(before);
});

test("overdue messages wait for somebody to be bound", () => {
  const stage = stageWith(1);
  stage.inbox(target);
  create(stage, { ack_wait: second });
  stage.leave(target);
  stage.pass(5000);
  const again = stage.inbox(target);
  stage.turn();
  expect(again.map(numbersOf)).toEqual([[2, 1, 2, 0]]);
});

test("the deliver subject changes only when nobody is subscribed, and what is pending goes to the new one", () => {
  const stage = stageWith(2);
  const received = stage.inbox(target);
  create(stage);
  const refused = stage.consumer("S", { durable_name: "C", deliver_subject: "to.there" });
  expect(refused).toMatchObject({ error: { err_code: 10_013, description: "consumer name already in use" } });
  stage.ack(received[0]);
  stage.leave(target);
  const elsewhere = stage.inbox("to.there");
  create(stage, { deliver_subject: "to.there" });
  expect(payloads(elsewhere)).toEqual(["m2"]);
});

test("a push consumer refuses pull requests", () => {
  const stage = stageWith(1);
  create(stage);
  expect(stage.pull("S", "C", "1").map(statusOf)).toEqual(["NATS/1.0 409 Consumer is push based"]);
});
