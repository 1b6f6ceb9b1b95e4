/** Priority groups (ADR-42): what a consumer with one takes, and which of the waiting requests it serves. */
import { creation } from "./consumer-create-scenarios.contract.ts";
import { type Pull, type Scenario, type Session, second } from "./consumer-session.contract.ts";

const overflow = { priority_policy: "overflow", priority_groups: ["g"] };
const prioritized = { priority_policy: "prioritized", priority_groups: ["g"] };

/** A request of this group that waits for as long as the script takes. */
const ask = (batch: number, more: Record<string, unknown> = {}): Record<string, unknown> => ({
  batch,
  expires: 9 * second,
  group: "g",
  ...more,
});

function refusals(config: Record<string, unknown>): Scenario[] {
  const requests: readonly unknown[] = [
    "",
    "1",
    { batch: 1, expires: second },
    ask(1, { group: "other" }),
    ask(1, { priority: 12 }),
    ask(1, { priority: -1 }),
    ask(1, { id: "x" }),
    ask(1, { group: "other", id: "x" }),
    ask(1, { min_pending: 1 }),
    ask(1, { min_ack_pending: -1 }),
    ask(1, { priority: 3 }),
  ];
  return requests.map((request) => ({
    name: `priority: ${JSON.stringify(config)} is asked ${JSON.stringify(request)}`,
    async run(session) {
      await session.begin(2);
      await session.create(config);
      return (await session.receive(request, 1)).shown();
    },
  }));
}

/** Requests first, then messages one by one; what each request got, and what the consumer says. */
function served(
  name: string,
  { config, messages, requests }: { config: Record<string, unknown>; messages: number; requests: readonly Record<string, unknown>[] },
  act: (session: Session, pulls: readonly Pull[]) => Promise<unknown> = () => Promise.resolve(),
): Scenario {
  return {
    name: `priority: ${name}`,
    async run(session) {
      await session.begin(0);
      await session.create(config);
      const pulls: Pull[] = [];
      for (const request of requests) {
        pulls.push(session.pull(request));
        await session.flush();
      }
      for (let index = 1; index <= messages; index += 1) {
        await session.publish("x", `m${index}`);
        await session.flush();
      }
      const result = await act(session, pulls);
      await session.flush();
      return { result, pulls: pulls.map((pull) => pull.shown()), info: await session.info() };
    },
  };
}

const pinned = { priority_policy: "pinned_client", priority_groups: ["g"] };
const idOf = (pull: Pull | undefined): string => pull?.messages.at(-1)?.headers?.get("Nats-Pin-Id") ?? "";

const pinning: readonly Scenario[] = [
  creation("pinned_client", pinned),
  creation("pinned_client with a timeout", { ...pinned, priority_timeout: 7 * second }),
  ...refusals(pinned),
  served(
    "the first that is served is pinned, the others wait",
    { config: pinned, messages: 0, requests: [ask(2), ask(5)] },
    async (session, [first]) => {
      const advisories = session.advisories("PINNED");
      await session.flush();
      await session.publish("x", "a");
      await first?.have(1);
      await session.publish("x", "b");
      await first?.have(2);
      await advisories.have(1);
      return [advisories.events(), await session.info()];
    },
  ),
  served(
    "the pinned client goes on with its id, any other id is refused",
    { config: pinned, messages: 1, requests: [ask(1), ask(5)] },
    async (session, [first]) => {
      await first?.have(1);
      const wrong = await session.receive(ask(1, { id: "wrong" }), 1);
      const again = session.pull(ask(1, { id: idOf(first) }));
      await session.flush();
      await session.publish("x", "next");
      await again.have(1);
      return [wrong.shown(), again.shown()];
    },
  ),
  served(
    "after UNPIN the next one is pinned, and the old id is refused",
    { config: pinned, messages: 1, requests: [ask(1), ask(5)] },
    async (session, [first, second]) => {
      await first?.have(1);
      const advisories = session.advisories("UNPINNED");
      const waiting = session.pull(ask(3, { id: idOf(first) }));
      await session.flush();
      const answer = await session.api(`CONSUMER.UNPIN.${session.stream}.C`, { group: "g" });
      await session.publish("x", "next");
      await second?.have(1);
      await advisories.have(1);
      const late = await session.receive(ask(1, { id: idOf(first) }), 1);
      await session.publish("x", "more");
      await second?.have(2);
      await waiting.have(1);
      return [answer, advisories.events(), late.shown(), waiting.shown()];
    },
  ),
  served(
    "a silent client loses its pin",
    { config: { ...pinned, priority_timeout: 0.5 * second }, messages: 1, requests: [ask(1), ask(5)] },
    async (session, [first, second]) => {
      const advisories = session.advisories("UNPINNED");
      await first?.have(1);
      await advisories.have(1);
      await session.publish("x", "next");
      await second?.have(1);
      return advisories.events();
    },
  ),
  {
    name: "priority: requests without JSON are pinned too",
    async run(session) {
      await session.begin(3);
      await session.create(pinned);
      const first = await session.receive("1", 1);
      const second = session.pull("1");
      await session.flush();
      const third = await session.receive(ask(1, { id: idOf(first) }), 1);
      return [first.shown(), second.shown(), third.shown(), await session.info()];
    },
  },
];

export const priorities: readonly Scenario[] = [
  ...pinning,
  creation("overflow", overflow),
  creation("prioritized", prioritized),
  creation("two groups", { priority_policy: "prioritized", priority_groups: ["a", "b"] }),
  creation("a timeout with overflow", { ...overflow, priority_timeout: second }),
  ...refusals(overflow),
  ...refusals(prioritized),
  served("no threshold", { config: overflow, messages: 2, requests: [ask(2)] }, (_session, [pull]) => pull?.have(2) ?? Promise.resolve()),
  served("min_pending is not reached", { config: overflow, messages: 2, requests: [ask(5, { min_pending: 3 })] }),
  served("min_pending is reached", { config: overflow, messages: 4, requests: [ask(5, { min_pending: 3 })] }, async (_session, [pull]) =>
    pull?.have(2),
  ),
  served(
    "min_ack_pending is reached",
    { config: overflow, messages: 0, requests: [ask(2), ask(5, { min_ack_pending: 2 })] },
    async (session, [first, second]) => {
      await session.publish("x", "a");
      await first?.have(1);
      await session.publish("x", "b");
      await first?.have(2);
      await session.publish("x", "c");
      await second?.have(1);
    },
  ),
  served(
    "either threshold is enough",
    { config: overflow, messages: 2, requests: [ask(5, { min_pending: 100, min_ack_pending: 1 }), ask(1)] },
    async (_session, [first, second]) => {
      await second?.have(1);
      await first?.have(1);
    },
  ),
  served(
    "whoever is not served lets others pass",
    { config: overflow, messages: 3, requests: [ask(5, { min_pending: 50 }), ask(3)] },
    async (_session, [, second]) => second?.have(3),
  ),
  served(
    "the best priority first, taking turns within one",
    {
      config: prioritized,
      messages: 7,
      requests: [ask(2, { priority: 5 }), ask(2, { priority: 1 }), ask(2, { priority: 1 }), ask(1, { priority: 0 })],
    },
    async (_session, pulls) => {
      for (const [index, count] of [2, 2, 2, 1].entries()) {
        await pulls[index]?.have(count);
      }
    },
  ),
  {
    name: "priority: what may change",
    async run(session) {
      await session.begin(1);
      return [
        await session.create({}),
        await session.create(overflow),
        await session.create({ ...overflow, priority_groups: ["h"] }),
        await session.create(prioritized),
        await session.create({}),
      ];
    },
  },
  {
    name: "priority: nobody is pinned",
    async run(session) {
      await session.begin(1);
      await session.create(overflow);
      return [
        await session.api(`CONSUMER.UNPIN.${session.stream}.C`, { group: "g" }),
        await session.api(`CONSUMER.UNPIN.${session.stream}.C`, { group: "h" }),
      ];
    },
  },
];
