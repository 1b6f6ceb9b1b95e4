/**
 * A publish that names the last sequence it expects is accepted only while that is the last: of the stream (`expectLastSeq`), or of its subject or
 * filter (`expectLastSubjectSeq`). So no other message stands between the expected sequence and its own, and of two with one expectation one is
 * refused. A message that was, or may have been, removed does not count for its subject. One that expects an id follows the message with it.
 *
 * Whether a *refusal* was right, `per-key-linearizable` says.
 */
import type { History } from "../history/history.ts";
import { type PlacedPublish, placedPublishes } from "../history/placed-publishes.ts";
import { Removals } from "../history/removals.ts";
import { compareSequences } from "../history/sequence-order.ts";
import { subjectMatches } from "../history/subject-filter.ts";
import { type Check, counted, fail, inconclusive, pass } from "./check.ts";
import { betweenStreams } from "./stream-lives.ts";
import type { Violation } from "./witness.ts";

export const preconditionsHold: Check = {
  id: "preconditions-hold",
  subject: "judged",
  says: "A publish with an expected last sequence is accepted only while that sequence is the last.",
  judge(history) {
    const placed = [...placedPublishes(history).values()];
    const violations = placed.flatMap((publishes) => brokenIn(new Conditions(history, publishes)));
    const judged = placed.flat().filter(isConditional).length;
    const figures = { judged, violations: violations.length };
    if (violations.length > 0) {
      return fail(history, { summary: `${counted(violations.length, "precondition")} did not hold`, figures, violations });
    }
    return judged === 0
      ? inconclusive("no publish with a precondition was acknowledged", figures)
      : pass(`${counted(judged, "precondition")} held`, figures);
  },
};

function isConditional({ op }: PlacedPublish): boolean {
  return op.expectLastSeq !== undefined || op.expectLastSubjectSeq !== undefined || op.expectLastMsgId !== undefined;
}

function brokenIn(conditions: Conditions): Violation[] {
  return conditions.publishes.flatMap((publish, index) => [
    ...conditions.ofStream(publish, index),
    ...conditions.ofSubject(publish, index),
    ...conditions.ofId(publish, index),
  ]);
}

/** The publishes of one stream in the order of their sequences, and what stood before each. */
class Conditions {
  readonly publishes: readonly PlacedPublish[];
  readonly #history: History;
  readonly #removals: Removals;
  /** Indexes of the publishes of each subject, rising. */
  readonly #ofSubject: ReadonlyMap<string, readonly number[]>;
  readonly #place = new Map<number, number>();

  constructor(history: History, publishes: readonly PlacedPublish[]) {
    this.#history = history;
    this.publishes = publishes;
    this.#removals = new Removals(history);
    const indexes = Map.groupBy(publishes.keys(), (index) => publishes[index]?.op.subject ?? "");
    this.#ofSubject = indexes;
    for (const ofOne of indexes.values()) {
      ofOne.forEach((index, place) => this.#place.set(index, place));
    }
  }

  ofStream(publish: PlacedPublish, index: number): Violation[] {
    const expected = publish.op.expectLastSeq;
    return expected === undefined ? [] : this.#judge({ publish, expected, before: this.#lastBefore(publish, index, () => true) });
  }

  ofSubject(publish: PlacedPublish, index: number): Violation[] {
    const { subject, expectLastSubjectSeq: expected, expectLastSubjectFilter: filter = subject } = publish.op;
    if (expected === undefined) {
      return [];
    }
    const stands = (other: PlacedPublish): boolean => this.#removals.explain(other) === "no";
    const before =
      filter === subject
        ? this.#lastOfSubject(publish, index, stands)
        : this.#lastBefore(publish, index, (other) => subjectMatches(filter, other.op.subject) && stands(other), expected);
    return this.#judge({ publish, expected, before });
  }

  ofId(publish: PlacedPublish, index: number): Violation[] {
    const expected = publish.op.expectLastMsgId;
    const before = this.publishes[index - 1];
    const isNext =
      before !== undefined && BigInt(before.seq) + 1n === BigInt(publish.seq) && !betweenStreams(this.#history, before, publish);
    if (expected === undefined || !isNext || before.op.msgId === expected) {
      return [];
    }
    const says = `sequence ${publish.seq} expected id ${expected} before it, and ${before.seq} has ${before.op.msgId ?? "none"}`;
    return [{ says, operations: [before, publish] }];
  }

  #judge(found: { publish: PlacedPublish; expected: string; before: PlacedPublish | undefined }): Violation[] {
    const { publish, expected, before } = found;
    if (compareSequences(publish.seq, expected) <= 0) {
      return [{ says: `sequence ${publish.seq} was given to a publish that expected ${expected} to be the last`, operations: [publish] }];
    }
    if (before === undefined || compareSequences(before.seq, expected) <= 0) {
      return [];
    }
    return [{ says: `sequence ${before.seq} stands between the expected ${expected} and ${publish.seq}`, operations: [before, publish] }];
  }

  /** The last other one before `index` that counts; not looked for below `downTo`. */
  #lastBefore(publish: PlacedPublish, index: number, counts: (other: PlacedPublish) => boolean, downTo = "0"): PlacedPublish | undefined {
    for (let at = index - 1; at >= 0; at -= 1) {
      const other = this.publishes[at];
      if (other === undefined || compareSequences(other.seq, downTo) <= 0) {
        return undefined;
      }
      if (this.#isOther(publish, other) && counts(other)) {
        return other;
      }
    }
    return undefined;
  }

  #lastOfSubject(publish: PlacedPublish, index: number, counts: (other: PlacedPublish) => boolean): PlacedPublish | undefined {
    const indexes = this.#ofSubject.get(publish.op.subject) ?? [];
    const expected = publish.op.expectLastSubjectSeq ?? "0";
    for (let place = (this.#place.get(index) ?? 0) - 1; place >= 0; place -= 1) {
      const other = this.publishes[indexes[place] ?? -1];
      if (other === undefined || compareSequences(other.seq, expected) <= 0) {
        return undefined;
      }
      if (this.#isOther(publish, other) && counts(other)) {
        return other;
      }
    }
    return undefined;
  }

  /** The messages of one batch are stored together: a condition is about what stood before all of them. */
  #isOther(publish: PlacedPublish, other: PlacedPublish): boolean {
    return other.id !== publish.id && !betweenStreams(this.#history, other, publish);
  }
}
