/**
 * Acknowledgements (ADR-15). A change is journaled in the turn it arrives in, and its answer carries that turn's epoch: whoever gets
 * an answer to an acknowledgement will never see the message again, not even after a power cut.
 */

import type { InboundMessage } from "../broker/service.ts";
import { type AckNumbers, readAckSubject } from "./ack-subject.ts";
import { ackArgument, ackVerbOf, nakDelayNs } from "./ack-verb.ts";
import { adviseNak, adviseTerminated, sampleAck } from "./consumer-advisories.ts";
import { type ConsumerCore, nothing } from "./consumer-core.ts";
import { pull } from "./pull-service.ts";

const verbLength = { nak: 4, next: 4, term: 5 } as const;

export function acknowledge(core: ConsumerCore, message: InboundMessage, prefixLength: number): void {
  const numbers: AckNumbers = core.numbers;
  const { buffer, subjectStart, subjectEnd, payloadStart, payloadEnd } = message;
  core.lastActivityMs = core.nowMs;
  const range = { bytes: buffer, start: subjectStart + prefixLength, end: subjectEnd };
  if (!readAckSubject(range, numbers, core.host.sequences) || numbers.streamSequence === 0) {
    return;
  }
  switch (ackVerbOf(buffer, payloadStart, payloadEnd)) {
    case "ack":
      if (ackDelivery(core, numbers, { sample: true })) {
        answer(core, message);
      }
      return;
    case "next":
      ackDelivery(core, numbers, { sample: true });
      pull(core, message.replyText(), ackArgument(buffer, payloadStart + verbLength.next, payloadEnd));
      return;
    case "nak":
      negate(core, { ...numbers }, ackArgument(buffer, payloadStart + verbLength.nak, payloadEnd));
      break;
    case "progress":
      if (core.state.pending.touch(numbers.streamSequence, core.nowMs)) {
        core.lastDeliveryMs = core.nowMs;
      }
      break;
    case "term":
      if (!terminate(core, { ...numbers }, ackArgument(buffer, payloadStart + verbLength.term, payloadEnd))) {
        return;
      }
      break;
    case "unknown":
      break;
  }
  answer(core, message);
}

function answer(core: ConsumerCore, message: InboundMessage): void {
  if (message.replyEnd > message.replyStart) {
    core.isAnswered = true;
    core.wake();
    core.host.context.account.respond(message, nothing, core.epoch);
  }
}

/** False when the message was never delivered: such an acknowledgement is not answered. */
function ackDelivery(core: ConsumerCore, numbers: AckNumbers, { sample }: { sample: boolean }): boolean {
  const { state } = core;
  const { streamSequence, consumerSequence } = numbers;
  if (streamSequence >= state.nextSequence) {
    return false;
  }
  const wasBlocked = core.isAtMaxAckPending;
  if (state.ackPolicy === "all") {
    if (consumerSequence <= state.floor.consumer || streamSequence <= state.floor.stream) {
      return true;
    }
    const done = state.acknowledgeThrough(streamSequence, consumerSequence);
    for (const sequence of done) {
      core.redelivery.remove(sequence);
    }
    core.journal.acknowledgedThrough(streamSequence, consumerSequence);
    if (core.host.retention !== "limits") {
      core.host.acknowledgedThrough(core.self, streamSequence);
    }
  } else {
    ackOne(core, numbers, sample);
  }
  core.lastAckMs = core.lastActivityMs;
  if (wasBlocked || state.ackPolicy !== "none") {
    core.wake();
  }
  return true;
}

function ackOne(core: ConsumerCore, numbers: AckNumbers, sample: boolean): void {
  const { state } = core;
  const { streamSequence } = numbers;
  if (sample && core.settings.sampleFrequency > 0 && state.pending.has(streamSequence)) {
    sampleAck(core, numbers);
  }
  const wasRedelivered = state.redeliveries.size > 0 && state.redeliveries.has(streamSequence);
  if (state.acknowledge(streamSequence) || wasRedelivered) {
    core.redelivery.remove(streamSequence);
    core.journal.acknowledged(streamSequence);
  }
  if (core.host.retention !== "limits") {
    core.host.acknowledged(core.self, streamSequence);
  }
}

/** Only a pending message can be refused, and only with a consumer sequence that was used and is not done. */
function negate(core: ConsumerCore, numbers: AckNumbers, argument: string): void {
  const { state } = core;
  const { streamSequence, consumerSequence } = numbers;
  if (consumerSequence <= state.floor.consumer || consumerSequence > state.nextConsumerSequence || !state.pending.has(streamSequence)) {
    return;
  }
  adviseNak(core, numbers);
  const delayNs = nakDelayNs(argument);
  if (delayNs === undefined) {
    core.redelivery.add(streamSequence);
    core.wake();
    return;
  }
  // The delay replaces what is left of the ack wait: the message is due when it has waited that long.
  core.redelivery.remove(streamSequence);
  const nowMs = core.nowMs;
  state.pending.touch(streamSequence, nowMs - core.settings.ackWaitMs + delayNs / 1e6);
  core.lastDeliveryMs = nowMs;
  const waitMs = core.ackWaitMsFor(state.redeliveries.get(streamSequence) ?? 0);
  core.ackDueMs = Math.min(core.ackDueMs, nowMs - core.settings.ackWaitMs + delayNs / 1e6 + waitMs);
  core.wake();
}

/** Like an acknowledgement, but told. The advisory goes out even when the message was done already. */
function terminate(core: ConsumerCore, numbers: AckNumbers, reason: string): boolean {
  const isAnswered = ackDelivery(core, numbers, { sample: false });
  adviseTerminated(core, numbers, reason);
  return isAnswered;
}
