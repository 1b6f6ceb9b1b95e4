/** Creating and updating push consumers: what is filled in, echoed and refused, and in which order. */
import { creation } from "./consumer-create-scenarios.contract.ts";
import { type Scenario, type Session, second } from "./consumer-session.contract.ts";

function pushCreation(name: string, config: Record<string, unknown>, ...rest: Record<string, unknown>[]): Scenario {
  const [request = {}, stream = {}] = rest;
  return creation(`push, ${name}`, { deliver_subject: "nobody.here", ...config }, request, stream);
}

export const pushCreations: readonly Scenario[] = [
  pushCreation("defaults", {}),
  pushCreation("ack none", { ack_policy: "none" }),
  pushCreation("ack all", { ack_policy: "all" }),
  pushCreation("everything it has", {
    deliver_group: "workers",
    idle_heartbeat: 5 * second,
    flow_control: true,
    rate_limit_bps: 1_000_000,
    headers_only: true,
    max_ack_pending: 7,
    backoff: [second, 2 * second],
    max_deliver: 3,
    replay_policy: "original",
    inactive_threshold: 60 * second,
    mem_storage: true,
    metadata: { a: "1" },
  }),
  pushCreation("an ordered consumer", {
    ack_policy: "none",
    max_deliver: 1,
    flow_control: true,
    idle_heartbeat: 5 * second,
    mem_storage: true,
    num_replicas: 1,
    ack_wait: 22 * 3600 * second,
    inactive_threshold: 300 * second,
  }),
  pushCreation("a wildcard", { deliver_subject: "a.*" }),
  pushCreation("an empty token", { deliver_subject: "a..b" }),
  pushCreation("a space", { deliver_subject: "a b" }),
  pushCreation("max_waiting", { max_waiting: 5 }),
  pushCreation("negative max_waiting", { max_waiting: -5 }),
  pushCreation("max_ack_pending without acknowledgements", { ack_policy: "none", max_ack_pending: 5 }),
  pushCreation("a tiny heartbeat", { idle_heartbeat: 99_000_000 }),
  pushCreation("a negative heartbeat", { idle_heartbeat: -1 }),
  pushCreation("flow control without heartbeats", { flow_control: true }),
  pushCreation("flow control and a tiny heartbeat", { flow_control: true, idle_heartbeat: 1 }),
  pushCreation("limits of pull requests", { max_batch: 5, max_expires: second, max_bytes: 100 }),
  pushCreation("tiny expires", { max_expires: 5 }),
  pushCreation("priority groups", { priority_policy: "overflow", priority_groups: ["a"] }),
  pushCreation("a wildcard and max_waiting", { deliver_subject: "a.*", max_waiting: 5 }),
  pushCreation("max_waiting and a tiny heartbeat", { max_waiting: 5, idle_heartbeat: 1 }),
  pushCreation("a tiny heartbeat and a bad filter", { idle_heartbeat: 1, filter_subject: "a..b" }),
  pushCreation("flow control without heartbeats and a bad sample frequency", { flow_control: true, sample_freq: "often" }),
  pushCreation("a durable direct one", { direct: true }),
  pushCreation("work queue, ack none", { ack_policy: "none" }, {}, { retention: "workqueue" }),
  pushCreation("work queue, ack all", { ack_policy: "all" }, {}, { retention: "workqueue" }),
  pushCreation("work queue", {}, {}, { retention: "workqueue" }),
  pushCreation("stream limits with ack none", { ack_policy: "none" }, {}, { consumer_limits: { max_ack_pending: 50 } }),
  pushCreation("stream limits inherited", {}, {}, { consumer_limits: { max_ack_pending: 50, inactive_threshold: 3600 * second } }),
  pushCreation("pedantic", {}, { pedantic: true }),
  creation("a group without a deliver subject", { deliver_group: "workers" }),
  {
    name: "create: push, into its own stream",
    async run(session) {
      await session.begin(1);
      return [
        await session.create({ deliver_subject: `${session.stream}.x` }),
        await session.create({ deliver_subject: `${session.stream}.*` }),
        await session.create({ deliver_subject: session.stream }),
      ];
    },
  },
  {
    name: "create: push, without a name",
    async run(session) {
      await session.begin(1);
      const config = { deliver_subject: session.target, ack_policy: "none" };
      const answer = JSON.stringify(await session.api(`CONSUMER.CREATE.${session.stream}`, { stream_name: session.stream, config }));
      return [answer.replace(/"name":"\w{8}"/, '"name":"?"')];
    },
  },
];

const changes: readonly Record<string, unknown>[] = [
  {},
  { deliver_subject: "elsewhere" },
  { deliver_subject: "" },
  { deliver_subject: "else.*" },
  { deliver_group: "workers" },
  { idle_heartbeat: 2 * second },
  { flow_control: true, idle_heartbeat: second },
  { flow_control: true },
  { rate_limit_bps: 1000 },
  { headers_only: true, ack_wait: 3 * second, max_deliver: 4, max_ack_pending: 9, filter_subject: "none", description: "later" },
  { max_waiting: 5 },
  { replay_policy: "original" },
  { inactive_threshold: 90 * second },
  { deliver_subject: "elsewhere", ack_policy: "all" },
];

/** A new group counts at once here; the official server listens for the old one until it starts again. */
const differsWhenBound = (change: Record<string, unknown>): boolean => "deliver_group" in change;

export const pushUpdates: readonly Scenario[] = changes.flatMap((change) =>
  (differsWhenBound(change) ? [false] : [false, true]).map((isBound) => ({
    name: `update: ${isBound ? "bound" : "unbound"} push ${JSON.stringify(change)}`,
    async run(session: Session) {
      await session.begin(0);
      if (isBound) {
        await session.bind();
      }
      await session.createPush();
      return [await session.createPush(change), await session.createPush({ ...change, description: "created" }), await session.info()];
    },
  })),
);
