/** Creating and updating consumers: what is filled in, echoed and refused. */
import { type Scenario, type Session, second } from "./consumer-session.contract.ts";

export function creation(
  name: string,
  config: Record<string, unknown>,
  request: Record<string, unknown> = {},
  stream: Record<string, unknown> = {},
): Scenario {
  return {
    name: `create: ${name}`,
    async run(session) {
      await session.begin(3, stream);
      return session.create(config, request);
    },
  };
}

export const creations: readonly Scenario[] = [
  creation("defaults", {}),
  creation("ack none", { ack_policy: "none" }),
  creation("ack all", { ack_policy: "all", ack_wait: 2 * second }),
  creation("everything a pull consumer has", {
    description: "all of it",
    deliver_policy: "by_start_sequence",
    opt_start_seq: 2,
    backoff: [second, 2 * second],
    max_deliver: 5,
    filter_subjects: ["x.>", "y.*"],
    sample_freq: "50%",
    max_waiting: 9,
    max_ack_pending: -1,
    headers_only: true,
    max_batch: 100,
    max_expires: second,
    max_bytes: 4096,
    inactive_threshold: 60 * second,
    mem_storage: true,
    metadata: { b: "2", a: "1" },
  }),
  creation("a time in another zone", { deliver_policy: "by_start_time", opt_start_time: "2020-01-02T03:04:05.600+02:00" }),
  creation("a future start sequence", { deliver_policy: "by_start_sequence", opt_start_seq: 100 }),
  creation("last", { deliver_policy: "last" }),
  creation("new", { deliver_policy: "new" }),
  creation("the original pace", { replay_policy: "original" }),
  creation("last with a filter without messages", { deliver_policy: "last", filter_subject: "none" }),
  creation("last_per_subject of nothing", { deliver_policy: "last_per_subject", filter_subject: "none" }),
  creation("negative limits", { max_deliver: -7, max_waiting: -1, max_ack_pending: -9, max_batch: -1, max_bytes: -1 }),
  creation("a pedantic negative limit", { max_deliver: -7 }, { pedantic: true }),
  creation("a pedantic backoff", { backoff: [second] }, { pedantic: true }),
  creation("an unknown action", {}, { action: "replace" }),
  creation("an update of nothing", {}, { action: "update" }),
  creation("an unknown field", { colour: "red" }),
  creation("a wrong type", { max_deliver: "three" }),
  creation("a broken policy", { ack_policy: "sometimes" }),
  creation("an unknown priority policy", { priority_policy: "first" }),
  creation("negative ack wait", { ack_wait: -1 }),
  creation("negative backoff", { backoff: [-1] }),
  creation("more backoff than deliveries", { backoff: [1, 2, 3], max_deliver: 2 }),
  creation("tiny expires", { max_expires: 5 }),
  creation("rate limit", { rate_limit_bps: 100 }),
  creation("heartbeat", { idle_heartbeat: second }),
  creation("flow control", { flow_control: true }),
  creation("flow control acknowledgements", { ack_policy: "flow_control" }),
  creation("direct", { direct: true }),
  creation("two kinds of filters", { filter_subject: "a", filter_subjects: ["b"] }),
  creation("an empty filter", { filter_subjects: [""] }),
  creation("an invalid filter", { filter_subject: "a..b" }),
  creation("overlapping filters", { filter_subjects: ["a.b", "a.*"] }),
  creation("partially overlapping filters", { filter_subjects: ["a.*.c", "a.b.*"] }),
  creation("a sample frequency that is none", { sample_freq: "often" }),
  creation("a negative sample frequency", { sample_freq: "-1" }),
  creation("a start sequence too many", { opt_start_seq: 1 }),
  creation("a start time too many", { deliver_policy: "new", opt_start_time: "2020-01-01T00:00:00Z" }),
  creation("a missing start sequence", { deliver_policy: "by_start_sequence" }),
  creation("a missing start time", { deliver_policy: "by_start_time" }),
  creation("sequence and time", { deliver_policy: "by_start_time", opt_start_seq: 1, opt_start_time: "2020-01-01T00:00:00Z" }),
  creation("last_per_subject without filter", { deliver_policy: "last_per_subject" }),
  creation("a group without policy", { priority_groups: ["a"] }),
  creation("a policy without group", { priority_policy: "overflow" }),
  creation("a bad group", { priority_policy: "overflow", priority_groups: ["a b"] }),
  creation("a name that differs", { durable_name: "D" }),
  creation("replicas", { num_replicas: 3 }),
  creation("negative replicas", { num_replicas: -1 }),
  creation("work queue, ack none", { ack_policy: "none" }, {}, { retention: "workqueue" }),
  creation("work queue, ack all", { ack_policy: "all" }, {}, { retention: "workqueue" }),
  creation("work queue, new", { deliver_policy: "new" }, {}, { retention: "workqueue" }),
  creation("stream limits inherited", {}, {}, { consumer_limits: { max_ack_pending: 50, inactive_threshold: 3600 * second } }),
  creation("stream limit exceeded", { max_ack_pending: 51 }, {}, { consumer_limits: { max_ack_pending: 50 } }),
  creation(
    "stream threshold exceeded",
    { inactive_threshold: 90 * second },
    {},
    { consumer_limits: { inactive_threshold: 75.5 * second } },
  ),
];

const changes: readonly Record<string, unknown>[] = [
  { deliver_policy: "new" },
  { mem_storage: true },
  { opt_start_seq: 5 },
  { ack_policy: "none" },
  { replay_policy: "original" },
  { max_waiting: 3 },
  { deliver_subject: "elsewhere" },
  { backoff: [1, 2], max_deliver: 1 },
  { ack_wait: 5 * second, description: "later", max_ack_pending: 7, filter_subject: "none", headers_only: true },
];

export const updates: readonly Scenario[] = changes.map((change) => ({
  name: `update: ${JSON.stringify(change)}`,
  async run(session: Session) {
    await session.begin(3);
    await session.create({});
    return [await session.create(change), await session.create(change, { action: "create" }), await session.info()];
  },
}));
