/** Acknowledgements of every kind, redelivery, and what both do to the floors. */
import type { Msg } from "@nats-io/transport-node";
import { type Pull, type Scenario, type Session, second } from "./consumer-session.contract.ts";

interface BatchSetting {
  readonly messages: number;
  readonly config?: Record<string, unknown>;
  readonly stream?: Record<string, unknown>;
  /** The kind of advisory to listen for from before the first delivery. */
  readonly advised?: string;
}

/** Creates a consumer on `messages` messages, pulls a batch, then does what `act` says. */
function withBatch(
  name: string,
  { messages, config = {}, stream = {}, advised = "NONE" }: BatchSetting,
  act: (session: Session, received: readonly Msg[], advisories: Pull) => Promise<unknown>,
): Scenario {
  return {
    name,
    async run(session) {
      await session.begin(messages, stream);
      await session.create(config);
      const advisories = session.advisories(advised);
      const pull = await session.receive({ batch: messages, expires: 10 * second }, messages);
      const result = await act(session, pull.messages, advisories);
      await session.flush();
      return { received: pull.shown(), result, info: await session.info() };
    },
  };
}

function verb(name: string, word: string): Scenario {
  return withBatch(`acknowledge with ${name}`, { messages: 3 }, (session, [, second]) => session.ack(second, word));
}

const verbs: readonly Scenario[] = [
  verb("nothing", ""),
  verb("+ACK", "+ACK"),
  verb("+OK", "+OK"),
  verb("+ACK and a space", "+ACK "),
  verb("-NAK", "-NAK"),
  verb("-NAK and a delay", "-NAK 300s"),
  verb("-NAK and JSON", '-NAK {"delay":300000000000}'),
  verb("-NAK and nonsense", "-NAKzz"),
  verb("+WPI", "+WPI"),
  verb("+WPI and more", "+WPI now"),
  verb("+TERM", "+TERM"),
  verb("+TERM and a reason", "+TERM  bad "),
  verb("nonsense", "what"),
];

export const acknowledging: readonly Scenario[] = [
  ...verbs,
  withBatch("acknowledge out of order", { messages: 5 }, async (session, [one, two, three, four]) => {
    const infos: unknown[] = [];
    for (const message of [three, one, four, two]) {
      await session.ack(message);
      infos.push(await session.info());
    }
    return infos;
  }),
  withBatch("acknowledge twice", { messages: 2 }, async (session, [one]) => [await session.ack(one), await session.ack(one)]),
  withBatch("acknowledge all", { messages: 5, config: { ack_policy: "all" } }, async (session, [one, , three]) => [
    await session.ack(three),
    await session.ack(one),
    await session.info(),
  ]),
  withBatch("terminate twice", { messages: 2, advised: "MSG_TERMINATED" }, async (session, [one], advisories) => {
    await session.ack(one, "+TERM why");
    await session.ack(one, "+TERM again");
    await advisories.have(2);
    return advisories.events();
  }),
  withBatch("refuse, then receive again", { messages: 3, advised: "MSG_NAKED" }, async (session, [, two], advisories) => {
    await session.ack(two, "-NAK");
    const again = await session.receive({ batch: 1, expires: 5 * second }, 1);
    await advisories.have(1);
    return [again.shown(), advisories.events(), await session.info(), await session.ack(again.messages[0]), await session.info()];
  }),
  withBatch("refuse after acknowledging", { messages: 2 }, async (session, [one]) => [
    await session.ack(one),
    await session.ack(one, "-NAK"),
    await session.info(),
  ]),
  withBatch("acknowledge and pull on", { messages: 2 }, async (session, [one, two]) => {
    await session.publish("odd", "m3");
    await session.publish("even", "m4");
    await session.ack(two);
    return session.ackAndPull(one, "+NXT 2", 2);
  }),
  withBatch("unacknowledged messages come back in order", { messages: 3, config: { ack_wait: second } }, async (session, [, two]) => {
    await session.ack(two);
    const again = await session.receive({ batch: 2, expires: 5 * second }, 2);
    return again.shown();
  }),
  withBatch(
    "one delivery only",
    { messages: 1, config: { ack_wait: second, max_deliver: 1 }, advised: "MAX_DELIVERIES" },
    async (session, _received, advisories) => {
      await advisories.have(1);
      return advisories.events();
    },
  ),
  withBatch(
    "two deliveries at most",
    { messages: 2, config: { ack_wait: second, max_deliver: 2 }, advised: "MAX_DELIVERIES" },
    async (session, [one], advisories) => {
      await session.ack(one);
      const again = session.pull({ batch: 5, expires: 9 * second });
      await again.have(1);
      await advisories.have(1);
      await session.publish("odd", "m3");
      await again.have(2);
      return [again.shown(), advisories.events(), await session.info(), await session.ack(again.messages[1]), await session.info()];
    },
  ),
  withBatch(
    "exhausted, then acknowledged",
    { messages: 2, config: { ack_wait: second, max_deliver: 1 }, advised: "MAX_DELIVERIES" },
    async (session, [one, two], advisories) => {
      await advisories.have(2);
      const before = await session.info();
      return [before, await session.ack(one), await session.info(), await session.ack(two), await session.info()];
    },
  ),
  withBatch("delete a pending message", { messages: 3, advised: "MSG_TERMINATED" }, async (session, _received, advisories) => {
    await session.api(`STREAM.MSG.DELETE.${session.stream}`, { seq: 1 });
    await advisories.have(1);
    return advisories.events();
  }),
  withBatch("purge with pending messages", { messages: 4 }, async (session, [one]) => {
    await session.ack(one);
    return session.api(`STREAM.PURGE.${session.stream}`, { keep: 1 });
  }),
  withBatch("purge everything", { messages: 4 }, (session) => session.api(`STREAM.PURGE.${session.stream}`)),
  withBatch("purge one subject below a filtered consumer", { messages: 4 }, async (session) => {
    await session.publish("odd", "m5");
    await session.create({ filter_subject: `${session.stream}.odd` });
    return [await session.info(), await session.api(`STREAM.PURGE.${session.stream}`, { filter: `${session.stream}.odd` })];
  }),
  withBatch("a work queue empties", { messages: 3, stream: { retention: "workqueue" } }, async (session, [one, , three]) => {
    await session.ack(three);
    await session.ack(one, "+TERM");
    return session.api(`STREAM.INFO.${session.stream}`);
  }),
  withBatch("reset to the floor", { messages: 3 }, async (session, [one]) => {
    await session.ack(one);
    const answer = await session.api(`CONSUMER.RESET.${session.stream}.C`);
    const again = await session.receive({ batch: 2, expires: 5 * second }, 2);
    return [answer, again.shown()];
  }),
];
