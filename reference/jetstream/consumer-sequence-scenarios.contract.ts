/** Consumers of a stream whose sequences lie beyond 2^53: deliveries, acknowledgements, advisories, redelivery and resets. */
import { type Scenario, type Session, second } from "./consumer-session.contract.ts";

const first = 9_007_199_254_740_993n;

function onHighStream(name: string, config: Record<string, unknown>, script: (session: Session) => Promise<unknown>): Scenario {
  return {
    name: `beyond 2^53: ${name}`,
    async run(session) {
      await session.begin(5, { first_seq: first });
      await session.create(config);
      return script(session);
    },
  };
}

export const highSequences: readonly Scenario[] = [
  onHighStream("acknowledge one by one", {}, async (session) => {
    const { messages } = await session.receive({ batch: 3, no_wait: true }, 3);
    const answers = [await session.ack(messages[1]), await session.info(), await session.ack(messages[0]), await session.info()];
    return [await session.ackAndPull(messages[2], "+NXT 2", 2), answers, await session.info()];
  }),
  onHighStream("acknowledge all", { ack_policy: "all" }, async (session) => {
    const { messages } = await session.receive({ batch: 4, no_wait: true }, 4);
    return [await session.ack(messages[2]), await session.info()];
  }),
  onHighStream("refuse, terminate, give up", { ack_wait: second, max_deliver: 2 }, async (session) => {
    const advised = ["MSG_NAKED", "MSG_TERMINATED", "MAX_DELIVERIES"].map((kind) => session.advisories(kind));
    await session.flush();
    const { messages } = await session.receive({ batch: 5, no_wait: true }, 5);
    await session.ack(messages[1], "+TERM why");
    for (const done of [messages[0], messages[3], messages[4]]) {
      await session.ack(done);
    }
    await session.ack(messages[2], "-NAK");
    const again = session.pull({ batch: 9, expires: 9 * second });
    await again.have(1);
    await Promise.all(advised.map((events) => events.have(1)));
    return [again.shown(), advised.map((events) => events.events()), await session.info()];
  }),
  onHighStream("delete what is pending", {}, async (session) => {
    const advised = session.advisories("MSG_TERMINATED");
    await session.flush();
    const pull = await session.receive({ batch: 3, no_wait: true }, 3);
    await session.api(`STREAM.MSG.DELETE.${session.stream}`, { seq: first + 1n });
    await advised.have(1);
    return [pull.shown(), advised.events(), await session.info()];
  }),
  onHighStream("begin at a sequence", { deliver_policy: "by_start_sequence", opt_start_seq: first + 3n }, async (session) => {
    const pull = await session.receive({ batch: 9, no_wait: true }, 3);
    const answers = [await session.info(), await session.api(`CONSUMER.RESET.${session.stream}.C`, { seq: first + 2n })];
    const reset = await session.api(`CONSUMER.RESET.${session.stream}.C`, { seq: first + 4n });
    const again = await session.receive({ batch: 1, no_wait: true }, 1);
    return [pull.shown(), answers, reset, again.shown(), await session.info()];
  }),
  onHighStream("the last of each subject", { deliver_policy: "last_per_subject", filter_subject: "*.*" }, async (session) => {
    const pull = await session.receive({ batch: 9, no_wait: true }, 3);
    return [pull.shown(), await session.info()];
  }),
  onHighStream("purge below what is pending", {}, async (session) => {
    await session.receive({ batch: 3, no_wait: true }, 3);
    await session.api(`STREAM.PURGE.${session.stream}`, { seq: first + 2n });
    return session.info();
  }),
  onHighStream("heartbeats of a pull", {}, async (session) => {
    const pull = await session.receive({ batch: 9, expires: 8 * second, idle_heartbeat: second }, 6);
    return pull.shown().slice(0, 6);
  }),
  {
    name: "beyond 2^53: heartbeats of a push",
    async run(session) {
      await session.begin(2, { first_seq: first });
      const bound = await session.bind();
      await session.createPush({ idle_heartbeat: second });
      await bound.have(3);
      return [bound.shown().slice(0, 3), await session.ack(bound.messages[0]), await session.info()];
    },
  },
  {
    name: "beyond 2^53: a work queue empties",
    async run(session) {
      await session.begin(3, { first_seq: first, retention: "workqueue" });
      await session.create({});
      const { messages } = await session.receive({ batch: 3, no_wait: true }, 3);
      await session.ack(messages[1]);
      return session.api(`STREAM.INFO.${session.stream}`, { deleted_details: true });
    },
  },
];
