/**
 * Fills a stream's index while the log is read: messages come in any order and may go again, so links and totals are made once, at the
 * end. Sequences that the log skips without a word are marked as lost until something explains them.
 */
import { chunkSequences, lostSubject, slotOf } from "./message-columns.ts";
import type { MessageIndex } from "./message-index.ts";
import { sortedBase } from "./segment.ts";

/** A message as the log or an index footer tells of it; one object is used again and again. */
export interface FoundMessage {
  sequence: number;
  /** Number in the stream's subject table. */
  subject: number;
  size: number;
  timeNs: bigint;
  place: number;
  offset: number;
}

export class IndexRestore {
  readonly #index: MessageIndex;
  /** Nothing below is stored or lost. */
  floor: number;
  last: number;
  lastTimeNs: bigint;

  constructor(index: MessageIndex, from: { floor: number; last: number; lastTimeNs: bigint }) {
    this.#index = index;
    this.floor = from.floor;
    this.last = from.last;
    this.lastTimeNs = from.lastTimeNs;
  }

  /** The number of a subject, `bytes[start .. end)`, that stays until `finish`. */
  subject(bytes: Uint8Array, start: number, end: number): number {
    return this.#index.subjects.claimBytes(bytes, start, end);
  }

  place(entry: FoundMessage): void {
    const { sequence } = entry;
    if (sequence < this.floor) {
      return;
    }
    this.#passTo(sequence, entry.timeNs);
    const chunk = this.#index.columns.claim(sequence);
    const slot = slotOf(sequence);
    if (chunk.subject[slot] === lostSubject) {
      this.#index.forgive(sequence);
      this.place(entry);
      return;
    }
    if (chunk.subject[slot] === 0) {
      chunk.stored += 1;
    } else if ((chunk.place[slot] ?? 0) >= sortedBase && entry.place < sortedBase) {
      // The log still has what was sorted: the copy counts, so that the work is not done again.
      return;
    }
    chunk.subject[slot] = entry.subject;
    chunk.time[slot] = entry.timeNs;
    chunk.place[slot] = entry.place;
    chunk.offset[slot] = entry.offset;
    chunk.size[slot] = entry.size;
    if (entry.timeNs > chunk.latestNs) {
      chunk.latestNs = entry.timeNs;
    }
  }

  /** The sequence was used, but holds nothing. */
  skip(sequence: number, timeNs: bigint): void {
    this.#passTo(sequence, timeNs);
    this.drop(sequence);
  }

  /** The sequence was used for a message that can't be read. */
  lose(sequence: number, timeNs: bigint): void {
    this.#passTo(sequence, timeNs);
    this.markLost(sequence);
  }

  /** The stream took sequences up to this one; what of them is not found is lost. */
  reach(sequence: number): void {
    for (let missing = Math.max(this.last + 1, this.floor); missing <= sequence; missing += 1) {
      this.#index.markLost(missing);
    }
    this.last = Math.max(this.last, sequence);
  }

  drop(sequence: number): void {
    const chunk = this.#index.columns.chunkOf(sequence);
    const slot = slotOf(sequence);
    const number = chunk?.subject[slot] ?? 0;
    if (chunk === undefined || number === 0) {
      return;
    }
    if (number === lostSubject) {
      this.#index.forgive(sequence);
      return;
    }
    chunk.subject[slot] = 0;
    chunk.stored -= 1;
    this.#index.columns.dropIfEmpty(sequence);
  }

  dropRange(start: number, end: number): void {
    const { columns } = this.#index;
    for (let sequence = columns.skipGap(start); sequence < end; sequence = columns.skipGap(sequence + 1)) {
      this.drop(sequence);
    }
  }

  /** Beyond the next sequence, the stream went on there. */
  raiseFloor(floor: number): void {
    if (floor > this.floor) {
      this.dropRange(this.floor, floor);
      this.floor = floor;
    }
    if (floor > this.last + 1) {
      this.#index.columns.clear();
      this.last = floor - 1;
    }
  }

  isStored(sequence: number): boolean {
    return this.#index.has(sequence);
  }

  markLost(sequence: number): void {
    if (sequence >= this.floor) {
      this.#index.markLost(sequence);
    }
  }

  /** Makes links, counts and totals. `held` hears of every stored message. */
  finish(held: (place: number, size: number) => void): void {
    const index = this.#index;
    index.last = this.last;
    index.lastTimeNs = this.lastTimeNs;
    const { columns } = index;
    for (let start = columns.skipGap(0); start <= this.last; ) {
      const chunk = columns.chunkOf(start);
      const subjects = chunk?.subject;
      const first = start - slotOf(start);
      for (let slot = 0; slot < (subjects?.length ?? 0); slot += 1) {
        const number = subjects?.[slot] ?? 0;
        if (number !== 0 && number !== lostSubject) {
          index.adopt(first + slot, number);
          held(chunk?.place[slot] ?? 0, chunk?.size[slot] ?? 0);
        }
      }
      start = columns.skipGap(first + chunkSequences);
    }
    for (const number of index.subjects.numbers()) {
      if (index.subjects.count[number] === 0) {
        index.subjects.release(number);
      }
    }
    if (index.messages === 0) {
      // A stream that never held anything reports 0; one that was emptied, or starts elsewhere, its next sequence.
      index.first = this.last === 0 && this.floor === 0 ? 0 : this.last + 1;
    }
  }

  #passTo(sequence: number, timeNs: bigint): void {
    for (let missing = Math.max(this.last + 1, this.floor); missing < sequence; missing += 1) {
      this.#index.markLost(missing);
    }
    // It may have been reached before it was found.
    if (sequence >= this.last) {
      this.last = sequence;
      this.lastTimeNs = timeNs;
    }
  }
}
