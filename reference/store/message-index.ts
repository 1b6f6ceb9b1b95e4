/**
 * What a stream knows of its messages without touching a body: sequence → place, size, subject and time, and the totals.
 *
 * Invariants: `messages`, `bytes` and the subject table agree with the columns after every call; the messages of one subject form a
 * doubly linked list in sequence order, so that first, last and count of a subject are kept in O(1) whichever message goes; `first` is
 * the lowest stored sequence, `last + 1` when the stream was emptied, 0 when it is new. Damaged messages (`lost`) are not stored, but
 * not forgotten either: they stay marked until something removes them on purpose.
 */
import { type Chunk, chunkSequences, farAway, lostSubject, MessageColumns, slotOf } from "./message-columns.ts";
import type { StreamState, Subject } from "./stream-store.ts";
import { SubjectTable } from "./subject-table.ts";

const none: readonly number[] = [];

/** Told about every body that is no longer needed. */
export type BodyReleased = (place: number, size: number, offset: number) => void;

export class MessageIndex {
  readonly columns = new MessageColumns();
  readonly subjects = new SubjectTable();
  messages = 0;
  bytes = 0;
  first = 0;
  last = 0;
  lastTimeNs = 0n;
  lost = 0;
  readonly #released: BodyReleased;

  constructor(released: BodyReleased) {
    this.#released = released;
  }

  get state(): StreamState {
    return {
      messages: this.messages,
      bytes: this.bytes,
      firstSequence: this.first,
      lastSequence: this.last,
      firstTimeNs: this.messages === 0 ? 0n : this.timeOf(this.first),
      lastTimeNs: this.lastTimeNs,
      subjects: this.subjects.size,
      deleted: this.first === 0 ? 0 : this.last - this.first + 1 - this.messages,
    };
  }

  /** A stream that hands out `sequence` next. */
  startAt(sequence: number): void {
    this.last = sequence - 1;
    this.first = sequence === 1 ? 0 : sequence;
  }

  /** An empty stream that hands out `sequence` next. The columns begin anew, because they have no room for a wide gap. */
  continueAt(sequence: number): void {
    this.columns.clear();
    this.startAt(sequence);
  }

  /** Appends `last + 1` or, during recovery, any sequence that is not stored; gaps before it are the caller's to explain. */
  insert(sequence: number, subject: Subject, size: number, timeNs: bigint, place: number, offset: number): void {
    const chunk = this.columns.claim(sequence);
    const slot = slotOf(sequence);
    const number = this.subjects.claim(subject);
    chunk.time[slot] = timeNs;
    chunk.place[slot] = place;
    chunk.offset[slot] = offset;
    chunk.size[slot] = size;
    chunk.subject[slot] = number;
    chunk.stored += 1;
    if (timeNs > chunk.latestNs) {
      chunk.latestNs = timeNs;
    }
    this.#link(sequence, number, chunk, slot);
    this.bytes += size;
    if (this.messages === 0 || sequence < this.first) {
      this.first = sequence;
    }
    this.messages += 1;
    if (sequence > this.last) {
      this.last = sequence;
      this.lastTimeNs = timeNs;
    }
  }

  /** Counts and links a message whose columns are filled already; called in ascending order (recovery). */
  adopt(sequence: number, number: number): void {
    const chunk = this.columns.claim(sequence);
    const slot = slotOf(sequence);
    this.#link(sequence, number, chunk, slot);
    this.bytes += chunk.size[slot] ?? 0;
    this.first = this.messages === 0 ? sequence : this.first;
    this.messages += 1;
  }

  /** Consumes `last + 1` without a message. */
  skip(timeNs: bigint): number {
    this.last += 1;
    this.lastTimeNs = timeNs;
    if (this.messages === 0) {
      this.first = this.last + 1;
    }
    return this.last;
  }

  has(sequence: number): boolean {
    return this.subjectNumber(sequence) !== 0;
  }

  /** 0 when the sequence is not stored. */
  subjectNumber(sequence: number): number {
    const number = this.columns.chunkOf(sequence)?.subject[slotOf(sequence)] ?? 0;
    return number === lostSubject ? 0 : number;
  }

  sizeOf(sequence: number): number {
    return this.has(sequence) ? (this.columns.chunkOf(sequence)?.size[slotOf(sequence)] ?? 0) : 0;
  }

  timeOf(sequence: number): bigint {
    return this.has(sequence) ? (this.columns.chunkOf(sequence)?.time[slotOf(sequence)] ?? 0n) : 0n;
  }

  /** Removes a stored message and tells where its body was. */
  remove(sequence: number): void {
    const chunk = this.columns.chunkOf(sequence);
    const slot = slotOf(sequence);
    const number = chunk?.subject[slot] ?? 0;
    if (chunk === undefined || number === 0 || number === lostSubject) {
      throw new Error(`sequence ${sequence} is not stored`);
    }
    const size = chunk.size[slot] ?? 0;
    this.#unlink(sequence, number, chunk, slot);
    chunk.subject[slot] = 0;
    chunk.stored -= 1;
    this.messages -= 1;
    this.bytes -= size;
    this.#released(chunk.place[slot] ?? 0, size, chunk.offset[slot] ?? 0);
    if (chunk.stored === 0) {
      this.columns.dropIfEmpty(sequence);
    }
    if (sequence === this.first) {
      this.first = this.messages === 0 ? this.last + 1 : this.nextStored(sequence + 1);
    }
  }

  /** Removes every message below `sequence` (at most `last + 1`); the lost ones below it are forgiven. */
  removeBelow(sequence: number): number {
    const floor = Math.min(sequence, this.last + 1);
    const before = this.messages;
    if (floor > this.last) {
      this.#removeAll();
    } else if (this.messages > 0 && this.first < floor) {
      this.#removeFront(floor);
    }
    this.#forgiveBelow(floor);
    if (this.messages === 0 && floor > this.first) {
      this.first = this.last + 1;
    }
    return before - this.messages;
  }

  /** Takes no message out of the list of its subject, so that a million go in the time of a turn. */
  #removeAll(): void {
    const { columns } = this;
    for (let sequence = columns.skipGap(this.first); sequence <= this.last; ) {
      const { subject, place, size, offset } = columns.chunkOf(sequence) ?? {};
      for (const [slot, number] of subject?.entries() ?? []) {
        if (number !== 0 && number !== lostSubject) {
          this.#released(place?.[slot] ?? 0, size?.[slot] ?? 0, offset?.[slot] ?? 0);
        }
      }
      sequence = columns.skipGap(sequence - slotOf(sequence) + chunkSequences);
    }
    columns.clear();
    this.subjects.clear();
    this.messages = 0;
    this.bytes = 0;
    this.lost = 0;
  }

  /**
   * Removes in ascending order, so that each is the first on its subject: nothing before it has to be told, and what comes after it only
   * if it stays.
   */
  #removeFront(floor: number): void {
    const { columns } = this;
    for (let sequence = columns.skipGap(this.first); sequence < floor; ) {
      const chunk = columns.chunkOf(sequence);
      const slot = slotOf(sequence);
      if (chunk !== undefined) {
        this.#removeSlots(chunk, sequence - slot, { from: slot, end: Math.min(chunk.capacity, floor - sequence + slot) }, floor);
        columns.dropIfEmpty(sequence);
      }
      sequence = columns.skipGap(sequence - slot + chunkSequences);
    }
    this.first = this.messages === 0 ? this.last + 1 : this.nextStored(floor);
  }

  #removeSlots(chunk: Chunk, base: number, { from, end }: { readonly from: number; readonly end: number }, floor: number): void {
    const { subjects } = this;
    for (let slot = from; slot < end; slot += 1) {
      const number = chunk.subject[slot] ?? 0;
      if (number === 0 || number === lostSubject) {
        continue;
      }
      const count = (subjects.count[number] ?? 0) - 1;
      subjects.count[number] = count;
      if (count === 0) {
        subjects.release(number);
      } else {
        const next = this.nextOnSubject(base + slot, number);
        subjects.first[number] = next;
        if (next >= floor) {
          this.columns.setPrevious(next, 0);
        }
      }
      const size = chunk.size[slot] ?? 0;
      chunk.subject[slot] = 0;
      chunk.stored -= 1;
      this.messages -= 1;
      this.bytes -= size;
      this.#released(chunk.place[slot] ?? 0, size, chunk.offset[slot] ?? 0);
    }
  }

  /** Lowest stored sequence >= `from`, 0 when none. */
  nextStored(from: number): number {
    let sequence = this.columns.skipGap(from);
    while (sequence <= this.last) {
      const chunk = this.columns.chunkOf(sequence);
      const subjects = chunk?.subject;
      const end = subjects?.length ?? 0;
      const slot = slotOf(sequence);
      for (let at = slot; at < end; at += 1) {
        const number = subjects?.[at] ?? 0;
        if (number !== 0 && number !== lostSubject) {
          return sequence + at - slot;
        }
      }
      sequence = this.columns.skipGap(sequence - slot + 1024);
    }
    return 0;
  }

  /** Marks a sequence that should be stored but is damaged. */
  markLost(sequence: number): void {
    const chunk = this.columns.claim(sequence);
    const slot = slotOf(sequence);
    if (chunk.subject[slot] !== 0) {
      return;
    }
    chunk.subject[slot] = lostSubject;
    chunk.lost += 1;
    this.lost += 1;
  }

  isLost(sequence: number): boolean {
    return this.columns.chunkOf(sequence)?.subject[slotOf(sequence)] === lostSubject;
  }

  /** A lost sequence was removed on purpose or found after all. */
  forgive(sequence: number): boolean {
    const chunk = this.columns.chunkOf(sequence);
    const slot = slotOf(sequence);
    if (chunk === undefined || chunk.subject[slot] !== lostSubject) {
      return false;
    }
    chunk.subject[slot] = 0;
    chunk.lost -= 1;
    this.lost -= 1;
    this.columns.dropIfEmpty(sequence);
    return true;
  }

  /** Ascending; free when nothing is lost. */
  lostSequences(from = 1, before = Number.POSITIVE_INFINITY): Iterable<number> {
    return this.lost === 0 || from >= before ? none : this.#walkLost(from, before);
  }

  *#walkLost(from: number, before: number): Iterable<number> {
    let sequence = this.columns.skipGap(from);
    while (sequence <= this.last && sequence < before) {
      const chunk = this.columns.chunkOf(sequence);
      if (chunk?.lost === 0) {
        sequence = this.columns.skipGap(sequence - slotOf(sequence) + chunkSequences);
        continue;
      }
      if (this.isLost(sequence)) {
        yield sequence;
      }
      sequence = this.columns.skipGap(sequence + 1);
    }
  }

  /** Where the body of a stored message is. */
  placeOf(sequence: number): { place: number; offset: number } {
    const chunk = this.columns.chunkOf(sequence);
    const slot = slotOf(sequence);
    return { place: chunk?.place[slot] ?? 0, offset: chunk?.offset[slot] ?? 0 };
  }

  /** The body of a stored message moved. */
  relocate(sequence: number, place: number, offset: number): void {
    const chunk = this.columns.chunkOf(sequence);
    const slot = slotOf(sequence);
    if (chunk === undefined) {
      throw new Error(`sequence ${sequence} is not stored`);
    }
    chunk.place[slot] = place;
    chunk.offset[slot] = offset;
  }

  #forgiveBelow(floor: number): void {
    if (this.lost === 0) {
      return;
    }
    // Collected first, because forgiving may drop the chunk that is being walked.
    const doomed = Array.from(this.lostSequences()).filter((sequence) => sequence < floor);
    for (const sequence of doomed) {
      this.forgive(sequence);
    }
  }

  #link(sequence: number, number: number, chunk: Chunk, slot: number): void {
    const { subjects } = this;
    let before = subjects.last[number] ?? 0;
    let after = 0;
    // Only recovery inserts out of order; walking back from the newest is short there, too.
    while (before > sequence) {
      after = before;
      before = this.previousOnSubject(before, number);
    }
    chunk.previous[slot] = before > 0 ? distance(before, sequence) : 0;
    chunk.next[slot] = after > 0 ? distance(sequence, after) : 0;
    if (before > 0) {
      this.columns.setNext(before, distance(before, sequence));
    } else {
      subjects.first[number] = sequence;
    }
    if (after > 0) {
      this.columns.setPrevious(after, distance(sequence, after));
    } else {
      subjects.last[number] = sequence;
    }
    subjects.count[number] = (subjects.count[number] ?? 0) + 1;
  }

  #unlink(sequence: number, number: number, chunk: Chunk, slot: number): void {
    const { subjects } = this;
    const count = subjects.count[number] ?? 0;
    if (count === 1) {
      subjects.count[number] = 0;
      subjects.release(number);
      return;
    }
    const before = chunk.previous[slot] === 0 ? 0 : this.previousOnSubject(sequence, number);
    const after = chunk.next[slot] === 0 ? 0 : this.nextOnSubject(sequence, number);
    subjects.count[number] = count - 1;
    if (before > 0) {
      this.columns.setNext(before, after > 0 ? distance(before, after) : 0);
    } else {
      subjects.first[number] = after;
    }
    if (after > 0) {
      this.columns.setPrevious(after, before > 0 ? distance(before, after) : 0);
    } else {
      subjects.last[number] = before;
    }
  }

  /** The next stored message on the same subject, 0 at the end. */
  nextOnSubject(sequence: number, number: number): number {
    const step = this.columns.chunkOf(sequence)?.next[slotOf(sequence)] ?? 0;
    if (step !== farAway) {
      return step === 0 ? 0 : sequence + step;
    }
    let next = this.nextStored(sequence + farAway);
    while (next !== 0 && this.subjectNumber(next) !== number) {
      next = this.nextStored(next + 1);
    }
    return next;
  }

  /** The previous stored message on the same subject, 0 at the beginning. */
  previousOnSubject(sequence: number, number: number): number {
    const step = this.columns.chunkOf(sequence)?.previous[slotOf(sequence)] ?? 0;
    if (step !== farAway) {
      return step === 0 ? 0 : sequence - step;
    }
    let previous = this.columns.skipGapBackward(sequence - farAway);
    while (previous > 0 && this.subjectNumber(previous) !== number) {
      previous = this.columns.skipGapBackward(previous - 1);
    }
    return Math.max(0, previous);
  }
}

function distance(from: number, to: number): number {
  return Math.min(to - from, farAway);
}
