/** Where a new consumer begins (ADR-15, "Deliver policy"). The position is fixed at creation. */

import type { StreamStore } from "../store/stream-store.ts";
import { compileFilter } from "../store/subject-filter.ts";
import { type ConsumerConfig, filtersOf } from "./consumer-config.ts";
import type { ConsumerState } from "./consumer-state.ts";
import type { ReadStream } from "./message-lookup.ts";

export function startConsumer(state: ConsumerState, config: ConsumerConfig, { messages, sequences }: ReadStream): void {
  const { firstSequence, lastSequence } = messages.state;
  if (config.deliver_policy === "by_start_sequence") {
    // A sequence in the future is kept; one that is gone already moves up.
    state.start(Math.max(sequences.given(config.opt_start_seq), firstSequence));
    return;
  }
  if (firstSequence === 0) {
    state.start(1);
    return;
  }
  if (config.deliver_policy === "last_per_subject") {
    startAtLastPerSubject(state, config, messages);
    return;
  }
  const wanted = Math.min(startSequence(config, messages), lastSequence + 1);
  state.start(Math.max(wanted, firstSequence));
}

function startSequence(config: ConsumerConfig, messages: StreamStore): number {
  const { firstSequence, lastSequence } = messages.state;
  switch (config.deliver_policy) {
    case "new":
      return lastSequence + 1;
    case "last":
      return messages.previousMatching(compileFilter(filtersOf(config)), lastSequence);
    case "by_start_time":
      return config.opt_start_time === undefined ? firstSequence : messages.sequenceAtTime(config.opt_start_time.timeNs);
    default:
      return firstSequence;
  }
}

/** A snapshot of the last message of every subject comes first, then whatever is stored after this moment. */
function startAtLastPerSubject(state: ConsumerState, config: ConsumerConfig, messages: StreamStore): void {
  const { lastSequence } = messages.state;
  const sequences: number[] = [];
  for (const { lastSequence: last } of messages.subjectStates(compileFilter(filtersOf(config)))) {
    sequences.push(last);
  }
  sequences.sort((a, b) => a - b);
  const [first] = sequences;
  if (first === undefined) {
    state.start(Math.max(lastSequence, messages.state.firstSequence));
    return;
  }
  state.start(first, { sequences, position: 0, resume: lastSequence });
}
