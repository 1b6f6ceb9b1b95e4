/** What can go wrong with the messages of a stream: lost, doubled, moved, invented, miscounted. */
import {
  answeredOtherwise,
  askedOtherwise,
  changed,
  completionOf,
  insertedAfter,
  isCompletion,
  lastBeforeReadBack,
  lastEnd,
  lastReads,
  type Mutation,
  ownedReads,
  performedAfter,
  replaced,
  swapped,
} from "./mutation.ts";
import { soundStreams } from "./sound-history.ts";

const { plain, keys } = soundStreams;

export const streamMutations: readonly Mutation[] = [
  {
    id: "drop-acknowledged",
    says: "an acknowledged message is gone",
    caughtBy: "no-acked-loss",
    apply(history, pick) {
      const read = pick(ownedReads(history, plain))?.read;
      return read && replaced(history, read, undefined);
    },
  },
  {
    id: "damage-acknowledged",
    says: "an acknowledged message answers with an error",
    caughtBy: "no-acked-loss",
    apply(history, pick) {
      const read = pick(ownedReads(history, plain))?.read;
      return read && replaced(history, read, { type: "read", at: read.at, stream: plain, seq: read.seq, problem: "damaged" });
    },
  },
  {
    id: "flip-bytes",
    says: "a message has other bytes",
    caughtBy: "no-phantoms",
    apply(history, pick) {
      const read = pick(lastReads(history, plain));
      return read && replaced(history, read, { ...read, digest: "flipped" });
    },
  },
  {
    id: "phantom-subject",
    says: "a message stands under a subject it was not sent to",
    caughtBy: "no-phantoms",
    apply(history, pick) {
      const read = pick(lastReads(history, plain));
      return read && replaced(history, read, { ...read, subject: "s.phantom" });
    },
  },
  {
    id: "store-refused",
    says: "a refused compare-and-set left its message in the stream",
    caughtBy: "no-phantoms",
    apply(history, pick) {
      const refused = pick(history.of("publish").filter((each) => each.outcome === "fail" && each.op.stream === keys));
      const end = lastEnd(history, keys);
      const before = history.events[history.events.findLastIndex((event) => event === end) - 1];
      const { subject, digest } = refused?.op ?? {};
      if (subject === undefined || digest === undefined || before === undefined || end?.lastSeq === undefined) {
        return undefined;
      }
      const seq = String(BigInt(end.lastSeq) + 1n);
      return insertedAfter(history, before, [{ type: "read", at: before.at, stream: keys, seq, subject, digest }]);
    },
  },
  {
    id: "phantom-get",
    says: "a get shows bytes that nobody wrote",
    caughtBy: "no-phantoms",
    apply(history, pick) {
      const get = pick(history.of("get").filter((each) => each.message !== undefined));
      return get?.message && answeredOtherwise(history, get, { message: { ...get.message, digest: "phantom" } });
    },
  },
  {
    id: "swap-two",
    says: "two messages of one client stand in each other's place",
    caughtBy: "order-per-writer",
    apply(history, pick) {
      const owned = ownedReads(history, plain).filter(({ owner }) => owner.batch === undefined && owner.op.msgId === undefined);
      const pairs = owned.flatMap((first, index) => {
        const second = owned.slice(index + 1).find(({ owner }) => owner.process === first.owner.process);
        return second === undefined ? [] : [[first.read, second.read] as const];
      });
      const [first, second] = pick(pairs) ?? [];
      return first && second && swapped(history, first, second);
    },
  },
  {
    id: "store-twice",
    says: "a message is stored a second time",
    caughtBy: "no-duplicates",
    apply(history, pick) {
      const read = pick(ownedReads(history, plain))?.read;
      const last = lastReads(history, plain).at(-1);
      return read && last && insertedAfter(history, last, [{ ...read, at: last.at, seq: String(BigInt(last.seq) + 1n) }]);
    },
  },
  {
    id: "accept-id-twice",
    says: "a message id is accepted as new again inside its window",
    caughtBy: "no-duplicates",
    apply(history, pick) {
      const first = pick(history.acknowledged(plain).filter((ack) => ack.op.msgId !== undefined && ack.duplicate !== true));
      const answer = first && completionOf(history, first);
      const op = { kind: "publish", stream: plain, subject: "s.a", digest: "again", msgId: first?.op.msgId ?? "" } as const;
      const seq = String(BigInt(lastEnd(history, plain)?.lastSeq ?? 0) + 1n);
      return answer && performedAfter(history, answer, { process: 1, op, answer: { type: "ok", seq } });
    },
  },
  {
    id: "failed-publish-claims-id",
    says: "a refused publish claimed its id: the retry is called a duplicate",
    caughtBy: "no-duplicates",
    apply(history) {
      const event = lastBeforeReadBack(history);
      const op = { kind: "publish", stream: plain, subject: "s.a", digest: "claimed", msgId: "claimed" } as const;
      const error = { code: 503, description: "refused" };
      const refused = event && performedAfter(history, event, { process: 1, op, answer: { type: "fail", error } });
      const after = refused && lastBeforeReadBackOf(refused);
      const answer = { type: "ok", seq: lastEnd(history, plain)?.lastSeq ?? "1", duplicate: true } as const;
      return refused && after && performedAfter(refused, after, { process: 1, op, answer });
    },
  },
  {
    id: "duplicate-names-another",
    says: "a duplicate's answer names another message",
    caughtBy: "no-duplicates",
    apply(history, pick) {
      const fresh = history.acknowledged(plain).filter((ack) => ack.op.msgId?.startsWith("last-") === true);
      const first = pick(fresh);
      const answer = first && completionOf(history, first);
      const seq = String(BigInt(first?.seq ?? 2) - 1n);
      return answer && performedAfter(history, answer, { process: 1, op: first.op, answer: { type: "ok", seq, duplicate: true } });
    },
  },
  {
    id: "remember-id-too-long",
    says: "an id is called a duplicate long after its window",
    caughtBy: "no-duplicates",
    apply(history, pick) {
      const first = pick(history.acknowledged(plain).filter((ack) => ack.op.msgId?.startsWith("last-") === true));
      const last = history.events.at(-1);
      if (first === undefined || last === undefined) {
        return undefined;
      }
      const late = { ...last, at: last.at + 300_000 };
      return performedAfter(replaced(history, last, late), late, {
        process: 1,
        op: first.op,
        answer: { type: "ok", seq: first.seq, duplicate: true },
      });
    },
  },
  {
    id: "reissue-sequence",
    says: "a sequence is given to a second message",
    caughtBy: "sequences-never-reused",
    apply(history, pick) {
      const acks = history.acknowledged(plain).filter((ack) => ack.duplicate !== true && ack.batch === undefined);
      const second = pick(acks.slice(1));
      const first = second && pick(acks.filter((ack) => ack.seq !== second.seq));
      return first && second && answeredOtherwise(history, second, { seq: first.seq });
    },
  },
  {
    id: "last-sequence-falls",
    says: "the last sequence falls",
    caughtBy: "sequences-never-reused",
    apply(history) {
      const end = lastEnd(history, plain);
      return end?.lastSeq === undefined ? undefined : replaced(history, end, { ...end, lastSeq: String(BigInt(end.lastSeq) - 1n) });
    },
  },
  {
    id: "last-sequence-falls-in-info",
    says: "an info during the run tells a last sequence below one that was acknowledged before",
    caughtBy: "sequences-never-reused",
    apply(history) {
      const info = history.of("stream-info").findLast((each) => each.figures?.lastSeq !== undefined);
      const figures = info?.figures;
      return info && answeredOtherwise(history, info, { figures: { ...figures, lastSeq: "1" } });
    },
  },
  {
    id: "unexplained-gap",
    says: "the stream skipped a sequence that nobody was given",
    caughtBy: "gaps-explained",
    apply(history) {
      const end = lastEnd(history, keys);
      const unanswered = history.of("publish").filter((each) => each.op.stream === keys && each.outcome !== "ok").length;
      const lastSeq = String(BigInt(end?.lastSeq ?? 0) + BigInt(unanswered) + 1n);
      return end && replaced(history, end, { ...end, lastSeq });
    },
  },
  {
    id: "shift-time",
    says: "a message bears a time before that of the message before it",
    caughtBy: "timestamps-rise",
    apply(history, pick) {
      const read = pick(lastReads(history, plain).slice(1));
      return read && replaced(history, read, { ...read, time: "1000000000000000000" });
    },
  },
  {
    id: "overtake",
    says: "a message sent after another was acknowledged has a lower sequence",
    caughtBy: "real-time-order",
    apply(history, pick) {
      const acks = history.acknowledged(plain).filter((ack) => ack.duplicate !== true && ack.batch === undefined);
      const pairs = acks.flatMap((first, index) => {
        const second = acks.slice(index + 1).find((each) => each.begin > first.end && each.process !== first.process);
        return second === undefined ? [] : [[first, second] as const];
      });
      const [first, second] = pick(pairs) ?? [];
      return first && second && answeredOtherwise(answeredOtherwise(history, first, { seq: second.seq }), second, { seq: first.seq });
    },
  },
  {
    id: "both-winners",
    says: "two compare-and-sets with one expectation are both accepted",
    caughtBy: "preconditions-hold",
    apply(history, pick) {
      const owned = ownedReads(history, keys).filter(({ owner }) => owner.op.expectLastSubjectSeq !== undefined);
      const winner = pick(owned)?.owner;
      const answer = winner && completionOf(history, winner);
      const seq = String(BigInt(lastEnd(history, keys)?.lastSeq ?? 0) + 1n);
      const op = winner && { ...winner.op, digest: "second-winner" };
      return answer && op && performedAfter(history, answer, { process: 4, op, answer: { type: "ok", seq } });
    },
  },
  {
    id: "wrong-last-accepted",
    says: "a publish is accepted that expected an older last sequence",
    caughtBy: "preconditions-hold",
    apply(history) {
      const ack = history.acknowledged(plain).findLast((each) => each.op.expectLastSeq !== undefined && each.op.expectLastSeq !== "0");
      const expectLastSeq = String(BigInt(ack?.op.expectLastSeq ?? 1) - 1n);
      const hasBefore = ack !== undefined && history.ownersOf(plain, String(BigInt(ack.seq) - 1n)).length > 0;
      return hasBefore ? askedOtherwise(history, ack, { expectLastSeq }) : undefined;
    },
  },
  {
    id: "wrong-id-accepted",
    says: "a publish is accepted that expected another last id",
    caughtBy: "preconditions-hold",
    apply(history, pick) {
      const acks = history.acknowledged(plain).filter((ack) => ack.duplicate !== true && ack.batch === undefined);
      const next = pick(acks.filter((ack) => history.ownersOf(plain, String(BigInt(ack.seq) - 1n)).length > 0));
      return next && askedOtherwise(history, next, { expectLastMsgId: "of nobody" });
    },
  },
  {
    id: "half-batch",
    says: "a message of an unanswered batch is missing and the others are there",
    caughtBy: "batches-whole",
    apply(history, pick) {
      const owned = ownedReads(history, plain).filter(({ owner }) => owner.batch !== undefined);
      const { read, owner } = pick(owned) ?? {};
      const siblings = owned.filter((each) => each.owner.id === owner?.id);
      const batch = history.of("publish-batch").find((each) => each.id === owner?.id);
      const answer = batch && completionOf(history, batch);
      if (read === undefined || answer === undefined || siblings.length < 2) {
        return undefined;
      }
      const { seq: _, ...unanswered } = answer;
      const silent = replaced(history, answer, { ...unanswered, type: "info", error: { description: "timeout" } });
      return changed(silent, (event) => (event === read ? undefined : event));
    },
  },
  {
    id: "batch-torn-apart",
    says: "the messages of a batch stand in another order",
    caughtBy: "batches-whole",
    apply(history, pick) {
      const owned = ownedReads(history, plain).filter(({ owner }) => owner.batch !== undefined);
      const first = pick(owned.filter(({ owner }) => owner.batch?.position === 1));
      const second = owned.find(({ owner }) => owner.id === first?.owner.id && owner.batch?.position === 2);
      return first && second && swapped(history, first.read, second.read);
    },
  },
  {
    id: "seen-and-gone",
    says: "a message that nobody acknowledged was seen by a get, and is gone after the crash",
    caughtBy: "observed-stays",
    apply(history) {
      const crash = history.events.find((event) => event.type === "fault");
      const before = crash && history.events[history.events.indexOf(crash) - 1];
      const seq = String(BigInt(lastEnd(history, plain)?.lastSeq ?? 0) + 1n);
      const op = { kind: "publish", stream: plain, subject: "s.a", digest: "undurable" } as const;
      const published =
        before && performedAfter(history, before, { process: 1, op, answer: { type: "info", error: { description: "undurable" } } });
      const answer = { type: "ok", message: { seq, subject: "s.a", digest: "undurable" } } as const;
      const after = published?.events.find(
        (event) => event.type === "info" && event.at === before?.at && event.error?.description === "undurable",
      );
      return published && after && performedAfter(published, after, { process: 2, op: { kind: "get", stream: plain, seq }, answer });
    },
  },
  {
    id: "silent-damage",
    says: "a message in a damaged file is not found, and nothing says so",
    caughtBy: "damage-contained",
    apply(history, pick) {
      const read = pick(ownedReads(history, plain))?.read;
      return read && withDamage(replaced(history, read, undefined));
    },
  },
  {
    id: "no-answer",
    says: "an operation gets no answer until the client gives up",
    caughtBy: "answers-in-time",
    apply(history, pick) {
      const answers = history.events.filter((event) => isCompletion(event)).filter((event) => event.type === "fail");
      const answer = pick(answers);
      return answer && replaced(history, answer, { ...answer, type: "info", error: { description: "timeout" } });
    },
  },
];

function lastBeforeReadBackOf(history: Parameters<Mutation["apply"]>[0]) {
  const index = history.events.findLastIndex((event) => event.type === "fail");
  return history.events[index];
}

/** The last fault was damage to one record of a file. */
export function withDamage(history: Parameters<Mutation["apply"]>[0]) {
  const fault = history.faults.at(-1);
  const evidence = { happened: true, summary: "one bit flipped", details: { recordsMax: 1 } };
  return fault && replaced(history, fault, { ...fault, fault: "damage", evidence });
}
