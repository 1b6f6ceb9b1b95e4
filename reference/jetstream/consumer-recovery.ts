/**
 * Brings a consumer back after a restart: its definition and state from the last base, then every record since, through the methods
 * that made them. Acknowledgement deadlines begin anew, because the time the server was down is not the client's fault.
 */

import type { RecoveredAsset } from "../store/stream-store.ts";
import { Consumer } from "./consumer.ts";
import { type ConsumerConfig, parseConfig } from "./consumer-config.ts";
import { decodeDefinition } from "./consumer-definition.ts";
import { replayRecord } from "./consumer-record.ts";
import { ConsumerState } from "./consumer-state.ts";
import type { HostStream } from "./seams.ts";

/** Recreates the consumer and attaches it to its stream. */
export function recoverConsumer(host: HostStream, recovered: RecoveredAsset): Consumer {
  const found = replayAsset(recovered, host.context.clock.nowMs());
  clampToStream(found.state, host);
  const consumer = new Consumer({ host, ...found, asset: recovered.asset });
  host.attach(consumer);
  return consumer;
}

export interface ReplayedConsumer {
  readonly name: string;
  readonly createdNs: bigint;
  readonly config: ConsumerConfig;
  readonly state: ConsumerState;
}

export function replayAsset({ base, records }: RecoveredAsset, sinceMs: number): ReplayedConsumer {
  let known: Omit<ReplayedConsumer, "state"> | undefined;
  let state: ConsumerState | undefined;
  const reader = {
    definition(json: string): ConsumerState {
      const { name, createdNs, config } = decodeDefinition(json);
      known = { name, createdNs, config: parseConfig(config) };
      state ??= new ConsumerState(known.config.ack_policy === "flow_control" ? "all" : known.config.ack_policy);
      return state;
    },
  };
  for (const record of [base, ...records]) {
    state = replayRecord(record, { state, reader, sinceMs });
  }
  if (known === undefined || state === undefined) {
    throw new Error("a stored consumer has no definition");
  }
  return { ...known, state };
}

/** Messages may have left the stream after the last record, and a stream may have lost its end to damage. */
function clampToStream(state: ConsumerState, host: HostStream): void {
  const { firstSequence, lastSequence } = host.messages.state;
  for (const sequence of state.pending.sequences()) {
    if (!host.messages.has(sequence)) {
      state.acknowledge(sequence);
    }
  }
  for (const sequence of state.redeliveries.keys()) {
    if (sequence < firstSequence) {
      state.redeliveries.delete(sequence);
    }
  }
  if (state.delivered.stream > lastSequence) {
    state.rewind(lastSequence);
  }
}
