/**
 * Questions about the messages that match a filter. Verdicts are remembered per filter and subject number, and each filter remembers the
 * stretch in which it found nothing, so that a consumer asking with growing `from` looks at every message once.
 */
import { chunkSequences, lostSubject, slotOf } from "./message-columns.ts";
import type { MessageIndex } from "./message-index.ts";
import type { SubjectFilter, SubjectState } from "./stream-store.ts";
import { isLiteral, matchesEverything } from "./subject-filter.ts";

interface Memo {
  readonly filter: SubjectFilter;
  readonly everything: boolean;
  /** The only subject that can match, when the filter is one literal. */
  readonly literal: string | undefined;
  /** By subject number: generation * 2 + verdict + 1; another generation means that the number has a new tenant. */
  verdicts: Float64Array;
  /** Nothing stored in [emptyFrom, emptyTo) matches. */
  emptyFrom: number;
  emptyTo: number;
}

export class MessageSearch {
  readonly #index: MessageIndex;
  readonly #memos = new WeakMap<SubjectFilter, Memo>();
  #recent: Memo | undefined;

  constructor(index: MessageIndex) {
    this.#index = index;
  }

  next(filter: SubjectFilter, from: number): number {
    const index = this.#index;
    const start = Math.max(from, index.first);
    if (index.messages === 0 || start > index.last) {
      return 0;
    }
    const memo = this.#memoOf(filter);
    if (memo.everything) {
      return index.nextStored(start);
    }
    return memo.literal === undefined ? this.#scan(memo, start, Number.POSITIVE_INFINITY) : this.#nextLiteral(memo, memo.literal, start);
  }

  previous(filter: SubjectFilter, from: number): number {
    const index = this.#index;
    const memo = this.#memoOf(filter);
    if (memo.literal !== undefined) {
      const number = index.subjects.numberOf(memo.literal);
      if (number === 0 || (index.subjects.first[number] ?? 0) > from) {
        return 0;
      }
      const last = index.subjects.last[number] ?? 0;
      if (last <= from) {
        return last;
      }
    }
    let sequence = index.columns.skipGapBackward(Math.min(from, index.last));
    while (sequence >= index.first && sequence > 0) {
      const number = index.subjectNumber(sequence);
      if (number !== 0 && this.#matches(memo, number)) {
        return sequence;
      }
      sequence = index.columns.skipGapBackward(sequence - 1);
    }
    return 0;
  }

  count(filter: SubjectFilter, from: number): number {
    const index = this.#index;
    if (index.messages === 0 || from > index.last) {
      return 0;
    }
    const memo = this.#memoOf(filter);
    const total = this.#countAll(memo);
    if (from <= index.first || total === 0) {
      return total;
    }
    const belowIsShorter = from - index.first < index.last - from;
    return belowIsShorter ? total - this.#countIn(memo, index.first, from) : this.#countIn(memo, from, index.last + 1);
  }

  subjectState(text: string): SubjectState | undefined {
    const number = this.#index.subjects.numberOf(text);
    return number === 0 ? undefined : this.#stateOf(number);
  }

  *subjectStates(filter: SubjectFilter): Iterable<SubjectState> {
    const memo = this.#memoOf(filter);
    for (const number of this.#index.subjects.numbers()) {
      const state = this.#matches(memo, number) ? this.#stateOf(number) : undefined;
      if (state !== undefined) {
        yield state;
      }
    }
  }

  sequenceAtTime(timeNs: bigint): number {
    const index = this.#index;
    let sequence = index.messages === 0 ? 0 : index.first;
    while (sequence !== 0) {
      const chunk = index.columns.chunkOf(sequence);
      const slot = slotOf(sequence);
      if (chunk === undefined || chunk.latestNs < timeNs) {
        sequence = index.nextStored(sequence - slot + chunkSequences);
        continue;
      }
      if ((chunk.time[slot] ?? 0n) >= timeNs) {
        return sequence;
      }
      sequence = index.nextStored(sequence + 1);
    }
    return index.last + 1;
  }

  #nextLiteral(memo: Memo, literal: string, start: number): number {
    const { subjects } = this.#index;
    const number = subjects.numberOf(literal);
    if (number === 0 || (subjects.last[number] ?? 0) < start) {
      return 0;
    }
    const first = subjects.first[number] ?? 0;
    return first >= start ? first : this.#scan(memo, start, subjects.last[number] ?? 0);
  }

  #scan(memo: Memo, start: number, end: number): number {
    const index = this.#index;
    const resume = start >= memo.emptyFrom && start <= memo.emptyTo;
    let sequence = index.columns.skipGap(resume ? memo.emptyTo : start);
    const last = Math.min(index.last, end);
    let found = 0;
    while (sequence <= last && found === 0) {
      const subjects = index.columns.chunkOf(sequence)?.subject;
      const slot = slotOf(sequence);
      const stop = Math.min(subjects?.length ?? 0, slot + last - sequence + 1);
      for (let at = slot; at < stop; at += 1) {
        const number = subjects?.[at] ?? 0;
        if (number !== 0 && number !== lostSubject && this.#matches(memo, number)) {
          found = sequence + at - slot;
          break;
        }
      }
      sequence = found === 0 ? index.columns.skipGap(sequence - slot + chunkSequences) : sequence;
    }
    if (!resume) {
      memo.emptyFrom = start;
    }
    memo.emptyTo = found === 0 ? last + 1 : found;
    return found;
  }

  #countAll(memo: Memo): number {
    const { subjects, messages } = this.#index;
    if (memo.everything) {
      return messages;
    }
    if (memo.literal !== undefined) {
      return subjects.count[subjects.numberOf(memo.literal)] ?? 0;
    }
    let total = 0;
    for (const number of subjects.numbers()) {
      total += this.#matches(memo, number) ? (subjects.count[number] ?? 0) : 0;
    }
    return total;
  }

  #countIn(memo: Memo, from: number, end: number): number {
    const index = this.#index;
    let total = 0;
    let sequence = index.columns.skipGap(from);
    while (sequence < end) {
      const subjects = index.columns.chunkOf(sequence)?.subject;
      const slot = slotOf(sequence);
      const stop = Math.min(subjects?.length ?? 0, slot + end - sequence);
      for (let at = slot; at < stop; at += 1) {
        const number = subjects?.[at] ?? 0;
        total += number !== 0 && number !== lostSubject && this.#matches(memo, number) ? 1 : 0;
      }
      sequence = index.columns.skipGap(sequence - slot + chunkSequences);
    }
    return total;
  }

  #stateOf(number: number): SubjectState | undefined {
    const { subjects } = this.#index;
    const subject = subjects.subjectAt(number);
    return subject === undefined
      ? undefined
      : {
          subject,
          messages: subjects.count[number] ?? 0,
          firstSequence: subjects.first[number] ?? 0,
          lastSequence: subjects.last[number] ?? 0,
        };
  }

  #matches(memo: Memo, number: number): boolean {
    if (memo.everything) {
      return true;
    }
    const { subjects } = this.#index;
    const stamp = subjects.generationOf(number) * 2 + 1;
    const known = memo.verdicts[number] ?? 0;
    if (known === stamp || known === stamp + 1) {
      return known !== stamp;
    }
    if (number >= memo.verdicts.length) {
      const larger = new Float64Array(Math.max(subjects.limit, memo.verdicts.length * 2));
      larger.set(memo.verdicts);
      memo.verdicts = larger;
    }
    const verdict = memo.filter.matches(subjects.subjectAt(number)?.text ?? "");
    memo.verdicts[number] = verdict ? stamp + 1 : stamp;
    return verdict;
  }

  #memoOf(filter: SubjectFilter): Memo {
    if (this.#recent?.filter === filter) {
      return this.#recent;
    }
    let memo = this.#memos.get(filter);
    if (memo === undefined) {
      const [only, ...others] = filter.patterns;
      memo = {
        filter,
        everything: matchesEverything(filter),
        literal: only !== undefined && others.length === 0 && isLiteral(only) ? only : undefined,
        verdicts: new Float64Array(8),
        emptyFrom: 1,
        emptyTo: 0,
      };
      this.#memos.set(filter, memo);
    }
    this.#recent = memo;
    return memo;
  }
}
