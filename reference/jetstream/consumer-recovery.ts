/**
 * Brings a consumer back after a restart: its definition and state from the last base, then every record since, through the methods
 * that made them. Acknowledgement deadlines begin anew, because the time the server was down is not the client's fault.
 */

import type { RecoveredAsset } from "../store/stream-store.ts";
import { Consumer } from "./consumer.ts";
import { type ConsumerConfig, parseConfig } from "./consumer-config.ts";
import { decodeDefinition } from "./consumer-definition.ts";
import { type Replayed, replayRecord } from "./consumer-record.ts";
import { ConsumerState } from "./consumer-state.ts";
import type { HostStream } from "./seams.ts";

/** Recreates the consumer and attaches it to its stream. */
export function recoverConsumer(host: HostStream, recovered: RecoveredAsset): Consumer {
  const found = replayAsset(recovered, host.context.clock.nowMs());
  const isClamped = clampToStream(found, host);
  const consumer = new Consumer({ host, ...found, asset: recovered.asset });
  host.attach(consumer);
  if (isClamped) {
    // Later records build on the clamped state, so it has to stand among them.
    consumer.core.journal.state(consumer.core.state);
    consumer.core.wake();
  }
  return consumer;
}

export interface ReplayedConsumer {
  readonly name: string;
  readonly createdNs: bigint;
  readonly config: ConsumerConfig;
  readonly state: ConsumerState;
  readonly recordNumber: number;
}

export function replayAsset({ base, records }: RecoveredAsset, sinceMs: number): ReplayedConsumer {
  let known: Omit<ReplayedConsumer, "state" | "recordNumber"> | undefined;
  let state: ConsumerState | undefined;
  let replayed: Replayed = { state: undefined, number: 0 };
  const reader = {
    definition(json: string): ConsumerState {
      const { name, createdNs, config } = decodeDefinition(json);
      known = { name, createdNs, config: parseConfig(config) };
      state ??= new ConsumerState(known.config.ack_policy === "flow_control" ? "all" : known.config.ack_policy);
      return state;
    },
  };
  for (const record of [base, ...records]) {
    replayed = replayRecord(record, { before: replayed, reader, sinceMs });
  }
  if (known === undefined || replayed.state === undefined) {
    throw new Error("a stored consumer has no definition");
  }
  return { ...known, state: replayed.state, recordNumber: replayed.number };
}

/** Messages may have left the stream after the last record, and a stream may have lost its end to damage. */
function clampToStream({ config, state }: ReplayedConsumer, host: HostStream): boolean {
  let isClamped = false;
  const { firstSequence, lastSequence } = host.messages.state;
  for (const sequence of state.pending.sequences()) {
    if (!host.messages.has(sequence)) {
      state.acknowledge(sequence);
      isClamped = true;
    }
  }
  for (const sequence of state.redeliveries.keys()) {
    if (sequence < firstSequence) {
      state.redeliveries.delete(sequence);
      isClamped = true;
    }
  }
  if (state.delivered.stream > lastSequence && !waitsForTheFuture(state, config)) {
    state.rewind(lastSequence);
    isClamped = true;
  }
  return isClamped;
}

/**
 * A consumer that was created or reset to begin behind the end of the stream has lost nothing. Other deliver policies never begin there
 * (nor may they be reset), so with them the end of the stream is gone.
 */
function waitsForTheFuture({ delivered }: ConsumerState, { deliver_policy }: ConsumerConfig): boolean {
  return delivered.consumer === 0 && (deliver_policy === "by_start_sequence" || deliver_policy === "all");
}
