/**
 * One consumer, pull or push: its subscriptions, its turn, and what the stream tells it. State lives in `ConsumerCore`; the rules are in the
 * modules that work on it (delivery, acknowledgements, pulls, redelivery).
 *
 * Nothing undurable is promised: what a client gets an answer to (an acknowledgement with a reply, a purge, INFO) is recorded in `step()`,
 * before the turn's commit, and the answer carries the epoch of that commit. Deliveries and acknowledgements without a reply promise
 * nothing; they would cost a sync for every pull, so they are recorded with the next answered change, or after a short while. After a
 * power cut such a delivery has not happened: the message is delivered again, under the same consumer sequence.
 */

import type { InboundMessage, ServiceSubscription } from "../broker/service.ts";
import type { Timer } from "../ports.ts";
import type { StoredAsset, Subject, SubjectFilter } from "../store/stream-store.ts";
import { ackPrefix } from "./ack-subject.ts";
import { isLevelTooHigh } from "./api/dispatch.ts";
import { acknowledge } from "./consumer-acks.ts";
import { adviseAction, advisePause } from "./consumer-advisories.ts";
import { type ConsumerConfig, filtersOf, printConfig } from "./consumer-config.ts";
import { ConsumerCore } from "./consumer-core.ts";
import { encodeDefinition } from "./consumer-definition.ts";
import { DeliveryDesk, deliverReady, dropRemoved } from "./consumer-delivery.ts";
import { mayBeDeleted } from "./consumer-inactivity.ts";
import { consumerInfo } from "./consumer-info.ts";
import { encodeBase } from "./consumer-record.ts";
import type { ConsumerState } from "./consumer-state.ts";
import { forgetPin, unpin } from "./priority-pin.ts";
import { PullQueue } from "./pull-queue.ts";
import { pull, sweepPulls } from "./pull-service.ts";
import { consumerDeleted, requiredApiLevel } from "./pull-status.ts";
import { PushOutlet } from "./push-outlet.ts";
import { expireAll, expirePending, recomputeAckDue } from "./redelivery-timer.ts";
import type { AttachedConsumer, HostStream, TurnWork } from "./seams.ts";
import { isSubset } from "./subjects.ts";

export interface ConsumerParts {
  readonly host: HostStream;
  readonly name: string;
  readonly createdNs: bigint;
  readonly config: ConsumerConfig;
  readonly state: ConsumerState;
  /** Undefined when the consumer's state lives in memory only. */
  readonly asset: StoredAsset | undefined;
  /** Of the last record of the state, 0 for a new consumer. */
  readonly recordNumber: number;
}

/** Idle pull consumers are deleted a little later than they ask for, each at a moment of its own. */
const jitterMinMs = 100;
const jitterSpreadMs = 900;

/** How long, and up to which size, changes wait that nobody was answered about. The official server writes at the same pace. */
const recordDelayMs = 100;
const recordBytesMax = 64 * 1024;

export class Consumer implements AttachedConsumer, TurnWork {
  readonly core: ConsumerCore;
  readonly #asset: StoredAsset | undefined;
  readonly #desk = new DeliveryDesk(() => this.core.wake());
  readonly #subscriptions: ServiceSubscription[] = [];
  #timer: Timer | undefined;
  #recordDueMs = Number.POSITIVE_INFINITY;
  #timerDueMs = Number.POSITIVE_INFINITY;

  constructor({ host, name, createdNs, config, state, asset, recordNumber }: ConsumerParts) {
    const pulls = new PullQueue({ prioritized: config.priority_policy === "prioritized" });
    const isPush = config.deliver_subject !== "";
    const jitterMs = isPush ? 0 : jitterMinMs + host.context.random.below(jitterSpreadMs);
    this.core = new ConsumerCore({ host, self: this, name, createdNs, config, state, pulls, jitterMs, recordNumber });
    this.#asset = asset;
    if (asset !== undefined) {
      asset.snapshot = () => this.#snapshot();
    }
    if (isPush) {
      this.core.push = new PushOutlet({ host, consumer: name, config, work: this, boundChanged: () => this.#boundChanged() });
    }
    this.#subscribe();
    recomputeAckDue(this.core);
    this.#watchPause();
    this.#watchInactivity(this.core.nowMs);
    this.#arm();
    if (this.core.push?.isBound === true) {
      this.core.wake();
    }
  }

  get name(): string {
    return this.core.name;
  }

  get filter(): SubjectFilter {
    return this.core.filter;
  }

  get config(): ConsumerConfig {
    return this.core.config;
  }

  get limits(): { inactive_threshold: ConsumerConfig["inactive_threshold"]; max_ack_pending: ConsumerConfig["max_ack_pending"] } {
    return { inactive_threshold: this.config.inactive_threshold, max_ack_pending: this.config.max_ack_pending };
  }

  /** What is shown is durable with this turn. */
  info(extraMetadata?: Readonly<Record<string, string>>): Record<string, unknown> {
    this.#record();
    return consumerInfo(this.core, extraMetadata);
  }

  messageStored(sequence: number, subject: Subject): void {
    const { core } = this;
    if (!core.matches(subject.text)) {
      return;
    }
    if (sequence >= core.state.nextSequence) {
      core.addToDeliver(1);
    }
    if (core.pulls.length > 0 || core.push?.isBound === true) {
      core.wake();
    }
  }

  messageRemoved(sequence: number): void {
    const { core } = this;
    const { state } = core;
    if (sequence >= state.nextSequence) {
      core.countLost();
    }
    core.redelivery.remove(sequence);
    if (state.pending.has(sequence) || state.redeliveries.has(sequence)) {
      dropRemoved(core, sequence);
      core.wake();
    }
  }

  purged(firstSequence: number, filter: SubjectFilter | undefined): void {
    const { core } = this;
    const { messages } = core.host;
    const first = filter === undefined || this.#isInside(filter) ? firstSequence : messages.state.firstSequence;
    const pendingBefore = core.state.pending.size;
    core.state.purge(first, (sequence) => messages.has(sequence));
    if (core.state.pending.size < pendingBefore) {
      core.lastAckMs = core.nowMs;
    }
    core.redelivery.removeWhere((sequence) => !core.state.pending.has(sequence));
    core.countLost();
    core.journal.state(core.state);
    core.isAnswered = true;
    core.wake();
  }

  needs(sequence: number, subject: Subject): boolean {
    const { core } = this;
    const { state } = core;
    if (!core.matches(subject.text)) {
      return false;
    }
    if (state.redeliveries.has(sequence)) {
      return true;
    }
    if (sequence <= state.floor.stream) {
      return false;
    }
    return state.ackPolicy !== "explicit" || sequence >= state.nextSequence || state.pending.has(sequence);
  }

  step(): void {
    const { core } = this;
    core.stepping();
    if (core.closed) {
      return;
    }
    const nowMs = core.nowMs;
    expirePending(core, nowMs);
    this.#endPause(nowMs);
    if (nowMs >= core.pin.dueMs) {
      unpin(core, "timeout");
    }
    core.replayDueMs = Number.POSITIVE_INFINITY;
    core.push?.goOn();
    const stop = core.isPaused ? "unrequested" : deliverReady(core, this.#desk, nowMs);
    const endOfStream = stop !== "blocked" && stop !== "early" && stop !== "crowded" && stop !== "fetching";
    if (stop === "budget") {
      // Works step once a turn, so this is the next one: what was delivered leaves first, and others get their turn.
      core.wake();
    } else if (nowMs >= core.pullDueMs || (core.pulls.impatient > 0 && endOfStream)) {
      sweepPulls(core, nowMs, { endOfStream });
    }
    core.push?.beat(core.lastSequences, nowMs);
    this.#recordWhenDue(nowMs);
    if (nowMs >= core.inactiveDueMs && (core.push !== undefined || mayBeDeleted(core, nowMs))) {
      this.delete();
      return;
    }
    this.#arm();
  }

  /** Applies a checked configuration. */
  configure(config: ConsumerConfig): void {
    const { core } = this;
    const before = core.config;
    const filterBefore = core.filter;
    core.configure(config);
    core.journal.definition(encodeDefinition({ name: core.name, createdNs: core.createdNs, config: printConfig(config) }));
    core.isAnswered = true;
    recomputeAckDue(core);
    if (core.push?.configure(config) === true) {
      expireAll(core, core.nowMs);
    }
    this.#watchInactivity(core.nowMs);
    if (before.priority_policy !== config.priority_policy || before.priority_groups.join(" ") !== config.priority_groups.join(" ")) {
      forgetPin(core);
    }
    if (before.pause_until !== config.pause_until) {
      this.#watchPause();
      advisePause(core);
    }
    if (filtersOf(before).join(" ") !== filtersOf(config).join(" ")) {
      core.host.interestChanged?.(filterBefore);
    }
    core.wake();
  }

  /** Begins again at `first` as a new consumer would (CONSUMER.RESET). */
  reset(first: number): void {
    const { core } = this;
    core.state.start(first);
    core.redelivery.clear();
    core.lastDeliveryMs = Number.NEGATIVE_INFINITY;
    core.lastAckMs = Number.NEGATIVE_INFINITY;
    core.ackDueMs = Number.POSITIVE_INFINITY;
    core.countLost();
    core.journal.state(core.state);
    core.isAnswered = true;
    core.host.interestChanged?.(core.filter);
    core.wake();
  }

  /** Ends the consumer with its durable state. */
  delete(): void {
    if (this.core.closed) {
      return;
    }
    this.close("consumer-deleted");
    this.#asset?.delete();
    this.core.host.detach(this);
  }

  close(reason: "consumer-deleted" | "stream-deleted" | "shutdown"): void {
    const { core } = this;
    if (core.closed) {
      return;
    }
    core.closed = true;
    for (const subscription of this.#subscriptions) {
      subscription.unsubscribe();
    }
    core.push?.close();
    this.#timer?.cancel();
    if (reason === "shutdown") {
      this.#record();
      return;
    }
    adviseAction(core, "delete");
    for (const waiting of core.pulls) {
      core.sendStatus(waiting.reply, consumerDeleted);
    }
    core.pulls.sweep(() => true);
  }

  #subscribe(): void {
    const { core } = this;
    const { account } = core.host.context;
    this.#subscriptions.push(
      account.subscribe(`$JS.API.CONSUMER.MSG.NEXT.${core.host.name}.${core.name}`, (message) => this.#pull(message)),
    );
    if (core.state.ackPolicy === "none") {
      return;
    }
    const prefix = ackPrefix(core.host.name, core.name);
    const prefixLength = Buffer.byteLength(prefix) + 1;
    this.#subscriptions.push(account.subscribe(`${prefix}.>`, (message) => acknowledge(core, message, prefixLength)));
  }

  #pull(message: InboundMessage): void {
    const reply = message.replyText();
    if (reply === undefined) {
      return;
    }
    if (message.payloadStart > message.headersStart && isLevelTooHigh(message)) {
      this.core.sendStatus(reply, requiredApiLevel);
      return;
    }
    pull(this.core, reply, textOf(message));
  }

  /** Is everything this consumer wants also matched by `filter`? */
  #isInside(filter: SubjectFilter): boolean {
    const own = filtersOf(this.config);
    return own.length > 0 && own.every((pattern) => filter.patterns.some((outer) => isSubset(pattern, outer)));
  }

  #recordWhenDue(nowMs: number): void {
    const { core } = this;
    if (core.journal.isEmpty) {
      return;
    }
    if (core.isAnswered || core.journal.length >= recordBytesMax || nowMs >= this.#recordDueMs) {
      this.#record();
    } else if (this.#recordDueMs === Number.POSITIVE_INFINITY) {
      this.#recordDueMs = nowMs + recordDelayMs;
    }
  }

  #record(): void {
    this.core.isAnswered = false;
    this.#recordDueMs = Number.POSITIVE_INFINITY;
    for (const record of this.core.journal.take()) {
      this.#asset?.append(record);
    }
  }

  /** The state as of now. What still waits to be recorded is part of it, and is passed over by its number when it follows. */
  #snapshot(): Uint8Array {
    const { name, createdNs, config, journal, state } = this.core;
    return encodeBase(encodeDefinition({ name, createdNs, config: printConfig(config) }), state, journal.cut());
  }

  #watchPause(): void {
    const { clock } = this.core.host.context;
    const until = this.config.pause_until;
    const leftNs = until === undefined ? 0n : until - clock.nowNs();
    this.core.pauseEndsMs = leftNs > 0n ? clock.nowMs() + Number(leftNs) / 1e6 : Number.POSITIVE_INFINITY;
  }

  #endPause(nowMs: number): void {
    if (nowMs >= this.core.pauseEndsMs) {
      this.core.pauseEndsMs = Number.POSITIVE_INFINITY;
      advisePause(this.core);
    }
  }

  /** A push consumer is idle as long as nobody is bound to it, a pull consumer since its last use (see `mayBeDeleted`). */
  #watchInactivity(nowMs: number): void {
    const { push, settings } = this.core;
    this.core.inactiveDueMs = push?.isBound === true ? Number.POSITIVE_INFINITY : nowMs + settings.inactiveMs;
  }

  /** Called while somebody subscribes or leaves: what follows from it happens in the next step. */
  #boundChanged(): void {
    const { core } = this;
    this.#watchInactivity(core.nowMs);
    core.wake();
  }

  /** One timer for everything that can fall due; it only wakes the next step. */
  #arm(): void {
    const { core } = this;
    const pushDueMs = core.push?.dueMs ?? Number.POSITIVE_INFINITY;
    const { ackDueMs, pullDueMs, inactiveDueMs, pauseEndsMs, replayDueMs } = core;
    const dueMs = Math.min(ackDueMs, pullDueMs, inactiveDueMs, pauseEndsMs, replayDueMs, pushDueMs, core.pin.dueMs, this.#recordDueMs);
    if (core.closed || dueMs >= this.#timerDueMs) {
      return;
    }
    this.#timer?.cancel();
    this.#timerDueMs = dueMs;
    this.#timer = core.host.context.clock.setTimer(Math.min(Math.max(Math.ceil(dueMs - core.nowMs), 1), longestTimerMs), () => {
      this.#timerDueMs = Number.POSITIVE_INFINITY;
      core.wake();
    });
  }
}

/** Timers of the real machine hold 31 bits of milliseconds; a longer wait is armed again. */
const longestTimerMs = 2 ** 31 - 1;

function textOf(message: InboundMessage): string {
  const { buffer, payloadStart, payloadEnd } = message;
  if (payloadStart === payloadEnd) {
    return "";
  }
  return Buffer.from(buffer.buffer, buffer.byteOffset, buffer.byteLength).toString("utf8", payloadStart, payloadEnd);
}
