/** Single requests about consumers, most of them wrong in one way. `$` stands for the stream. */
import type { Scenario, Session } from "./consumer-session.contract.ts";

const asked: readonly (readonly [string, unknown?])[] = [
  ["CONSUMER.INFO.$.none"],
  ["CONSUMER.INFO.none.C"],
  ["CONSUMER.DELETE.$.none"],
  ["CONSUMER.DELETE.$.C", { force: true }],
  ["CONSUMER.NAMES.$"],
  ["CONSUMER.NAMES.none"],
  ["CONSUMER.NAMES.$", { offset: 5 }],
  ["CONSUMER.NAMES.$", { offset: -5 }],
  ["CONSUMER.NAMES.$", { nonsense: 1 }],
  ["CONSUMER.NAMES.$", "nonsense"],
  ["CONSUMER.LIST.$"],
  ["CONSUMER.LIST.none"],
  ["CONSUMER.PAUSE.$.none"],
  ["CONSUMER.PAUSE.$.C", { pause_until: "tomorrow" }],
  ["CONSUMER.PAUSE.$.C", { pause_until: "2000-01-01T00:00:00Z" }],
  ["CONSUMER.UNPIN.$.C", ""],
  ["CONSUMER.UNPIN.$.C", {}],
  ["CONSUMER.UNPIN.$.C", { group: "a b" }],
  ["CONSUMER.UNPIN.$.C", { group: "a" }],
  ["CONSUMER.UNPIN.$.none", { group: "a" }],
  ["CONSUMER.RESET.$.C", { seq: 2 }],
  ["CONSUMER.RESET.$.C", "{"],
  ["CONSUMER.CREATE.$", { stream_name: "$", config: { durable_name: "D" } }],
  ["CONSUMER.CREATE.$.D", { stream_name: "other", config: {} }],
  ["CONSUMER.CREATE.$.a/b", { stream_name: "$", config: {} }],
  ["CONSUMER.CREATE.$.D.a.b", { stream_name: "$", config: { filter_subject: "a.c" } }],
  ["CONSUMER.CREATE.$.D.a.b", { stream_name: "$", config: { filter_subjects: ["a.b"] } }],
  ["CONSUMER.CREATE.$.D.a.b", { stream_name: "$", config: { filter_subject: "a.b" } }],
  ["CONSUMER.DURABLE.CREATE.$.D", { stream_name: "$", config: {} }],
  ["CONSUMER.DURABLE.CREATE.$.D", { stream_name: "$", config: { durable_name: "E" } }],
  ["CONSUMER.DURABLE.CREATE.$.D", { stream_name: "$", config: { durable_name: "D" } }],
  ["CONSUMER.CREATE.none.D", { stream_name: "none", config: {} }],
  ["CONSUMER.CREATE.$.D", ""],
  ["CONSUMER.CREATE.$.D", "[]"],
];

export const requests: readonly Scenario[] = asked.map(([subject, body]) => ({
  name: `request: ${subject} ${JSON.stringify(body)}`,
  async run(session: Session) {
    await session.begin(3);
    await session.create({});
    const named = JSON.stringify(body)?.replaceAll('"$"', JSON.stringify(session.stream));
    return session.api(subject.replace("$", session.stream), typeof body === "string" ? body : named);
  },
}));
