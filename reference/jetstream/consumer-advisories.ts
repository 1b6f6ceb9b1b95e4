/** What a consumer tells about itself on `$JS.EVENT.ADVISORY` and `$JS.EVENT.METRIC`. */
import type { ConsumerCore } from "./consumer-core.ts";
import { printJson } from "./json/print.ts";
import { formatTime, zeroTime } from "./json/time.ts";
import { uniqueId } from "./unique-id.ts";

/** The message of one delivery, as advisories name it. */
export interface DeliveryName {
  readonly streamSequence: number;
  readonly consumerSequence: number;
  readonly deliveries: number;
}

export function adviseAction(core: ConsumerCore, action: "create" | "delete"): void {
  const suffix = action === "create" ? "CREATED" : "DELETED";
  advise(core, suffix, "consumer_action", { action });
}

export function adviseNak(core: ConsumerCore, delivery: DeliveryName): void {
  advise(core, "MSG_NAKED", "nak", deliveryFields(core, delivery));
}

export function adviseTerminated(core: ConsumerCore, delivery: DeliveryName, reason: string): void {
  advise(core, "MSG_TERMINATED", "terminated", { ...deliveryFields(core, delivery), reason: reason === "" ? undefined : reason });
}

/** Ours: damage took a message that this consumer may have been waiting for; delivery goes on behind it. */
export function adviseLost(core: ConsumerCore, streamSequence: number): void {
  advise(core, "MSG_LOST", "message_lost", { stream_seq: core.host.sequences.shown(streamSequence) });
}

export function adviseMaxDeliveries(core: ConsumerCore, streamSequence: number, deliveries: number): void {
  advise(core, "MAX_DELIVERIES", "max_deliver", { stream_seq: core.host.sequences.shown(streamSequence), deliveries });
}

export function advisePause(core: ConsumerCore): void {
  const until = core.config.pause_until;
  advise(core, "PAUSE", "consumer_pause", {
    paused: until !== undefined && core.host.context.clock.nowNs() < until,
    pause_until: until === undefined ? zeroTime : formatTime(until),
  });
}

export function advisePinned(core: ConsumerCore, pinnedId: string): void {
  advise(core, "PINNED", "consumer_group_pinned", { ...groupFields(core), pinned_id: pinnedId });
}

export function adviseUnpinned(core: ConsumerCore, reason: "admin" | "timeout"): void {
  advise(core, "UNPINNED", "consumer_group_unpinned", { ...groupFields(core), reason });
}

function groupFields({ config, host }: ConsumerCore): Record<string, unknown> {
  return { account: host.context.account.name, group: config.priority_groups[0] };
}

function deliveryFields(core: ConsumerCore, { streamSequence, consumerSequence, deliveries }: DeliveryName): Record<string, unknown> {
  return { consumer_seq: consumerSequence, stream_seq: core.host.sequences.shown(streamSequence), deliveries };
}

function advise(core: ConsumerCore, kind: string, type: string, fields: Record<string, unknown>): void {
  const { context, name: stream } = core.host;
  context.advise(`CONSUMER.${kind}.${stream}.${core.name}`, `io.nats.jetstream.advisory.v1.${type}`, {
    stream,
    consumer: core.name,
    ...fields,
    domain: context.domain,
  });
}

/** Tells how long an acknowledgement took, for the share of messages that `sample_freq` asks for. */
export function sampleAck(core: ConsumerCore, delivery: DeliveryName): void {
  const frequency = core.settings.sampleFrequency;
  if (frequency <= 0) {
    return;
  }
  const { account, clock, domain, random } = core.host.context;
  const subject = `$JS.EVENT.METRIC.CONSUMER.ACK.${core.host.name}.${core.name}`;
  if ((frequency < 100 && random.below(100) > frequency) || !account.hasInterest(subject)) {
    return;
  }
  const sinceMs = core.state.pending.sinceMsOf(delivery.streamSequence) ?? core.nowMs;
  const metric = {
    type: "io.nats.jetstream.metric.v1.consumer_ack",
    id: uniqueId(random),
    timestamp: formatTime(clock.nowNs()),
    stream: core.host.name,
    consumer: core.name,
    consumer_seq: delivery.consumerSequence,
    stream_seq: core.host.sequences.shown(delivery.streamSequence),
    ack_time: Math.round((core.nowMs - sinceMs) * 1e6),
    deliveries: delivery.deliveries,
    domain,
  };
  account.publish({ subject, payload: new TextEncoder().encode(printJson(metric)), epoch: core.epoch });
}
