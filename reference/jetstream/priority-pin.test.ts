import { expect, test } from "vitest";
import { type Received, Stage, statusOf } from "./consumer-stage.contract.ts";

const second = 1e9;

function pinning(): Stage {
  const stage = new Stage();
  stage.stream("S");
  stage.consumer("S", { durable_name: "C", priority_policy: "pinned_client", priority_groups: ["g"], priority_timeout: 2 * second });
  return stage;
}

function ask(stage: Stage, request: Record<string, unknown> = {}): Received[] {
  return stage.pull("S", "C", { batch: 9, group: "g", expires: 60 * second, ...request });
}

function publish(stage: Stage, payload: string): void {
  stage.publish("S.a", payload);
  stage.turn();
}

function idOf(message: Received | undefined): string {
  return /\r\nNats-Pin-Id: (\w{22})\r\n/.exec(message?.headers ?? "")?.[1] ?? "";
}

function payloads(received: readonly Received[]): string[] {
  return received.map(({ payload }) => payload);
}

test("the first client that is served is pinned, and the others wait", () => {
  const stage = pinning();
  const [first, other] = [ask(stage), ask(stage)];
  publish(stage, "a");
  publish(stage, "b");
  expect([payloads(first), payloads(other)]).toEqual([["a", "b"], []]);
  const id = idOf(first[0]);
  expect(id).not.toBe("");
  expect(idOf(first[1])).toBe(id);
  expect(stage.info("S", "C")["priority_groups"]).toMatchObject([{ group: "g", pinned_client_id: id }]);
});

test("a pinned client that asks again in time stays pinned, a silent one does not", () => {
  const stage = pinning();
  const first = ask(stage, { batch: 1 });
  publish(stage, "a");
  const id = idOf(first[0]);
  const other = ask(stage);
  stage.pass(1500);
  const again = ask(stage, { id });
  stage.pass(1500);
  publish(stage, "b");
  expect([payloads(again), payloads(other)]).toEqual([["b"], []]);
  stage.pass(2500);
  publish(stage, "c");
  publish(stage, "d");
  expect(payloads(other)).toEqual(["c", "d"]);
  expect(again.map(statusOf).at(-1)).toBe("NATS/1.0 423 Nats-Wrong-Pin-Id");
  expect(idOf(other[0])).not.toBe(id);
});

test("UNPIN lets the next one in, and only a group of the consumer can be named", () => {
  const stage = pinning();
  const [first, other] = [ask(stage), ask(stage)];
  publish(stage, "a");
  expect(stage.api("CONSUMER.UNPIN.S.C", { group: "h" })).toMatchObject({ error: { err_code: 10_160 } });
  expect(stage.api("CONSUMER.UNPIN.S.C", { group: "g" })["error"]).toBeUndefined();
  publish(stage, "b");
  expect([payloads(first)[0], payloads(other)]).toEqual(["a", ["b"]]);
});

test("an id that is not the pinned client's is refused at once", () => {
  const stage = pinning();
  ask(stage);
  publish(stage, "a");
  expect(ask(stage, { id: "other" }).map(statusOf)).toEqual(["NATS/1.0 423 Nats-Pin-Id mismatch"]);
});
