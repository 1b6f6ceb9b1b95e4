/** A stream's consumer limits changed while it has consumers. */
import { api, create, info, remove, type Step, update } from "./official-steps.contract.ts";

const minute = 60_000_000_000;
const stream = { name: "S", subjects: ["s.>"] } as const;

function consumer(name: string, settings: Readonly<Record<string, unknown>>): Step {
  const config = { durable_name: name, ack_policy: "explicit", ...settings };
  return api(`CONSUMER.CREATE.S.${name}`, { stream_name: "S", config });
}

function limited(consumer_limits: Readonly<Record<string, number>>): Step {
  return update({ ...stream, consumer_limits });
}

export const consumerLimits: readonly Step[] = [
  create(stream),
  consumer("A", { max_ack_pending: 50, inactive_threshold: minute }),
  limited({ max_ack_pending: 49 }),
  limited({ max_ack_pending: 50 }),
  limited({ max_ack_pending: 50, inactive_threshold: minute - 1 }),
  limited({ max_ack_pending: 50, inactive_threshold: minute }),
  info("S"),
  // What is raised or taken away binds nobody.
  limited({ max_ack_pending: 500, inactive_threshold: 2 * minute }),
  consumer("B", { max_ack_pending: 501 }),
  consumer("B", {}),
  limited({ max_ack_pending: 400, inactive_threshold: 2 * minute }),
  limited({}),
  consumer("N", { ack_policy: "none" }),
  limited({ max_ack_pending: 500, inactive_threshold: minute }),
  limited({ max_ack_pending: 500, inactive_threshold: 2 * minute }),
  consumer("D", {}),
  consumer("U", { max_ack_pending: -1 }),
  api("CONSUMER.DELETE.S.B"),
  limited({ max_ack_pending: 100, inactive_threshold: 2 * minute }),
  // Several names come in any order there, so only one is left.
  api("CONSUMER.DELETE.S.D"),
  limited({ max_ack_pending: 1 }),
  info("S"),
  remove("S"),
  create({ ...stream, consumer_limits: { max_ack_pending: 5 } }),
  update({ ...stream, consumer_limits: { max_ack_pending: 5, inactive_threshold: 5 } }),
  consumer("A", {}),
  update({ ...stream, consumer_limits: { max_ack_pending: 5, inactive_threshold: minute } }),
  update({ ...stream, consumer_limits: { max_ack_pending: -5 } }),
  remove("S"),
];
