import { expect, test } from "vitest";
import { type Received, Stage, statusOf } from "./consumer-stage.contract.ts";

const second = 1e9;

function stageWith(policy: string): Stage {
  const stage = new Stage();
  stage.stream("S");
  const answer = stage.consumer("S", { durable_name: "C", priority_policy: policy, priority_groups: ["g"] });
  if (answer["error"] !== undefined) {
    throw new Error(JSON.stringify(answer["error"]));
  }
  return stage;
}

function publish(stage: Stage, ...payloads: string[]): void {
  for (const payload of payloads) {
    stage.publish("S.a", payload);
  }
  stage.turn();
}

function payloads(received: readonly Received[]): string[] {
  return received.filter((message) => statusOf(message) === "").map(({ payload }) => payload);
}

test("an overflow request waits for its share of pending messages and leaves the rest", () => {
  const stage = stageWith("overflow");
  const received = stage.pull("S", "C", { batch: 9, group: "g", min_pending: 3, expires: 60 * second });
  publish(stage, "1", "2");
  expect(payloads(received)).toEqual([]);
  publish(stage, "3", "4");
  expect(payloads(received)).toEqual(["1", "2"]);
});

test("an overflow request is served while enough deliveries are unacknowledged", () => {
  const stage = stageWith("overflow");
  const plain = stage.pull("S", "C", { batch: 2, group: "g", expires: 60 * second });
  const overflow = stage.pull("S", "C", { batch: 9, group: "g", min_ack_pending: 2, expires: 60 * second });
  publish(stage, "1", "2", "3");
  expect([payloads(plain), payloads(overflow)]).toEqual([["1", "2"], ["3"]]);
  stage.ack(plain[0]);
  stage.ack(plain[1]);
  publish(stage, "4");
  expect(payloads(overflow)).toEqual(["3"]);
});

test("a request that is not served still expires", () => {
  const stage = stageWith("overflow");
  const received = stage.pull("S", "C", { batch: 1, group: "g", min_pending: 5, expires: second });
  publish(stage, "1");
  stage.pass(1100);
  expect(received.map(statusOf)).toEqual(["NATS/1.0 408 Request Timeout"]);
});

test("the best priority is served first, however late it came", () => {
  const stage = stageWith("prioritized");
  const late = stage.pull("S", "C", { batch: 1, group: "g", priority: 5, expires: 60 * second });
  const early = stage.pull("S", "C", { batch: 2, group: "g", priority: 0, expires: 60 * second });
  publish(stage, "1", "2", "3");
  expect([payloads(early), payloads(late)]).toEqual([["1", "2"], ["3"]]);
});

test.each([
  [{ batch: 1 }, "Priority Group missing"],
  [{ batch: 1, group: "h" }, "Invalid Priority Group"],
  [{ batch: 1, group: "g", priority: 10 }, "Priority must be between 0 and 9"],
  [{ batch: 1, group: "g", min_pending: 1 }, "Not a Overflow Priority consumer"],
  [{ batch: 1, group: "g", id: "x" }, "Not a Pinned Client Priority consumer"],
])("a request %j to a prioritized consumer is refused: %s", (request, problem) => {
  const received = stageWith("prioritized").pull("S", "C", request);
  expect(received.map(statusOf)).toEqual([`NATS/1.0 400 Bad Request - ${problem}`]);
});
