/**
 * The durable heart of a consumer: what was delivered, what waits for an acknowledgement, how often it was redelivered, and
 * the floors below which everything is done. Pure: no clock, no store, no replies. Every change is one method that a journal
 * record replays, so that recovery runs the same code as life.
 *
 * Two pairs of floors exist, because the official server has two: the one it works with, which jumps past whatever the
 * consumer skipped, and the one it stores and reports, which knows only deliveries and acknowledgements. They differ after
 * max_deliver is exhausted: the reported floor stays where it was until the next acknowledgement.
 */
import { PendingTable } from "./consumer-pending.ts";

export type AckPolicy = "none" | "all" | "explicit";

export interface SequencePair {
  consumer: number;
  stream: number;
}

/**
 * The last sequence of every subject at the consumer's creation (deliver policy last_per_subject), ascending from `position` on;
 * then everything after `resume`.
 */
export interface SkipList {
  readonly sequences: readonly number[];
  position: number;
  readonly resume: number;
}

export class ConsumerState {
  readonly ackPolicy: AckPolicy;
  /** Last delivery: grows with every delivery (consumer) and with every new message (stream). */
  readonly delivered: SequencePair = { consumer: 0, stream: 0 };
  readonly floor: SequencePair = { consumer: 0, stream: 0 };
  readonly reportedFloor: SequencePair = { consumer: 0, stream: 0 };
  readonly pending = new PendingTable();
  /** Redeliveries of a message so far. A message that exhausted max_deliver stays here until it leaves the stream. */
  readonly redeliveries = new Map<number, number>();
  /** The next stream sequence to look at; ahead of `delivered.stream` when messages were skipped. */
  nextSequence = 1;
  skipList: SkipList | undefined;

  constructor(ackPolicy: AckPolicy) {
    this.ackPolicy = ackPolicy;
  }

  get nextConsumerSequence(): number {
    return this.delivered.consumer + 1;
  }

  /** Places an unused consumer before stream sequence `first`. */
  start(first: number, skipList?: SkipList): void {
    this.delivered.consumer = 0;
    this.delivered.stream = first - 1;
    setPair(this.floor, 0, first - 1);
    setPair(this.reportedFloor, 0, first - 1);
    this.nextSequence = first;
    this.pending.clear();
    this.redeliveries.clear();
    this.skipList = skipList;
  }

  /** The message takes the next consumer sequence. `sinceMs` starts its ack wait. */
  deliver(streamSequence: number, sinceMs: number): void {
    const consumerSequence = this.delivered.consumer + 1;
    this.delivered.consumer = consumerSequence;
    this.nextSequence = streamSequence + 1;
    if (this.skipList !== undefined) {
      this.skipListed(streamSequence);
    }
    if (streamSequence > this.delivered.stream) {
      this.delivered.stream = streamSequence;
    }
    if (this.ackPolicy === "none") {
      setPair(this.floor, consumerSequence, streamSequence);
      setPair(this.reportedFloor, consumerSequence, this.delivered.stream);
      return;
    }
    this.pending.track(streamSequence, consumerSequence, sinceMs);
  }

  /** A redelivery has a consumer sequence of its own, but the message stays pending under that of its first delivery. */
  redeliver(streamSequence: number, redeliveries: number, sinceMs: number): void {
    this.delivered.consumer += 1;
    this.redeliveries.set(streamSequence, redeliveries);
    this.pending.track(streamSequence, this.delivered.consumer, sinceMs);
  }

  /** Acknowledges exactly one message; false when it was not pending. */
  acknowledge(streamSequence: number): boolean {
    if (this.redeliveries.size > 0) {
      this.redeliveries.delete(streamSequence);
    }
    const consumerSequence = this.pending.remove(streamSequence);
    if (consumerSequence === 0) {
      return false;
    }
    this.#moveFloors(consumerSequence, streamSequence);
    return true;
  }

  /**
   * Acknowledges everything up to `streamSequence` (ack policy all). `consumerSequence` is that of the acknowledged delivery.
   * Returns the sequences that were pending, ascending.
   */
  acknowledgeThrough(streamSequence: number, consumerSequence: number): number[] {
    const wasPending = this.pending.has(streamSequence);
    const done = this.#pendingThrough(streamSequence);
    for (const sequence of done) {
      this.pending.remove(sequence);
    }
    for (const sequence of this.redeliveries.keys()) {
      if (sequence <= streamSequence) {
        this.redeliveries.delete(sequence);
      }
    }
    setPair(this.floor, consumerSequence, streamSequence);
    if (wasPending) {
      setPair(this.reportedFloor, consumerSequence, streamSequence);
    }
    return done;
  }

  /** max_deliver is used up: the message is no longer pending, and the floor we report does not move. */
  exhaust(streamSequence: number, redeliveries: number): void {
    const consumerSequence = this.pending.remove(streamSequence);
    if (consumerSequence !== 0) {
      this.#moveFloor(this.floor, consumerSequence, streamSequence, this.nextSequence);
    }
    this.redeliveries.set(streamSequence, redeliveries);
  }

  /** The stream was purged below `first`: what lay there is done, and so is every pending message that `isStored` denies. */
  purge(first: number, isStored: (streamSequence: number) => boolean): void {
    this.nextSequence = Math.max(this.nextSequence, first);
    for (const sequence of this.pending.sequences()) {
      if (sequence < first || !isStored(sequence)) {
        const consumerSequence = this.pending.remove(sequence);
        this.floor.consumer = Math.max(this.floor.consumer, consumerSequence);
        this.redeliveries.delete(sequence);
      }
    }
    for (const sequence of this.redeliveries.keys()) {
      if (sequence < first) {
        this.redeliveries.delete(sequence);
      }
    }
    this.floor.stream = Math.max(this.floor.stream, first - 1);
    if (this.pending.size === 0) {
      setPair(this.floor, this.delivered.consumer, this.nextSequence - 1);
    }
    this.delivered.stream = Math.max(this.delivered.stream, this.nextSequence - 1);
    setPair(this.reportedFloor, this.floor.consumer, this.floor.stream);
  }

  /** The stream ends earlier than this consumer remembers: what is stored there from now on is new. */
  rewind(lastSequence: number): void {
    this.nextSequence = Math.min(this.nextSequence, lastSequence + 1);
    for (const pair of [this.delivered, this.floor, this.reportedFloor]) {
      pair.stream = Math.min(pair.stream, lastSequence);
    }
  }

  /** Leaves the entries of the skip list up to `sequence` behind: they were delivered, or are no longer stored. */
  skipListed(sequence: number): void {
    const list = this.skipList;
    if (list === undefined) {
      return;
    }
    while (list.position < list.sequences.length && (list.sequences[list.position] ?? 0) <= sequence) {
      list.position += 1;
    }
    if (list.position === list.sequences.length) {
      this.nextSequence = Math.max(this.nextSequence, list.resume + 1);
      this.skipList = undefined;
    }
  }

  #pendingThrough(last: number): number[] {
    const first = this.floor.stream + 1;
    if (last - first >= this.pending.size) {
      return this.pending.sequences().filter((sequence) => sequence <= last);
    }
    const sequences: number[] = [];
    for (let sequence = first; sequence <= last; sequence += 1) {
      if (this.pending.has(sequence)) {
        sequences.push(sequence);
      }
    }
    return sequences;
  }

  #moveFloors(consumerSequence: number, streamSequence: number): void {
    const together = this.floor.consumer === this.reportedFloor.consumer;
    const moved = this.#moveFloor(this.floor, consumerSequence, streamSequence, this.nextSequence);
    if (!together) {
      this.#moveFloor(this.reportedFloor, consumerSequence, streamSequence, this.delivered.stream + 1);
    } else if (this.pending.size === 0) {
      setPair(this.reportedFloor, this.delivered.consumer, this.delivered.stream);
    } else if (moved) {
      setPair(this.reportedFloor, this.floor.consumer, this.floor.stream);
    }
  }

  /** Floors move over contiguous acknowledgements only, and to the delivered position when nothing is pending any more. */
  #moveFloor(floor: SequencePair, consumerSequence: number, streamSequence: number, next: number): boolean {
    if (this.pending.size === 0) {
      setPair(floor, this.delivered.consumer, next - 1);
      return true;
    }
    if (consumerSequence !== floor.consumer + 1) {
      return false;
    }
    setPair(floor, consumerSequence, streamSequence);
    for (let sequence = streamSequence + 1; sequence < next; sequence += 1) {
      const pendingConsumerSequence = this.pending.consumerSequenceOf(sequence);
      if (pendingConsumerSequence > 0) {
        setPair(floor, pendingConsumerSequence - 1, sequence - 1);
        return true;
      }
    }
    return true;
  }
}

function setPair(pair: SequencePair, consumer: number, stream: number): void {
  pair.consumer = consumer;
  pair.stream = stream;
}
