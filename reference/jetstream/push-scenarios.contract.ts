/** Push delivery: who starts and stops it, what is delivered, heartbeats, flow control, and the end of idle consumers. */
import type { Msg } from "@nats-io/transport-node";
import { type Pull, type Scenario, type Session, second } from "./consumer-session.contract.ts";

interface PushSetting {
  readonly messages: number;
  readonly config?: Record<string, unknown>;
  readonly stream?: Record<string, unknown>;
  /** So many messages and status lines are waited for. */
  readonly count: number;
  /** So many are compared: heartbeats go on for as long as the rest of the script takes. */
  readonly shown?: number;
}

/** Subscribes, creates a push consumer on `messages` messages, then does what `act` says. */
function pushed(
  name: string,
  { messages, config = {}, stream = {}, count, shown }: PushSetting,
  act: (session: Session, bound: Pull) => Promise<unknown> = () => Promise.resolve(),
): Scenario {
  return {
    name: `push: ${name}`,
    async run(session) {
      await session.begin(messages, stream);
      const bound = await session.bind();
      const created = await session.createPush(config);
      await bound.have(count);
      const result = await act(session, bound);
      await session.flush();
      return { created, received: bound.shown().slice(0, shown), result, info: await session.info() };
    },
  };
}

const isBound = (info: Record<string, unknown>): boolean => info["push_bound"] === true;
const isUnbound = (info: Record<string, unknown>): boolean => info["push_bound"] === undefined;
/** After the last permitted delivery the message is given up a moment later. */
const nothingPending = (session: Session): Promise<unknown> => session.infoWhen(({ num_ack_pending }) => num_ack_pending === 0);
const isGone = (info: Record<string, unknown>): boolean => info["error"] !== undefined;

const delivering: readonly Scenario[] = [
  pushed("what is there and what comes", { messages: 3, count: 3 }, async (session, bound) => {
    await session.publish("odd", "later");
    await bound.have(4);
    return [await session.ack(bound.messages[1]), await session.ack(bound.messages[0], "+ACK")];
  }),
  pushed("ack none", { messages: 3, config: { ack_policy: "none" }, count: 3 }, (session, bound) => session.ack(bound.messages[0])),
  pushed("ack all", { messages: 3, config: { ack_policy: "all" }, count: 3 }, (session, bound) => session.ack(bound.messages[1])),
  pushed("headers only", { messages: 2, config: { headers_only: true }, count: 2 }),
  pushed("a filter", { messages: 5, config: { filter_subject: "*.even" }, count: 2 }),
  pushed("new", { messages: 3, config: { deliver_policy: "new" }, count: 0 }, async (session, bound) => {
    await session.publish("odd", "new");
    await bound.have(1);
  }),
  pushed("last per subject", { messages: 5, config: { deliver_policy: "last_per_subject", filter_subject: "*.*" }, count: 2 }),
  pushed("the original pace", { messages: 3, config: { replay_policy: "original" }, count: 3 }),
  pushed("max_ack_pending", { messages: 5, config: { max_ack_pending: 2 }, count: 2 }, async (session, bound) => {
    const blocked = await session.info();
    await session.ack(bound.messages[0]);
    await bound.have(3);
    await session.ack(bound.messages[1]);
    await session.ack(bound.messages[2]);
    await bound.have(5);
    return blocked;
  }),
  pushed("a refusal comes again", { messages: 2, count: 2 }, async (session, bound) => {
    await session.ack(bound.messages[0], "-NAK");
    await bound.have(3);
  }),
  pushed("what is overdue comes again", { messages: 2, config: { ack_wait: 0.3 * second, max_deliver: 2 }, count: 4 }, nothingPending),
  pushed(
    "a redelivery schedule",
    { messages: 1, config: { backoff: [0.2 * second, 0.3 * second], max_deliver: 3 }, count: 3 },
    nothingPending,
  ),
  pushed("interest retention", { messages: 0, stream: { retention: "interest" }, count: 0 }, async (session, bound) => {
    for (const [index, payload] of ["a", "b", "c"].entries()) {
      await session.publish("odd", payload);
      // One by one: a server may deliver the first when the second is stored already, and count it as pending.
      await bound.have(index + 1);
    }
    await session.ack(bound.messages[1]);
    return session.streamWith(2);
  }),
  pushed("a work queue", { messages: 3, stream: { retention: "workqueue" }, count: 3 }, async (session, bound) => {
    await session.ack(bound.messages[0]);
    return session.streamWith(2);
  }),
  pushed("a pull request", { messages: 1, count: 1 }, async (session, bound) => {
    const refused = await session.receive({ batch: 1, expires: second }, 1);
    return [refused.shown(), await session.ackAndPull(bound.messages[0], "+NXT", 1)];
  }),
  pushed("a reset", { messages: 2, count: 2 }, async (session, bound) => {
    const answer = await session.api(`CONSUMER.RESET.${session.stream}.C`);
    await bound.have(4);
    return answer;
  }),
  {
    name: "push: a pause",
    async run(session) {
      await session.begin(1);
      const bound = await session.bind();
      await session.createPush();
      await bound.have(1);
      const pause_until = new Date(Date.now() + 60_000).toISOString();
      const paused = await session.api(`CONSUMER.PAUSE.${session.stream}.C`, { pause_until });
      await session.publish("odd", "paused");
      const meanwhile = [bound.messages.length, await session.info()];
      const resumed = await session.api(`CONSUMER.PAUSE.${session.stream}.C`, {});
      // The official server goes on with the next message only.
      await session.publish("odd", "resumed");
      await bound.have(3);
      return { paused, meanwhile, resumed, received: bound.messages.map((message) => message.string()), info: await session.info() };
    },
  },
  pushed("deletion", { messages: 1, count: 1 }, (session) => session.api(`CONSUMER.DELETE.${session.stream}.C`)),
];

const binding: readonly Scenario[] = [
  pushed("leaving and coming back", { messages: 2, count: 2 }, async (session, bound) => {
    bound.leave();
    const left = await session.infoWhen(isUnbound);
    await session.publish("odd", "meanwhile");
    const meanwhile = await session.info();
    const again = await session.bind();
    await again.have(1);
    return { left, meanwhile, again: again.shown() };
  }),
  pushed("a redelivery waits for somebody", { messages: 1, config: { ack_wait: second }, count: 1 }, async (session, bound) => {
    bound.leave();
    await session.infoWhen(isUnbound);
    const again = await session.bind();
    await again.have(1);
    return again.shown();
  }),
  {
    name: "push: a wildcard subscription starts nothing, but hears",
    async run(session) {
      await session.begin(2);
      const around = await session.bind({ pattern: `to.${session.stream}.>` });
      const created = await session.createPush();
      const bound = await session.bind();
      await around.have(2);
      await bound.have(2);
      return { created, around: around.shown(), bound: bound.shown(), info: await session.infoWhen(isBound) };
    },
  },
  {
    name: "push: a member of a queue does not start one without a group",
    async run(session) {
      await session.begin(2);
      const member = await session.bind({ queue: "workers" });
      const created = await session.createPush();
      const bound = await session.bind();
      await member.have(2);
      await bound.have(2);
      return { created, member: member.shown(), bound: bound.shown() };
    },
  },
  {
    name: "push: only members of its queue start a deliver group",
    async run(session) {
      await session.begin(2);
      const [plain, other] = [await session.bind(), await session.bind({ queue: "others" })];
      const created = await session.createPush({ deliver_group: "workers" });
      const member = await session.bind({ queue: "workers" });
      for (const each of [plain, other, member]) {
        await each.have(2);
      }
      member.leave();
      return { created, member: member.shown(), plain: plain.shown(), left: await session.infoWhen(isUnbound) };
    },
  },
  {
    name: "push: members of a deliver group share the messages",
    async run(session) {
      await session.begin(40);
      const members = [await session.bind({ queue: "workers" }), await session.bind({ queue: "workers" })];
      await session.createPush({ deliver_group: "workers" });
      const info = await session.infoWhen(({ num_pending }) => num_pending === 0);
      const shares = () => members.map(({ messages }) => messages.length);
      const deadline = Date.now() + 10_000;
      while (shares().reduce((sum, share) => sum + share, 0) < 40 && Date.now() < deadline) {
        await session.flush();
      }
      return { info, total: shares().reduce((sum, share) => sum + share, 0), isShared: shares().every((share) => share > 0) };
    },
  },
  pushed("a new deliver subject gets what is pending", { messages: 3, count: 3 }, async (session, bound) => {
    await session.ack(bound.messages[1]);
    bound.leave();
    await session.infoWhen(isUnbound);
    const elsewhere = await session.bind({ pattern: `to.${session.stream}.there` });
    await session.createPush({ deliver_subject: `to.${session.stream}.there` });
    await elsewhere.have(2);
    return elsewhere.shown();
  }),
  {
    name: "push: into another stream",
    async run(session) {
      await session.begin(2);
      const name = `${session.stream}COPY`;
      await session.api(`STREAM.CREATE.${name}`, { name, subjects: [session.target], storage: "memory" });
      const created = await session.createPush();
      await session.infoWhen(({ num_pending }) => num_pending === 0);
      return { created, copy: await session.api(`STREAM.INFO.${name}`, { subjects_filter: ">" }), info: await session.info() };
    },
  },
  {
    name: "push: a consumer that nobody is bound to is deleted after its threshold",
    async run(session) {
      await session.begin(1);
      const bound = await session.bind();
      await session.createPush({ inactive_threshold: 0.2 * second });
      await bound.have(1);
      bound.leave();
      return session.infoWhen(isGone);
    },
  },
  {
    name: "push: an ephemeral consumer that nobody is ever bound to is deleted",
    async run(session) {
      await session.begin(1);
      await session.createPush({ durable_name: "", name: "C", inactive_threshold: 0.2 * second });
      return session.infoWhen(isGone);
    },
  },
];

/** Runs of messages counted, requests of flow control as "FC", heartbeats of a stalled consumer as "stalled"; other heartbeats are left out. */
function rhythm(messages: readonly Msg[]): string[] {
  const runs: { kind: string; count: number }[] = [];
  for (const message of messages) {
    const kind = kindOf(message);
    const last = runs.at(-1);
    if (last !== undefined && last.kind === kind) {
      last.count += 1;
    } else if (kind !== undefined) {
      runs.push({ kind, count: 1 });
    }
  }
  return runs.map(({ kind, count }) => (kind === "message" ? `${count} messages` : kind));
}

function kindOf({ headers }: Msg): string | undefined {
  if (headers === undefined || headers.code === 0) {
    return "message";
  }
  if (headers.description === "FlowControl Request") {
    return "FC";
  }
  return headers.get("Nats-Consumer-Stalled") === "" ? undefined : "stalled";
}

const pacing: readonly Scenario[] = [
  pushed("heartbeats", { messages: 1, config: { idle_heartbeat: 0.4 * second }, count: 2, shown: 2 }),
  pushed(
    "heartbeats after a redelivery",
    { messages: 1, config: { idle_heartbeat: 1.5 * second }, count: 1, shown: 3 },
    async (session, bound) => {
      await session.ack(bound.messages[0], "-NAK");
      await bound.have(3);
    },
  ),
  {
    name: "push: heartbeats go on while it is paused",
    async run(session) {
      await session.begin(1);
      const bound = await session.bind();
      await session.createPush({ idle_heartbeat: 0.2 * second, pause_until: new Date(Date.now() + 60_000).toISOString() });
      await bound.have(2);
      return bound.shown().slice(0, 2);
    },
  },
  {
    name: "push: no heartbeat before somebody is bound",
    async run(session) {
      await session.begin(1);
      const around = await session.bind({ pattern: `to.${session.stream}.*` });
      await session.createPush({ idle_heartbeat: 0.1 * second, deliver_policy: "new" });
      // An absence has no condition to wait for: three heartbeats long nothing may come.
      await new Promise((resolve) => setTimeout(resolve, 350));
      const before = around.messages.length;
      const bound = await session.bind();
      await bound.have(1);
      return { before, first: bound.shown()[0] };
    },
  },
  {
    name: "push: flow control asks, stalls, and goes on",
    async run(session) {
      await session.begin(0);
      const payload = new Uint8Array(1000);
      const total = 6000;
      let missing = total;
      for (let index = 0; index < total; index += 1) {
        session.send(`${session.stream}.x`, payload);
      }
      await session.flush();
      const bound = await session.bind();
      await session.createPush({ ack_policy: "none", flow_control: true, idle_heartbeat: second });
      const rhythms: string[][] = [];
      for (let answers = 0; answers < 2; answers += 1) {
        while (!rhythm(bound.messages).includes("stalled")) {
          await bound.have(bound.messages.length + 1);
        }
        rhythms.push(rhythm(bound.messages));
        const request = bound.messages.findLast(({ reply, headers }) => headers?.description === "FlowControl Request" && reply !== "");
        missing -= bound.messages.filter((message) => kindOf(message) === "message").length;
        bound.messages.length = 0;
        session.send(request?.reply ?? "none");
      }
      while (bound.messages.filter((message) => kindOf(message) === "message").length < missing) {
        await bound.have(bound.messages.length + 1);
      }
      return [...rhythms, rhythm(bound.messages)];
    },
  },
  {
    name: "push: an answer that nobody asked for changes nothing",
    async run(session) {
      await session.begin(1);
      const bound = await session.bind();
      await session.createPush({ flow_control: true, idle_heartbeat: 0.3 * second });
      session.send(`$JS.FC.${session.stream}.C.none`);
      await bound.have(2);
      return bound.shown().slice(0, 2);
    },
  },
  {
    name: "push: the rate limit lets a burst of one largest message through",
    async run(session) {
      await session.begin(0, { max_msg_size: 1000 });
      for (let index = 0; index < 6; index += 1) {
        await session.publish("x", "y".repeat(400));
      }
      const bound = await session.bind();
      const startMs = performance.now();
      await session.createPush({ rate_limit_bps: 16_000 });
      await bound.have(6);
      // Six messages of some 480 bytes, 1000 of them at once, the rest at 2000 a second.
      return performance.now() - startMs > 700;
    },
  },
];

export const pushing: readonly Scenario[] = [...delivering, ...binding];
export const pushPacing: readonly Scenario[] = pacing;
