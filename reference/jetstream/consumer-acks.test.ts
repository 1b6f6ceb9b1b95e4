import { expect, test } from "vitest";
import { numbersOf, type Received, Stage } from "./consumer-stage.contract.ts";

function stageWith(messages: number, consumer: Record<string, unknown> = {}): Stage {
  const stage = new Stage();
  stage.stream("S");
  for (let index = 1; index <= messages; index += 1) {
    stage.publish("S.a", `m${index}`);
  }
  stage.consumer("S", { durable_name: "C", ...consumer });
  return stage;
}

function floorsOf(stage: Stage): Record<string, unknown> {
  const { ack_floor, delivered, num_ack_pending, num_redelivered } = stage.info("S", "C");
  return JSON.parse(JSON.stringify({ ack_floor, delivered, num_ack_pending, num_redelivered }), (key, value) =>
    key === "last_active" ? undefined : value,
  );
}

function state(delivered: [number, number], floor: [number, number], pending: number, redelivered = 0): Record<string, unknown> {
  return {
    delivered: { consumer_seq: delivered[0], stream_seq: delivered[1] },
    ack_floor: { consumer_seq: floor[0], stream_seq: floor[1] },
    num_ack_pending: pending,
    num_redelivered: redelivered,
  };
}

test("the floor moves over contiguous acknowledgements only", () => {
  const stage = stageWith(4);
  const [one, two, three, four] = stage.pull("S", "C", "4");
  stage.ack(three);
  expect(floorsOf(stage)).toEqual(state([4, 4], [0, 0], 3));
  stage.ack(one);
  expect(floorsOf(stage)).toEqual(state([4, 4], [1, 1], 2));
  stage.ack(two);
  expect(floorsOf(stage)).toEqual(state([4, 4], [3, 3], 1));
  stage.ack(four);
  expect(floorsOf(stage)).toEqual(state([4, 4], [4, 4], 0));
});

test("ack policy all acknowledges everything before", () => {
  const stage = stageWith(4, { ack_policy: "all" });
  const [, , three] = stage.pull("S", "C", "4");
  expect(stage.ack(three)).toHaveLength(1);
  expect(floorsOf(stage)).toEqual(state([4, 4], [3, 3], 1));
});

test.each(["", "+ACK", "+OK", "-NAK", "-NAK 5s", "-NAKzz", "+WPI", "+TERM", "+TERM because", "+ACK ", "nonsense"])(
  "%j is answered",
  (verb) => {
    const stage = stageWith(1);
    const answers = stage.ack(stage.pull("S", "C", "1")[0], verb);
    expect(answers).toMatchObject([{ payload: "", headers: "" }]);
  },
);

test("an acknowledgement is answered with the epoch that makes it durable", () => {
  const stage = stageWith(1);
  const [message] = stage.pull("S", "C", "1");
  const { epoch } = stage.store;
  expect(stage.ack(message)[0]?.epoch).toBe(epoch);
});

test("a message acknowledged twice is answered twice", () => {
  const stage = stageWith(1);
  const [message] = stage.pull("S", "C", "1");
  stage.ack(message);
  expect(stage.ack(message)).toHaveLength(1);
});

test("an acknowledgement of something never delivered, or of nothing, is not answered", () => {
  const stage = stageWith(2);
  stage.pull("S", "C", "1");
  expect(stage.ask("$JS.ACK.S.C.1.2.2.1.0", "")).toEqual([]);
  expect(stage.ask("$JS.ACK.S.C.1.0.0.1.0", "")).toEqual([]);
  expect(stage.ask("$JS.ACK.S.C.1.x.1.1.0", "")).toEqual([]);
  expect(floorsOf(stage)).toEqual(state([1, 1], [0, 0], 1));
});

test("+ACK with a space acknowledges nothing", () => {
  const stage = stageWith(1);
  stage.ack(stage.pull("S", "C", "1")[0], "+ACK ");
  expect(stage.info("S", "C")).toMatchObject({ num_ack_pending: 1 });
});

test("a refused message comes back at once, with a new consumer sequence", () => {
  const stage = stageWith(1);
  const advisories = stage.inbox("$JS.EVENT.ADVISORY.CONSUMER.MSG_NAKED.S.C");
  stage.ack(stage.pull("S", "C", "1")[0], "-NAK");
  expect(stage.pull("S", "C", "1").map(numbersOf)).toEqual([[2, 1, 2, 0]]);
  expect(floorsOf(stage)).toEqual(state([2, 1], [0, 0], 1, 1));
  expect(JSON.parse(advisories[0]?.payload ?? "{}")).toMatchObject({ stream_seq: 1, consumer_seq: 1, deliveries: 1 });
});

test.each(["-NAK 5s", '-NAK {"delay":5000000000}'])("%s delays the redelivery", (verb) => {
  const stage = stageWith(1);
  stage.ack(stage.pull("S", "C", "1")[0], verb);
  const again = stage.pull("S", "C", { expires: 60e9 });
  stage.pass(4900);
  expect(again).toEqual([]);
  stage.pass(300);
  expect(again.map(numbersOf)).toEqual([[2, 1, 2, 0]]);
});

test("a refusal of a message that is done is ignored and not told", () => {
  const stage = stageWith(1);
  const advisories = stage.inbox("$JS.EVENT.ADVISORY.CONSUMER.MSG_NAKED.S.C");
  const [message] = stage.pull("S", "C", "1");
  stage.ack(message);
  expect(stage.ack(message, "-NAK")).toHaveLength(1);
  expect(advisories).toEqual([]);
});

test("a message not acknowledged in time is delivered again", () => {
  const stage = stageWith(2, { ack_wait: 2e9 });
  stage.pull("S", "C", "2");
  const again = stage.pull("S", "C", { batch: 2, expires: 60e9 });
  stage.pass(1900);
  expect(again).toEqual([]);
  stage.pass(300);
  expect(again.map(numbersOf)).toEqual([
    [2, 1, 3, 0],
    [2, 2, 4, 0],
  ]);
});

test("+WPI restarts the ack wait", () => {
  const stage = stageWith(1, { ack_wait: 2e9 });
  const [message] = stage.pull("S", "C", "1");
  const again = stage.pull("S", "C", { expires: 60e9 });
  stage.pass(1500);
  stage.ack(message, "+WPI");
  stage.pass(1500);
  expect(again).toEqual([]);
  stage.pass(600);
  expect(again.map(numbersOf)).toEqual([[2, 1, 2, 0]]);
});

test("a backoff list spaces redeliveries, and its last entry repeats", () => {
  const stage = stageWith(1, { backoff: [1e9, 3e9], max_deliver: 4 });
  const received = stage.pull("S", "C", { batch: 4, expires: 600e9 });
  const counts = [900, 200, 2500, 700, 2200, 900, 9000].map((ms) => {
    stage.pass(ms);
    return received.length;
  });
  expect(counts).toEqual([1, 2, 2, 3, 3, 4, 4]);
});

test("+TERM ends a message for good and tells the reason", () => {
  const stage = stageWith(1);
  const advisories = stage.inbox("$JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED.S.C");
  stage.ack(stage.pull("S", "C", "1")[0], "+TERM  poison ");
  expect(floorsOf(stage)).toEqual(state([1, 1], [1, 1], 0));
  expect(JSON.parse(advisories[0]?.payload ?? "{}")).toMatchObject({ stream_seq: 1, reason: "poison" });
});

test("+NXT acknowledges and asks for more, delivered to its own reply", () => {
  const stage = stageWith(3);
  const next = stage.ack(stage.pull("S", "C", "1")[0], '+NXT {"batch":2}');
  expect(next.map(({ payload }) => payload)).toEqual(["m2", "m3"]);
  expect(floorsOf(stage)).toEqual(state([3, 3], [1, 1], 2));
});

test("max_deliver gives a message up, tells it once, and leaves the reported floor", () => {
  const stage = stageWith(1, { ack_wait: 1e9, max_deliver: 2 });
  const advisories = stage.inbox("$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.S.C");
  const received = stage.pull("S", "C", { batch: 9, expires: 600e9 });
  stage.pass(5000);
  expect(received.map(numbersOf)).toEqual([
    [1, 1, 1, 0],
    [2, 1, 2, 0],
  ]);
  expect(advisories.map(({ payload }) => JSON.parse(payload))).toMatchObject([{ stream_seq: 1, deliveries: 2 }]);
  expect(floorsOf(stage)).toEqual(state([2, 1], [0, 0], 0, 2 - 1));
});

test("a single permitted delivery is given up when its ack wait ends, and hides its redelivery count", () => {
  const stage = stageWith(1, { ack_wait: 1e9, max_deliver: 1 });
  const advisories = stage.inbox("$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.S.C");
  stage.pull("S", "C", "1");
  stage.pass(1200);
  expect(advisories).toHaveLength(1);
  expect(floorsOf(stage)).toEqual(state([1, 1], [0, 0], 0, 0));
});

test("messages given up stay in a work queue", () => {
  const stage = new Stage();
  stage.stream("S", { retention: "workqueue" });
  stage.publish("S.a");
  stage.consumer("S", { durable_name: "C", ack_wait: 1e9, max_deliver: 1 });
  stage.pull("S", "C", "1");
  stage.pass(3000);
  expect(stage.api("STREAM.INFO.S")).toMatchObject({ state: { messages: 1 } });
});

test("every acknowledgement is measured at a sample frequency of 100", () => {
  const stage = stageWith(1, { sample_freq: "100%" });
  const metrics = stage.inbox("$JS.EVENT.METRIC.CONSUMER.ACK.S.C");
  const [message] = stage.pull("S", "C", "1");
  stage.clock.advance(250);
  stage.ack(message);
  expect(metrics.map(({ payload }: Received) => JSON.parse(payload))).toMatchObject([
    { type: "io.nats.jetstream.metric.v1.consumer_ack", consumer_seq: 1, stream_seq: 1, ack_time: 250_000_000, deliveries: 1 },
  ]);
});
