/** Pull requests: deliveries, every status line, pause and deletion meanwhile. */
import { type Scenario, second } from "./consumer-session.contract.ts";

function pullOn(
  name: string,
  { messages, config = {}, count }: { messages: number; config?: Record<string, unknown>; count: number },
  request: unknown,
): Scenario {
  return {
    name: `pull: ${name}`,
    async run(session) {
      await session.begin(messages);
      await session.create(config);
      const pull = await session.receive(request, count);
      return { received: pull.shown(), info: await session.info() };
    },
  };
}

export const pulling: readonly Scenario[] = [
  pullOn("one message without a body", { messages: 2, count: 1 }, ""),
  pullOn("a number", { messages: 3, count: 2 }, "2"),
  pullOn("text that is no number", { messages: 3, count: 1 }, "many"),
  pullOn("JSON without a batch", { messages: 3, count: 1 }, {}),
  pullOn("broken JSON", { messages: 1, count: 1 }, '{"batch":'),
  pullOn("JSON of a wrong type", { messages: 1, count: 1 }, { batch: "x" }),
  pullOn("no_wait with nothing", { messages: 0, count: 1 }, { batch: 1, no_wait: true }),
  pullOn("no_wait with less", { messages: 2, count: 3 }, { batch: 5, no_wait: true }),
  pullOn("one-shot", { messages: 2, count: 3 }, { batch: 5, no_wait: true, expires: 5 * second }),
  pullOn("one-shot without messages", { messages: 0, count: 1 }, { batch: 5, no_wait: true, expires: 0.3 * second }),
  pullOn("expiry", { messages: 1, count: 2 }, { batch: 3, expires: 0.3 * second }),
  pullOn("expiry with bytes", { messages: 1, count: 2 }, { batch: 3, expires: 0.3 * second, max_bytes: 1000 }),
  pullOn("a heartbeat too long", { messages: 1, count: 1 }, { batch: 1, expires: second, idle_heartbeat: 0.6 * second }),
  pullOn("heartbeats", { messages: 1, count: 2 }, { batch: 2, expires: 8 * second, idle_heartbeat: 2 * second }),
  pullOn("too few bytes", { messages: 1, count: 1 }, { batch: 1, expires: second, max_bytes: 10 }),
  pullOn("a batch that leaves bytes", { messages: 2, count: 3 }, { batch: 2, expires: second, max_bytes: 10_000 }),
  pullOn("too large a batch", { messages: 1, config: { max_batch: 2 }, count: 1 }, { batch: 3 }),
  pullOn("too long", { messages: 1, config: { max_expires: 1.5 * second }, count: 1 }, { batch: 1, expires: 2 * second }),
  pullOn("too many bytes", { messages: 1, config: { max_bytes: 99 }, count: 1 }, { batch: 1, max_bytes: 100 }),
  pullOn("a pin without pinning", { messages: 1, count: 1 }, { batch: 1, id: "x" }),
  pullOn("thresholds without overflow", { messages: 1, count: 1 }, { batch: 1, min_pending: 1 }),
  pullOn("a priority out of range", { messages: 1, count: 1 }, { batch: 1, priority: 12 }),
  pullOn("headers only", { messages: 1, config: { headers_only: true }, count: 1 }, "1"),
  pullOn("filtered", { messages: 5, config: { filter_subject: "*.even" }, count: 3 }, { batch: 9, no_wait: true }),
  pullOn(
    "last per subject",
    { messages: 5, config: { deliver_policy: "last_per_subject", filter_subject: "*.*" }, count: 3 },
    { batch: 9, no_wait: true },
  ),
  pullOn("last", { messages: 5, config: { deliver_policy: "last" }, count: 2 }, { batch: 9, no_wait: true }),
  pullOn("ack none", { messages: 3, config: { ack_policy: "none" }, count: 4 }, { batch: 9, no_wait: true }),
  pullOn("max_ack_pending", { messages: 3, config: { max_ack_pending: 2 }, count: 3 }, { batch: 9, expires: 0.4 * second }),
  {
    name: "pull: taking turns",
    async run(session) {
      await session.begin(0);
      await session.create({});
      const pulls = [session.pull({ batch: 2, expires: 5 * second }), session.pull({ batch: 2, expires: 5 * second })];
      await session.flush();
      for (const [index, payload] of ["1", "2", "3", "4"].entries()) {
        await session.publish("a", payload);
        // One by one: a server may deliver the first when the second is stored already, and count it as pending.
        await pulls[index % 2]?.have(Math.floor(index / 2) + 1);
      }
      return pulls.map((pull) => pull.shown());
    },
  },
  {
    name: "pull: a full queue",
    async run(session) {
      await session.begin(0);
      await session.create({ max_waiting: 1 });
      session.pull({ batch: 1, expires: 5 * second });
      await session.flush();
      const silent = session.pull({ batch: 1, expires: 5 * second, idle_heartbeat: second });
      const refused = await session.receive({ batch: 1, expires: 5 * second }, 1);
      return [refused.shown(), silent.shown(), await session.info()];
    },
  },
  {
    name: "pull: a consumer is deleted meanwhile",
    async run(session) {
      await session.begin(0);
      await session.create({});
      const pull = session.pull({ batch: 1, expires: 5 * second });
      await session.flush();
      const answer = await session.api(`CONSUMER.DELETE.${session.stream}.C`);
      await pull.have(1);
      const nobody = await session.receive({ batch: 1 }, 1);
      return [answer, pull.shown(), nobody.shown(), await session.info()];
    },
  },
  {
    name: "pull: the stream is deleted meanwhile",
    async run(session) {
      await session.begin(0);
      await session.create({});
      const pull = session.pull({ batch: 1, expires: 5 * second });
      await session.flush();
      await session.api(`STREAM.DELETE.${session.stream}`);
      await pull.have(1);
      return [pull.shown(), await session.info()];
    },
  },
  {
    name: "pause and resume",
    async run(session) {
      await session.begin(1);
      await session.create({});
      const until = new Date(Date.now() + 60_000).toISOString();
      const advisories = session.advisories("PAUSE");
      const paused = await session.api(`CONSUMER.PAUSE.${session.stream}.C`, { pause_until: until });
      const pull = await session.receive({ batch: 1, expires: 0.2 * second }, 1);
      const info = await session.info();
      const resumed = await session.api(`CONSUMER.PAUSE.${session.stream}.C`);
      await advisories.have(2);
      return [paused, pull.shown(), info, resumed, advisories.events(), await session.info()];
    },
  },
];
