/**
 * The part of a stream store that does not care where bodies are: state, searches, and which messages a removal or purge takes.
 * The file and the memory stream add how a body is written, read and given up.
 */
import { lostSubject, slotOf } from "./message-columns.ts";
import { type BodyReleased, MessageIndex } from "./message-index.ts";
import { MessageSearch } from "./message-search.ts";
import type { MessageInput, MessageView, StreamState, StreamStore, Subject, SubjectFilter, SubjectState } from "./stream-store.ts";
import { everySubject, matchesEverything } from "./subject-filter.ts";

export abstract class IndexedStream implements StreamStore {
  abstract readonly storage: "file" | "memory";
  readonly index: MessageIndex;
  readonly #search: MessageSearch;

  protected constructor(released: BodyReleased) {
    this.index = new MessageIndex(released);
    this.#search = new MessageSearch(this.index);
  }

  abstract append(message: MessageInput): number;
  abstract skip(timeNs: bigint): number;
  abstract read(sequence: number, into: MessageView): boolean;
  /** A stored message is about to be removed. */
  protected abstract removing(sequence: number, erase: boolean): void;
  /** Everything below `floor` is about to be removed. */
  protected abstract removingBelow(floor: number): void;
  /** The stream is empty and is about to go on at `sequence`. */
  protected abstract continuing(sequence: number): void;
  abstract epochOf(sequence: number): number;
  abstract isAtHand(sequence: number, arrived: () => void): boolean;
  abstract readonly removalEpoch: number;

  /** A message's time is never before the one before it, whatever the clock says: searches by time and limits by age rely on it. */
  protected timeAfterLast(timeNs: bigint): bigint {
    const { lastTimeNs } = this.index;
    return timeNs > lastTimeNs ? timeNs : lastTimeNs;
  }

  get state(): StreamState {
    return this.index.state;
  }

  remove(sequence: number, options?: { erase?: boolean }): boolean {
    if (!this.index.has(sequence)) {
      return this.#forgive(sequence);
    }
    this.removing(sequence, options?.erase ?? false);
    this.index.remove(sequence);
    return true;
  }

  removeBelow(sequence: number): number {
    const floor = Math.min(sequence, this.index.last + 1);
    if (floor <= this.index.first && this.index.lost === 0) {
      return 0;
    }
    this.removingBelow(floor);
    return this.index.removeBelow(floor);
  }

  purge(request: { filter?: SubjectFilter; below?: number; keep?: number }): number {
    const { last } = this.index;
    const filter = request.filter ?? everySubject;
    const below = Math.min(request.below ?? Number.POSITIVE_INFINITY, last + 1);
    const keep = request.keep ?? 0;
    if (matchesEverything(filter)) {
      const floor = keep === 0 ? below : this.#oldestKept(below, keep);
      return keep > 0 && floor === 1 ? 0 : this.removeBelow(floor);
    }
    const end = keep === 0 ? below : this.#oldestKept(below, keep, filter);
    let removed = 0;
    let sequence = this.nextMatching(filter, 1);
    while (sequence !== 0 && sequence < end) {
      this.remove(sequence);
      removed += 1;
      sequence = this.nextMatching(filter, sequence + 1);
    }
    return removed;
  }

  continueAt(sequence: number): number {
    const removed = this.removeBelow(this.index.last + 1);
    if (sequence > this.index.last + 1) {
      this.continuing(sequence);
      this.index.continueAt(sequence);
    }
    return removed;
  }

  has(sequence: number): boolean {
    return this.index.has(sequence);
  }

  sizeOf(sequence: number): number {
    return this.index.sizeOf(sequence);
  }

  subjectOf(sequence: number): Subject | undefined {
    return this.index.subjects.subjectAt(this.index.subjectNumber(sequence));
  }

  timeOf(sequence: number): bigint {
    return this.index.timeOf(sequence);
  }

  nextMatching(filter: SubjectFilter, from: number): number {
    return this.#search.next(filter, from);
  }

  previousMatching(filter: SubjectFilter, from: number): number {
    return this.#search.previous(filter, from);
  }

  countMatching(filter: SubjectFilter, from: number): number {
    return this.#search.count(filter, from);
  }

  sequenceAtTime(timeNs: bigint): number {
    return this.#search.sequenceAtTime(timeNs);
  }

  subjectState(subject: string): SubjectState | undefined {
    return this.#search.subjectState(subject);
  }

  subjectStates(filter: SubjectFilter): Iterable<SubjectState> {
    return this.#search.subjectStates(filter);
  }

  *deletedSequences(): Iterable<number> {
    const { index } = this;
    for (let sequence = Math.max(1, index.first); sequence <= index.last; sequence += 1) {
      const number = index.columns.chunkOf(sequence)?.subject[slotOf(sequence)] ?? 0;
      if (number === 0 || number === lostSubject) {
        yield sequence;
      }
    }
  }

  isLost(sequence: number): boolean {
    return this.index.isLost(sequence);
  }

  lostSequences(from?: number, before?: number): Iterable<number> {
    return this.index.lostSequences(from, before);
  }

  /** Somebody knows of the loss and lets the message go: from now on it is deleted like any other. */
  #forgive(sequence: number): boolean {
    if (!this.index.isLost(sequence)) {
      return false;
    }
    this.removing(sequence, false);
    return this.index.forgive(sequence);
  }

  /** The sequence at which the newest `keep` matching messages below `below` begin; 1 when there are no more than that. */
  #oldestKept(below: number, keep: number, filter: SubjectFilter = everySubject): number {
    let sequence = below;
    for (let kept = 0; kept < keep && sequence > 0; kept += 1) {
      sequence = this.previousMatching(filter, sequence - 1);
    }
    return Math.max(1, sequence);
  }
}
