/**
 * Hands stored messages to waiting pull requests, or to a push consumer's outlet: redeliveries first, then what comes next in the stream. Runs once a turn before the
 * commit. A message goes from the store's buffer into the receiver's output buffer without a copy or an object in between.
 */

import type { Delivery } from "../broker/service.ts";
import type { MessageView, Subject } from "../store/stream-store.ts";
import { adviseLost, adviseMaxDeliveries, adviseTerminated } from "./consumer-advisories.ts";
import { type ConsumerCore, nothing } from "./consumer-core.ts";
import { headersOnly } from "./consumer-headers.ts";
import { mayOverflow } from "./priority-overflow.ts";
import { pinTo, pinVerdict, tellWrongPin, withPin } from "./priority-pin.ts";
import type { WaitingPull } from "./pull-queue.ts";
import { batchCompleted, messageTooLarge, requestTimeout } from "./pull-status.ts";
import type { PushOutlet } from "./push-outlet.ts";

/** Why delivery stopped. */
export type DeliveryStop =
  /** Nobody waits, or nobody who may have the next message. */
  | "unrequested"
  /** The stream has nothing more for this consumer. */
  | "drained"
  /** max_ack_pending is reached. */
  | "blocked"
  /** Replay policy original or a rate limit: the next message is not due yet. */
  | "early"
  /** The next message is not in memory: the consumer is marked ready again when it is. */
  | "fetching"
  /** Everybody who waits has too much unread; the route marks the consumer ready again. */
  | "crowded"
  /** Enough for one turn. */
  | "budget";

/** One turn never delivers more than this, so that one consumer cannot hold up the others. */
const deliveriesPerTurn = 2000;

/** Instead of a sequence: the message is on its way. */
const onItsWay = -1;

const noSubject: Subject = { text: "", bytes: nothing };

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** The objects that all deliveries of one consumer reuse. */
export class DeliveryDesk {
  /** Wakes the consumer when a message that it wants to deliver has been fetched. */
  readonly arrived: () => void;
  readonly view: MessageView = {
    sequence: 0,
    timeNs: 0n,
    subject: noSubject,
    buffer: nothing,
    headersStart: 0,
    payloadStart: 0,
    payloadEnd: 0,
  };
  readonly delivery: Writable<Delivery> = {
    subject: nothing,
    reply: nothing,
    buffer: nothing,
    headersStart: 0,
    payloadStart: 0,
    payloadEnd: 0,
    epoch: 0,
  };

  constructor(arrived: () => void) {
    this.arrived = arrived;
  }
}

export function deliverReady(core: ConsumerCore, desk: DeliveryDesk, nowMs: number): DeliveryStop {
  desk.delivery.epoch = core.epoch;
  for (let budget = deliveriesPerTurn; budget > 0; budget -= 1) {
    const stop = obstacle(core) ?? deliverNext(core, desk, nowMs);
    if (stop !== undefined) {
      return stop;
    }
  }
  return "budget";
}

/** What stands in the way before it is known which message is next. */
function obstacle(core: ConsumerCore): DeliveryStop | undefined {
  if (core.push !== undefined) {
    return core.push.obstacle();
  }
  return core.pulls.length === 0 ? "unrequested" : undefined;
}

function deliverNext(core: ConsumerCore, desk: DeliveryDesk, nowMs: number): DeliveryStop | undefined {
  const again = nextRedelivery(core, desk);
  if (again === onItsWay) {
    return "fetching";
  }
  if (again > 0) {
    return deliverAgain(core, { desk, sequence: again, nowMs });
  }
  if (core.isAtMaxAckPending) {
    return "blocked";
  }
  const sequence = nextNew(core, desk);
  if (sequence === onItsWay) {
    return "fetching";
  }
  if (sequence === 0) {
    return drained(core);
  }
  return isEarly(core, desk.view, nowMs) ? "early" : deliverNew(core, { desk, sequence, nowMs });
}

/** Whoever has caught up with the stream follows it without delay. */
function drained(core: ConsumerCore): DeliveryStop {
  if (core.state.nextSequence > core.replayUntil) {
    core.replayUntil = 0;
  }
  return "drained";
}

/** Messages stored apart are delivered apart, counted from the delivery of the one before. */
function isEarly(core: ConsumerCore, view: MessageView, nowMs: number): boolean {
  if (core.replayUntil === 0 || core.replayedTimeNs === 0n) {
    return false;
  }
  const dueMs = core.lastDeliveryMs + Number(view.timeNs - core.replayedTimeNs) / 1e6;
  if (nowMs >= dueMs) {
    return false;
  }
  core.replayDueMs = dueMs;
  return true;
}

interface Step {
  readonly desk: DeliveryDesk;
  readonly sequence: number;
  readonly nowMs: number;
}

function deliverNew(core: ConsumerCore, { desk, sequence, nowMs }: Step): DeliveryStop | undefined {
  const { state, numbers } = core;
  const toDeliver = core.toDeliver;
  numbers.deliveries = 1;
  numbers.streamSequence = sequence;
  numbers.consumerSequence = state.delivered.consumer + 1;
  if (!send(core, { desk, pending: Math.max(toDeliver - 1, 0), nowMs })) {
    return refusal(core);
  }
  core.addToDeliver(-1);
  core.replayedTimeNs = desk.view.timeNs;
  state.deliver(sequence, nowMs);
  core.journal.delivered(sequence);
  if (state.ackPolicy === "none") {
    if (core.host.retention !== "limits") {
      core.host.acknowledged(core.self, sequence);
    }
    return undefined;
  }
  core.ackDueMs = Math.min(core.ackDueMs, nowMs + core.ackWaitMsFor(0));
  return undefined;
}

function deliverAgain(core: ConsumerCore, { desk, sequence, nowMs }: Step): DeliveryStop | undefined {
  const { state, numbers } = core;
  const redeliveries = (state.redeliveries.get(sequence) ?? 0) + 1;
  numbers.deliveries = redeliveries + 1;
  numbers.streamSequence = sequence;
  numbers.consumerSequence = state.delivered.consumer + 1;
  if (!send(core, { desk, pending: core.toDeliver, nowMs })) {
    return refusal(core);
  }
  core.redelivery.remove(sequence);
  state.redeliver(sequence, redeliveries, nowMs);
  core.journal.redelivered(sequence, redeliveries);
  core.ackDueMs = Math.min(core.ackDueMs, nowMs + core.ackWaitMsFor(redeliveries));
  return undefined;
}

/** Why `send` found nobody: requests that are left have receivers who cannot take more now. */
function refusal(core: ConsumerCore): DeliveryStop {
  if (core.push !== undefined) {
    return core.push.pacedDueMs === Number.POSITIVE_INFINITY ? "unrequested" : "early";
  }
  return core.pulls.length > 0 ? "crowded" : "unrequested";
}

/** The next message to deliver again, already read or on its way; 0 when there is none. Messages that used up max_deliver are given up here. */
function nextRedelivery(core: ConsumerCore, { view, arrived }: DeliveryDesk): number {
  const { state, redelivery, settings } = core;
  for (;;) {
    const sequence = redelivery.first();
    if (sequence === 0) {
      return 0;
    }
    const deliveries = (state.redeliveries.get(sequence) ?? 0) + 1;
    if (settings.maxDeliver > 0 && deliveries >= settings.maxDeliver) {
      redelivery.remove(sequence);
      adviseMaxDeliveries(core, sequence, deliveries);
      giveUp(core, sequence, deliveries);
    } else if (!core.host.messages.isAtHand(sequence, arrived)) {
      return onItsWay;
    } else if (core.host.messages.read(sequence, view)) {
      return sequence;
    } else {
      redelivery.remove(sequence);
      dropRemoved(core, sequence);
    }
  }
}

/** The message stays in the stream, but is neither pending nor delivered any more. */
export function giveUp(core: ConsumerCore, sequence: number, redeliveries: number): void {
  core.state.exhaust(sequence, redeliveries);
  core.journal.exhausted(sequence, redeliveries);
}

/** A message that was pending left the stream: it is done, and that is told. */
export function dropRemoved(core: ConsumerCore, sequence: number): void {
  const consumerSequence = core.state.pending.consumerSequenceOf(sequence);
  const deliveries = Math.max(core.state.redeliveries.get(sequence) ?? 1, 1);
  core.state.acknowledge(sequence);
  core.journal.acknowledged(sequence);
  core.lastAckMs = core.nowMs;
  if (consumerSequence > 0) {
    const reason = core.host.messages.isLost(sequence) ? "Unacknowledged message is damaged" : "Unacknowledged message was deleted";
    adviseTerminated(core, { streamSequence: sequence, consumerSequence, deliveries }, reason);
  }
}

/** The next message that was never delivered, already read or on its way; 0 at the end of the stream. */
function nextNew(core: ConsumerCore, { view, arrived }: DeliveryDesk): number {
  const { state } = core;
  const { messages } = core.host;
  while (state.skipList !== undefined) {
    const listed = state.skipList.sequences[state.skipList.position] ?? 0;
    if (messages.has(listed) && !messages.isAtHand(listed, arrived)) {
      return onItsWay;
    }
    if (messages.read(listed, view)) {
      return listed;
    }
    if (messages.isLost(listed)) {
      adviseLost(core, listed);
    }
    state.skipListed(listed);
    core.countLost();
  }
  for (;;) {
    const sequence = messages.nextMatching(core.filter, state.nextSequence);
    if (sequence === 0) {
      const end = messages.state.lastSequence + 1;
      passLost(core, end);
      state.nextSequence = Math.max(state.nextSequence, end);
      core.nothingToDeliver();
      return 0;
    }
    if (!messages.isAtHand(sequence, arrived)) {
      return onItsWay;
    }
    if (messages.read(sequence, view)) {
      passLost(core, sequence);
      return sequence;
    }
    // Found damaged just now: it is lost from here on, and what follows it is not.
    core.countLost();
  }
}

/** Lost messages between what was delivered last and what comes next are told, then left behind. */
function passLost(core: ConsumerCore, before: number): void {
  const { state, host } = core;
  for (const lost of host.messages.lostSequences(state.nextSequence, before)) {
    adviseLost(core, lost);
    state.nextSequence = lost + 1;
  }
}

/** Sends the message in `desk.view` to the next request that may have it; false when there is none. */
function send(core: ConsumerCore, { desk, pending, nowMs }: { desk: DeliveryDesk; pending: number; nowMs: number }): boolean {
  const { view, delivery } = desk;
  delivery.subject = view.subject.bytes;
  delivery.reply = core.ackSubject.write(core.numbers, view.timeNs, pending);
  delivery.buffer = view.buffer;
  delivery.headersStart = view.headersStart;
  delivery.payloadStart = view.payloadStart;
  delivery.payloadEnd = view.payloadEnd;
  if (core.settings.headersOnly) {
    headersOnly(delivery);
  }
  const size = delivery.subject.length + delivery.reply.length + (delivery.payloadEnd - delivery.headersStart);
  if (core.push !== undefined) {
    return sendToOutlet(core, core.push, { desk, size, nowMs });
  }
  for (;;) {
    const pull = nextPull(core, size, nowMs);
    if (pull === undefined) {
      return false;
    }
    pinTo(core, pull);
    if (pull.route.deliver(core.pin.id === "" ? delivery : withPin(delivery, core.pin.id))) {
      afterDelivery(core, pull, { size, nowMs });
      return true;
    }
    core.pulls.removeHead();
  }
}

function sendToOutlet(
  core: ConsumerCore,
  push: PushOutlet,
  { desk, size, nowMs }: { desk: DeliveryDesk; size: number; nowMs: number },
): boolean {
  if (!push.send(desk.delivery, size, nowMs)) {
    return false;
  }
  core.lastDeliveryMs = nowMs;
  return true;
}

/** The first request that can take the message, after those were removed that are over. */
function nextPull(core: ConsumerCore, size: number, nowMs: number): WaitingPull | undefined {
  for (let passed = 0; ; ) {
    const pull = core.pulls.head;
    if (pull === undefined || passed >= core.pulls.length) {
      return undefined;
    }
    if (nowMs >= pull.expiresAtMs) {
      core.sendStatus(pull.reply, requestTimeout({ messages: pull.left, bytes: pull.bytesLeft }));
      core.lastActivityMs = Math.max(core.lastActivityMs, pull.expiresAtMs);
    } else if (pull.bytesLeft > 0 && size > pull.bytesLeft) {
      core.sendStatus(pull.reply, messageTooLarge({ messages: pull.left, bytes: pull.bytesLeft }));
    } else if (pull.route.alive()) {
      const verdict = pinVerdict(core, pull);
      if (verdict === "serve" && mayOverflow(core, pull) && pull.route.hasRoom?.(core.self) !== false) {
        return pull;
      }
      if (verdict !== "over") {
        passed += 1;
        core.pulls.cycle();
        continue;
      }
      tellWrongPin(core, pull);
    }
    core.pulls.removeHead();
  }
}

function afterDelivery(core: ConsumerCore, pull: WaitingPull, { size, nowMs }: { size: number; nowMs: number }): void {
  if (pull.bytesLeft > 0) {
    pull.bytesLeft -= size;
    if (pull.bytesLeft === 0) {
      pull.left = 1;
    }
  }
  core.pulls.served();
  core.lastDeliveryMs = nowMs;
  core.lastActivityMs = nowMs;
  if (pull.left <= 0) {
    if (pull.bytesLeft > 0) {
      core.sendStatus(pull.reply, batchCompleted({ messages: pull.left, bytes: pull.bytesLeft }));
    }
  } else if (pull.request.heartbeatMs > 0) {
    pull.heartbeatAtMs = nowMs + pull.request.heartbeatMs;
  }
}
