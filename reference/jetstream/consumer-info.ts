/** The `ConsumerInfo` of API answers. Reading it ends pull requests that are over. */
import { shownConfig } from "./consumer-config.ts";
import type { ConsumerCore } from "./consumer-core.ts";
import type { Int64 } from "./json/decode.ts";
import { shortest } from "./json/field-types.ts";
import { formatTime, zeroTime } from "./json/time.ts";
import { sweepPulls } from "./pull-service.ts";

export function consumerInfo(core: ConsumerCore, extraMetadata?: Readonly<Record<string, string>>): Record<string, unknown> {
  const { config, host, state } = core;
  const nowNs = host.context.clock.nowNs();
  sweepPulls(core, core.nowMs, { endOfStream: false });
  const pausedUntil = config.pause_until ?? 0n;
  const isPaused = nowNs < pausedUntil;
  return {
    stream_name: host.name,
    name: core.name,
    created: formatTime(core.createdNs),
    config: shownConfig(config, extraMetadata),
    delivered: sequenceInfo(core, state.delivered, activity(core, nowNs, core.lastDeliveryMs)),
    ack_floor: sequenceInfo(core, state.reportedFloor, activity(core, nowNs, core.lastAckMs)),
    num_ack_pending: state.pending.size,
    // With a single permitted delivery there are no redeliveries to speak of, though the state keeps track of the messages.
    num_redelivered: config.max_deliver === 1 ? 0 : state.redeliveries.size,
    num_waiting: core.pulls.length,
    num_pending: state.nextSequence > host.messages.state.lastSequence ? 0 : core.toDeliver,
    push_bound: core.push?.isBound === true ? true : undefined,
    paused: isPaused ? true : undefined,
    pause_remaining: isPaused ? pausedUntil - nowNs : undefined,
    ts: formatTime(nowNs),
    priority_groups: config.priority_policy === "none" ? undefined : [groupInfo(core)],
  };
}

/** Only the first group is kept track of, here as on the official server. */
function groupInfo({ config, pin }: ConsumerCore): Record<string, unknown> {
  const group = config.priority_groups[0];
  return pin.id === "" ? { group, pinned_ts: zeroTime } : { group, pinned_client_id: pin.id, pinned_ts: formatTime(pin.sinceNs) };
}

function sequenceInfo(
  core: ConsumerCore,
  pair: { consumer: number; stream: number },
  lastActive: string | undefined,
): Record<string, unknown> {
  return { consumer_seq: pair.consumer, stream_seq: shownPosition(core, pair), last_active: lastActive };
}

/** A consumer may ask to begin where no sequence of the stream can be: until it does, it shows what it asked for. */
function shownPosition({ config, host }: ConsumerCore, pair: { consumer: number; stream: number }): Int64 {
  const { deliver_policy, opt_start_seq } = config;
  const isAsBegun =
    pair.consumer === 0 && deliver_policy === "by_start_sequence" && pair.stream === host.sequences.given(opt_start_seq) - 1;
  return isAsBegun ? shortest(BigInt(opt_start_seq) - 1n) : host.sequences.shown(pair.stream);
}

function activity(core: ConsumerCore, nowNs: bigint, atMs: number): string | undefined {
  return atMs === Number.NEGATIVE_INFINITY ? undefined : formatTime(nowNs - BigInt(Math.max(Math.round((core.nowMs - atMs) * 1e6), 0)));
}
