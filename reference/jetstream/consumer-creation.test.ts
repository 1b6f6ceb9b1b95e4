import { expect, test } from "vitest";
import { Stage } from "./consumer-stage.contract.ts";

function create(config: Record<string, unknown>): unknown {
  const stage = new Stage();
  stage.stream("S");
  return stage.api("CONSUMER.CREATE.S.C", { stream_name: "S", config });
}

test("a new consumer is answered with its defaults", () => {
  expect(create({ durable_name: "C", ack_policy: "explicit" })).toMatchObject({
    type: "io.nats.jetstream.api.v1.consumer_create_response",
    stream_name: "S",
    name: "C",
    config: {
      durable_name: "C",
      name: "C",
      deliver_policy: "all",
      ack_policy: "explicit",
      ack_wait: 30e9,
      max_deliver: -1,
      replay_policy: "instant",
      max_waiting: 512,
      max_ack_pending: 1000,
      num_replicas: 0,
      metadata: { "_nats.level": "5", "_nats.req.level": "0", "_nats.ver": "2.15.2" },
    },
    delivered: { consumer_seq: 0, stream_seq: 0 },
    ack_floor: { consumer_seq: 0, stream_seq: 0 },
    num_ack_pending: 0,
    num_redelivered: 0,
    num_waiting: 0,
    num_pending: 0,
  });
});

const invalid: readonly (readonly [Record<string, unknown>, number, string])[] = [
  [{ ack_wait: -1 }, 10_183, "consumer ack wait needs to be positive"],
  [{ backoff: [-1] }, 10_184, "consumer backoff needs to be positive"],
  [{ backoff: [1e9, 1e9], max_deliver: 1 }, 10_116, "max deliver is required to be > length of backoff values"],
  [{ description: "x".repeat(4097) }, 10_107, "consumer description is too long, maximum allowed is 4096"],
  [{ deliver_subject: "a.*" }, 10_079, "consumer deliver subject has wildcards"],
  [{ deliver_subject: "S.a" }, 10_081, "consumer deliver subject forms a cycle"],
  [{ deliver_subject: "d", max_waiting: 5 }, 10_080, "consumer in push mode can not set max waiting"],
  [{ rate_limit_bps: 1 }, 10_086, "consumer in pull mode can not have rate limit set"],
  [{ idle_heartbeat: 1e9 }, 10_088, "consumer idle heartbeat requires a push based consumer"],
  [{ flow_control: true }, 10_089, "consumer flow control requires a push based consumer"],
  [{ max_expires: 1 }, 10_115, "consumer max request expires needs to be >= 1ms"],
  [{ direct: true }, 10_090, "consumer direct requires a push based consumer"],
  [{ filter_subject: "S.a", filter_subjects: ["S.b"] }, 10_136, "consumer cannot have both FilterSubject and FilterSubjects specified"],
  [{ filter_subjects: [""] }, 10_139, "consumer filter in FilterSubjects cannot be empty"],
  [{ filter_subjects: ["S.a", "S.*"] }, 10_138, "consumer subject filters cannot overlap"],
  [{ deliver_policy: "all", opt_start_seq: 1 }, 10_094, "consumer delivery policy is deliver all, but optional start sequence is also set"],
  [
    { deliver_policy: "by_start_sequence" },
    10_094,
    "consumer delivery policy is deliver by start sequence, but optional start sequence is not set",
  ],
  [
    { deliver_policy: "last_per_subject" },
    10_094,
    "consumer delivery policy is deliver last per subject, but optional filter subject is not set",
  ],
  [{ sample_freq: "x" }, 10_095, 'failed to parse consumer sampling configuration: strconv.Atoi: parsing "x": invalid syntax'],
  [{ priority_policy: "overflow" }, 10_159, "Setting PriorityPolicy requires at least one PriorityGroup to be set"],
  [{ priority_groups: ["a"] }, 10_196, "consumer can not have priority groups when policy is none"],
  [{ num_replicas: 3 }, 10_074, "replicas > 1 not supported in non-clustered mode"],
  [{ num_replicas: -1 }, 10_133, "replicas count cannot be negative"],
  [{ deliver_policy: "x" }, 10_025, 'invalid JSON: can not unmarshal "\\"x\\""'],
  [{ nonsense: 1 }, 10_025, 'invalid JSON: json: unknown field "nonsense"'],
];

test.each(invalid)("%j is refused with %i: %s", (config, err_code, description) => {
  expect(create({ ack_policy: "explicit", ...config })).toMatchObject({ error: { err_code, description } });
});

test.each([
  [{ ack_policy: "none" }, 10_084],
  [{ ack_policy: "all" }, 10_098],
  [{ ack_policy: "explicit", deliver_policy: "new" }, 10_101],
  [{ ack_policy: "explicit" }, 10_099],
  [{ ack_policy: "explicit", filter_subject: "S.a" }, 10_100],
])("beside an unfiltered consumer a work queue refuses %j with %i", (config, err_code) => {
  const stage = new Stage();
  stage.stream("S", { retention: "workqueue" });
  stage.consumer("S", { durable_name: "A" });
  expect(stage.api("CONSUMER.CREATE.S.C", { stream_name: "S", config })).toMatchObject({ error: { err_code } });
});

test.each([
  ["CONSUMER.CREATE.S.C", { stream_name: "T", config: {} }, 10_056],
  ["CONSUMER.CREATE.S.a/b", { stream_name: "S", config: {} }, 10_127],
  ["CONSUMER.CREATE.S", { stream_name: "S", config: { durable_name: "C" } }, 10_020],
  ["CONSUMER.CREATE.S.C", { stream_name: "S", config: { durable_name: "D" } }, 10_017],
  ["CONSUMER.DURABLE.CREATE.S.C", { stream_name: "S", config: {} }, 10_018],
  ["CONSUMER.CREATE.S.C.S.a", { stream_name: "S", config: { filter_subject: "S.b" } }, 10_131],
  ["CONSUMER.CREATE.S.C.S.a", { stream_name: "S", config: { filter_subjects: ["S.a"] } }, 10_137],
  ["CONSUMER.CREATE.N.C", { stream_name: "N", config: {} }, 10_059],
  ["CONSUMER.CREATE.S.C", { stream_name: "S", config: {}, action: "update" }, 10_149],
])("%s with %j is refused with %i", (subject, request, err_code) => {
  const stage = new Stage();
  stage.stream("S");
  expect(stage.api(subject, request)).toMatchObject({ error: { err_code } });
});

test("creating the same consumer again is no change, creating another under its name is refused", () => {
  const stage = new Stage();
  stage.stream("S");
  const request = { stream_name: "S", config: { durable_name: "C", ack_policy: "explicit" }, action: "create" };
  stage.api("CONSUMER.CREATE.S.C", request);
  expect(stage.api("CONSUMER.CREATE.S.C", request)).toMatchObject({ name: "C" });
  const other = { ...request, config: { ...request.config, description: "other" } };
  expect(stage.api("CONSUMER.CREATE.S.C", other)).toMatchObject({ error: { err_code: 10_148 } });
});

test.each([
  [{ deliver_policy: "new" }, "deliver policy can not be updated"],
  [{ ack_policy: "all" }, "ack policy can not be updated"],
  [{ mem_storage: true }, "storage type can not be updated"],
  [{ max_waiting: 7 }, "max waiting can not be updated"],
  [{ deliver_subject: "d" }, "can not update pull consumer to push based"],
])("an update with %j is refused: %s", (change, description) => {
  const stage = new Stage();
  stage.stream("S");
  stage.consumer("S", { durable_name: "C" });
  expect(stage.consumer("S", { durable_name: "C", ...change })).toMatchObject({ error: { err_code: 10_012, description } });
});

test("a filter may be updated, and what is pending is counted anew", () => {
  const stage = new Stage();
  stage.stream("S");
  stage.publish("S.a");
  stage.publish("S.b");
  stage.consumer("S", { durable_name: "C" });
  expect(stage.consumer("S", { durable_name: "C", filter_subject: "S.b" })).toMatchObject({ num_pending: 1 });
});

test("64-bit settings come back digit by digit", () => {
  const stage = new Stage();
  stage.stream("S");
  const body = '{"stream_name":"S","config":{"durable_name":"C","ack_policy":"explicit","inactive_threshold":9223372036854775807}}';
  expect(stage.request("$JS.API.CONSUMER.CREATE.S.C", body)).toContain('"inactive_threshold":9223372036854775807');
});

test("names and lists are sorted", () => {
  const stage = new Stage();
  stage.stream("S");
  for (const name of ["b", "c", "a"]) {
    stage.consumer("S", { durable_name: name });
  }
  expect(stage.api("CONSUMER.NAMES.S")).toMatchObject({ total: 3, offset: 0, limit: 1024, consumers: ["a", "b", "c"] });
  expect(stage.api("CONSUMER.LIST.S", { offset: 2 })).toMatchObject({ total: 3, offset: 2, limit: 256, consumers: [{ name: "c" }] });
});

test("what is not supported yet is refused by name", () => {
  expect(create({ ack_policy: "flow_control", deliver_subject: "d" })).toMatchObject({
    error: { err_code: 10_012, description: expect.stringContaining("ack policy flow_control is not supported by this server yet") },
  });
});
