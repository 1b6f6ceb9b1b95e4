/**
 * One stream: its configuration, its messages under its limits, and the consumers that share them. It knows no subscriptions and no timers
 * (`stream-service.ts`) and no publish rules (`publish.ts`).
 *
 * Invariants: after every public call the stream is within its limits (age apart, which a timer enforces); whatever is removed has been
 * told to every attached consumer.
 */

import type { StoredStream, StreamStore, Subject, SubjectFilter } from "../store/stream-store.ts";
import { compileFilter } from "../store/subject-filter.ts";
import { printJson } from "./json/print.ts";
import { InterestRetention } from "./retention.ts";
import type { AttachedConsumer, HostStream, JetStreamContext, Retention } from "./seams.ts";
import { type StreamConfig, shownConfig } from "./stream-config.ts";
import { limitsOf, type StreamLimits } from "./stream-limits.ts";
import type { WireSequences } from "./wire-sequences.ts";

export interface StreamParts {
  readonly context: JetStreamContext;
  readonly config: StreamConfig;
  readonly createdNs: bigint;
  readonly stored: StoredStream;
  readonly sequences: WireSequences;
}

export class Stream implements HostStream {
  readonly context: JetStreamContext;
  readonly name: string;
  readonly createdNs: bigint;
  readonly stored: StoredStream;
  readonly messages: StreamStore;
  readonly sequences: WireSequences;
  readonly consumers = new Map<string, AttachedConsumer>();
  /** The same consumers for loops that run once a message. */
  #attached: readonly AttachedConsumer[] = [];
  #config: StreamConfig;
  #limits: StreamLimits;
  readonly #interest = new InterestRetention(this);

  constructor({ context, config, createdNs, stored, sequences }: StreamParts) {
    this.context = context;
    this.name = config.name;
    this.createdNs = createdNs;
    this.stored = stored;
    this.messages = stored.messages;
    this.sequences = sequences;
    this.#config = config;
    this.#limits = limitsOf(config);
  }

  get config(): StreamConfig {
    return this.#config;
  }

  get limits(): StreamLimits {
    return this.#limits;
  }

  get attached(): readonly AttachedConsumer[] {
    return this.#attached;
  }

  get retention(): Retention {
    return this.#config.retention;
  }

  get subjects(): readonly string[] {
    return this.#config.subjects;
  }

  get maxConsumers(): number {
    return Number(this.#config.max_consumers);
  }

  get messageBytesMax(): number | undefined {
    const { max_msg_size } = this.#config;
    return max_msg_size > 0 ? max_msg_size : undefined;
  }

  get consumerLimits(): { inactive_threshold: number | undefined; max_ack_pending: number | undefined } {
    const { inactive_threshold, max_ack_pending } = this.#config.consumer_limits;
    return {
      inactive_threshold: inactive_threshold === undefined ? undefined : Number(inactive_threshold),
      max_ack_pending: max_ack_pending === undefined ? undefined : Number(max_ack_pending),
    };
  }

  /** Applies a checked configuration: durable, and at once in force. */
  configure(config: StreamConfig): void {
    const before = this.#config;
    this.#config = config;
    this.#limits = limitsOf(config);
    this.stored.updateConfig(encodeConfig(config, this.sequences));
    if (before.retention !== config.retention && config.retention === "interest") {
      this.#interest.release(compileFilter([]));
    }
    this.#enforcePerSubjectEverywhere(before);
    this.#enforceTotals();
  }

  attach(consumer: AttachedConsumer): void {
    this.consumers.set(consumer.name, consumer);
    this.#attached = [...this.consumers.values()];
  }

  detach(consumer: AttachedConsumer): void {
    if (this.consumers.get(consumer.name) !== consumer) {
      return;
    }
    this.consumers.delete(consumer.name);
    this.#attached = [...this.consumers.values()];
    this.interestChanged(consumer.filter);
  }

  interestChanged(before: SubjectFilter): void {
    if (this.retention === "interest") {
      this.#interest.release(before);
    }
  }

  acknowledged(consumer: AttachedConsumer, sequence: number): void {
    if (this.retention !== "limits") {
      this.#interest.acknowledged(consumer, sequence);
    }
  }

  acknowledgedThrough(consumer: AttachedConsumer, sequence: number): void {
    if (this.retention !== "limits") {
      this.#interest.acknowledgedThrough(consumer, sequence);
    }
  }

  /** Does any consumer take messages on this subject? */
  hasInterest(subject: Subject): boolean {
    return this.#attached.some((consumer) => consumer.filter.matches(subject.text));
  }

  /** After an append: the limits hold again. Per subject first, as the new message may replace one. */
  enforceLimits(subject: Subject): void {
    if (this.#limits.perSubjectMax !== Number.POSITIVE_INFINITY) {
      this.#enforcePerSubject(subject.text);
    }
    this.#enforceTotals();
  }

  /** Tells the consumers about a message just stored. */
  announce(sequence: number, subject: Subject): void {
    for (const consumer of this.#attached) {
      consumer.messageStored(sequence, subject);
    }
  }

  /** Removes one message; false when it is not stored. `except` already knows. */
  remove(sequence: number, options?: { erase?: boolean; except?: AttachedConsumer }): boolean {
    if (!this.messages.remove(sequence, options?.erase === true ? { erase: true } : undefined)) {
      return false;
    }
    for (const consumer of this.#attached) {
      if (consumer !== options?.except) {
        consumer.messageRemoved(sequence);
      }
    }
    return true;
  }

  /**
   * Purges (ADR-10): `below` is exclusive, `keep` leaves that many of the newest matching messages. Returns how many went. A purge of
   * everything below a sequence that is still to come lets the stream go on there.
   */
  purge({ filter, below, keep }: { filter?: string; below?: number; keep?: number }): number {
    const compiled = filter === undefined || filter === ">" ? undefined : compileFilter([filter]);
    const isBeyond = compiled === undefined && below !== undefined && below > this.messages.state.lastSequence + 1;
    const purged = isBeyond
      ? this.messages.continueAt(below)
      : this.messages.purge({
          ...(compiled === undefined ? {} : { filter: compiled }),
          ...(below === undefined ? {} : { below }),
          ...(keep === undefined ? {} : { keep }),
        });
    const { firstSequence, lastSequence } = this.messages.state;
    const remaining = compiled === undefined ? firstSequence : this.messages.nextMatching(compiled, firstSequence);
    for (const consumer of this.#attached) {
      consumer.purged(remaining === 0 ? lastSequence + 1 : remaining, compiled);
    }
    return purged;
  }

  /** Removes what is older than the age limit. Returns the time of the oldest message left, 0n when there is none. */
  expire(nowNs: bigint): bigint {
    if (this.#limits.ageNs > 0n && !this.#config.sealed) {
      this.#removeThrough(this.messages.sequenceAtTime(nowNs - this.#limits.ageNs + 1n) - 1);
    }
    return this.messages.state.messages === 0 ? 0n : this.messages.state.firstTimeNs;
  }

  /** Ends the consumers. Durable state goes with the stream, if it goes. */
  close(reason: "stream-deleted" | "shutdown"): void {
    const closing = this.#attached;
    this.#attached = [];
    this.consumers.clear();
    for (const consumer of closing) {
      consumer.close(reason);
    }
  }

  #removeThrough(last: number): void {
    if (this.#attached.length === 0) {
      this.messages.removeBelow(last + 1);
      return;
    }
    for (let first = this.messages.state.firstSequence; first <= last; first = this.messages.state.firstSequence) {
      if (!this.remove(first)) {
        return;
      }
    }
  }

  #enforceTotals(): void {
    const { discardNew, messagesMax, bytesMax } = this.#limits;
    if (discardNew || (messagesMax === Number.POSITIVE_INFINITY && bytesMax === Number.POSITIVE_INFINITY)) {
      return;
    }
    for (;;) {
      const { messages, bytes, firstSequence } = this.messages.state;
      const isWithin = messages <= messagesMax && bytes <= bytesMax;
      if (isWithin || messages === 0 || !this.remove(firstSequence)) {
        return;
      }
    }
  }

  #enforcePerSubject(subject: string): void {
    for (;;) {
      const state = this.messages.subjectState(subject);
      if (state === undefined || state.messages <= this.#limits.perSubjectMax || !this.remove(state.firstSequence)) {
        return;
      }
    }
  }

  #enforcePerSubjectEverywhere(before: StreamConfig): void {
    if (this.#limits.perSubjectMax >= limitsOf(before).perSubjectMax) {
      return;
    }
    const crowded = [...this.messages.subjectStates(compileFilter([]))].filter(({ messages }) => messages > this.#limits.perSubjectMax);
    for (const { subject } of crowded) {
      this.#enforcePerSubject(subject.text);
    }
  }
}

/** A configuration as the store keeps it. An update may change `first_seq`, so a base stands beside it. */
export function encodeConfig(config: StreamConfig, { base }: WireSequences): Uint8Array {
  return Buffer.from(printJson({ ...shownConfig(config), sequence_base: base === 0n ? undefined : base }));
}
