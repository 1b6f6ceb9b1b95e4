/**
 * What the parts of one consumer share: its configuration with the numbers derived from it, its durable state with the journal, the
 * queues, and the clock readings that decide about redelivery, expiry and deletion. The parts are functions over this object;
 * `consumer.ts` puts them together.
 *
 * All waiting is measured with the monotonic clock; `Number.POSITIVE_INFINITY` is "never".
 */

import type { SubjectFilter } from "../store/stream-store.ts";
import { compileFilter, matchesEverything } from "../store/subject-filter.ts";
import { type AckNumbers, AckSubjectWriter } from "./ack-subject.ts";
import { type ConsumerConfig, filtersOf } from "./consumer-config.ts";
import { ConsumerJournal } from "./consumer-record.ts";
import { ConsumerState, type SkipList } from "./consumer-state.ts";
import { sampleFrequencyOf } from "./consumer-validation.ts";
import type { PullQueue } from "./pull-queue.ts";
import type { LastSequences } from "./pull-status.ts";
import type { PushOutlet } from "./push-outlet.ts";
import { RedeliveryQueue } from "./redelivery-queue.ts";
import type { AttachedConsumer, HostStream, TurnWork } from "./seams.ts";

/** The pinned client of a priority group: its id, empty when there is none, and when it counts as gone. */
export interface PinState {
  id: string;
  sinceNs: bigint;
  dueMs: number;
}

/** The configuration in the units of the hot path. 0 is "no limit" where a limit may be missing. */
export interface ConsumerSettings {
  readonly ackWaitMs: number;
  readonly backoffMs: readonly number[];
  readonly maxDeliver: number;
  readonly maxAckPending: number;
  readonly sampleFrequency: number;
  readonly headersOnly: boolean;
  /** Infinity when the consumer is kept however long nobody uses it. */
  readonly inactiveMs: number;
}

/** Without a threshold of its own an ephemeral consumer is deleted after this time. */
export const ephemeralThresholdNs = 5_000_000_000;

export function settingsOf(config: ConsumerConfig, jitterMs: number): ConsumerSettings {
  return {
    ackWaitMs: Number(config.ack_wait) / 1e6,
    backoffMs: config.backoff.map((delay) => Number(delay) / 1e6),
    maxDeliver: Math.max(Number(config.max_deliver), 0),
    maxAckPending: Math.max(Number(config.max_ack_pending), 0),
    sampleFrequency: sampleFrequencyOf(config.sample_freq),
    headersOnly: config.headers_only,
    inactiveMs: config.inactive_threshold === 0 ? Number.POSITIVE_INFINITY : Number(config.inactive_threshold) / 1e6 + jitterMs,
  };
}

export class ConsumerCore {
  readonly host: HostStream;
  readonly name: string;
  readonly createdNs: bigint;
  readonly state: ConsumerState;
  readonly journal: ConsumerJournal;
  readonly redelivery = new RedeliveryQueue();
  readonly ackSubject: AckSubjectWriter;
  readonly numbers: AckNumbers = { deliveries: 0, streamSequence: 0, consumerSequence: 0 };
  readonly pulls: PullQueue;
  /** The consumer itself, for the stream and the turn. */
  readonly self: AttachedConsumer & TurnWork;
  config: ConsumerConfig;
  settings: ConsumerSettings;
  /** Where a push consumer delivers; a pull consumer has none. Set once, when the consumer is put together. */
  push: PushOutlet | undefined;
  /** Who is pinned, with priority policy pinned_client. */
  readonly pin: PinState = { id: "", sinceNs: 0n, dueMs: Number.POSITIVE_INFINITY };
  closed = false;
  /** What the journal holds was answered, or will be in this turn: it must be part of this turn's commit. */
  isAnswered = false;

  /** When the earliest pending message may be due; never later than it really is. */
  ackDueMs = Number.POSITIVE_INFINITY;
  /** When the earliest waiting request may end or want a heartbeat; never later than it really does. */
  pullDueMs = Number.POSITIVE_INFINITY;
  inactiveDueMs = Number.POSITIVE_INFINITY;
  pauseEndsMs = Number.POSITIVE_INFINITY;
  /** Replay policy original: when the next message is due, and up to which sequence the original pace is kept (0: not at all). */
  replayDueMs = Number.POSITIVE_INFINITY;
  replayUntil = 0;
  replayedTimeNs = 0n;
  lastActivityMs: number;
  lastSweepMs = Number.NEGATIVE_INFINITY;
  /** Negative infinity when it never happened. */
  lastDeliveryMs = Number.NEGATIVE_INFINITY;
  lastAckMs = Number.NEGATIVE_INFINITY;

  #filter: SubjectFilter;
  #takesAll: boolean;
  #jitterMs: number;
  #toDeliver = 0;
  #mustCount = true;
  #isAwake = false;

  constructor(parts: {
    host: HostStream;
    self: AttachedConsumer & TurnWork;
    name: string;
    createdNs: bigint;
    config: ConsumerConfig;
    state: ConsumerState;
    pulls: PullQueue;
    jitterMs: number;
    recordNumber: number;
  }) {
    this.journal = new ConsumerJournal(parts.recordNumber);
    this.host = parts.host;
    this.self = parts.self;
    this.name = parts.name;
    this.createdNs = parts.createdNs;
    this.config = parts.config;
    this.state = parts.state;
    this.pulls = parts.pulls;
    this.settings = settingsOf(parts.config, parts.jitterMs);
    this.#jitterMs = parts.jitterMs;
    this.#filter = compileFilter(filtersOf(parts.config));
    this.#takesAll = matchesEverything(this.#filter);
    this.ackSubject = new AckSubjectWriter(parts.host.name, parts.name, parts.host.sequences);
    this.replayUntil = parts.config.replay_policy === "original" ? parts.host.messages.state.lastSequence : 0;
    this.lastActivityMs = parts.host.context.clock.nowMs();
  }

  get filter(): SubjectFilter {
    return this.#filter;
  }

  /** Takes a checked configuration; the caller records it. */
  configure(config: ConsumerConfig): void {
    this.config = config;
    this.settings = settingsOf(config, this.#jitterMs);
    this.#filter = compileFilter(filtersOf(config));
    this.#takesAll = matchesEverything(this.#filter);
    this.countLost();
  }

  get nowMs(): number {
    return this.host.context.clock.nowMs();
  }

  get epoch(): number {
    return this.host.context.store.epoch;
  }

  /** What heartbeats tell. */
  get lastSequences(): LastSequences {
    return { consumer: this.state.delivered.consumer, stream: this.host.sequences.shown(this.state.nextSequence - 1) };
  }

  /** Something changed: step before this turn commits. Called for every message and every acknowledgement. */
  wake(): void {
    if (!this.#isAwake) {
      this.#isAwake = true;
      this.host.context.markReady(this.self);
    }
  }

  /** The step begins: what changes from now on needs another one. */
  stepping(): void {
    this.#isAwake = false;
  }

  get isPaused(): boolean {
    return this.pauseEndsMs !== Number.POSITIVE_INFINITY;
  }

  get isAtMaxAckPending(): boolean {
    return this.settings.maxAckPending > 0 && this.state.pending.size >= this.settings.maxAckPending;
  }

  matches(subject: string): boolean {
    return this.#takesAll || this.filter.matches(subject);
  }

  /** Messages still to be delivered for the first time (`num_pending`). Counted only when the running count was lost. */
  get toDeliver(): number {
    if (this.#mustCount) {
      this.#mustCount = false;
      this.#toDeliver = countToDeliver(this.host, this.state, this.filter);
    }
    return this.#toDeliver;
  }

  countLost(): void {
    this.#mustCount = true;
  }

  addToDeliver(count: number): void {
    this.#toDeliver = Math.max(this.#toDeliver + count, 0);
  }

  nothingToDeliver(): void {
    this.#mustCount = false;
    this.#toDeliver = 0;
  }

  /** How long a message with that many redeliveries may stay unacknowledged. */
  ackWaitMsFor(redeliveries: number): number {
    const { backoffMs, ackWaitMs } = this.settings;
    return backoffMs.length === 0 ? ackWaitMs : (backoffMs[Math.min(redeliveries, backoffMs.length - 1)] ?? ackWaitMs);
  }

  /** Sends a status line to the reply subject of a pull request. */
  sendStatus(reply: string, headers: Uint8Array): void {
    this.host.context.account.publish({ subject: reply, headers, payload: nothing, epoch: this.epoch });
  }
}

export const nothing = new Uint8Array(0);

function countToDeliver(host: HostStream, state: ConsumerState, filter: SubjectFilter): number {
  const list: SkipList | undefined = state.skipList;
  const from = list === undefined ? state.nextSequence : Math.max(state.nextSequence, list.resume + 1);
  const listed = list === undefined ? 0 : list.sequences.length - list.position;
  return listed + host.messages.countMatching(filter, from);
}
