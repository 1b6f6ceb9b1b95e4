/** What can go wrong with a key that is read and written by compare-and-set. */
import { History } from "../history/history.ts";
import { answeredOtherwise, completionOf, type Mutation, ownedReads, performedAfter } from "./mutation.ts";
import { soundStreams } from "./sound-history.ts";

const { keys } = soundStreams;

export const keyMutations: readonly Mutation[] = [
  {
    id: "stale-read",
    says: "a get shows an older value of a key after a newer one was acknowledged",
    caughtBy: "per-key-linearizable",
    apply(history) {
      const [older, newer] = lastTwo(history);
      const answer = newer && completionOf(history, newer);
      const message = older && { seq: older.seq, subject: older.op.subject, digest: older.op.digest };
      const op = { kind: "get", stream: keys, subject: older?.op.subject ?? "" } as const;
      return answer && message && performedAfter(history, answer, { process: 5, op, answer: { type: "ok", message } });
    },
  },
  {
    id: "absent-read",
    says: "a get says that there is no value of a key that was written and acknowledged",
    caughtBy: "per-key-linearizable",
    apply(history, pick) {
      const get = pick(history.of("get").filter((each) => each.op.stream === keys && each.op.subject === "k.last"));
      return get && answeredOtherwise(withoutMessage(history, get.id), get, { absent: true });
    },
  },
  {
    id: "refuse-right",
    says: "a compare-and-set with the right expectation is refused",
    caughtBy: "per-key-linearizable",
    apply(history) {
      const [older, newer] = lastTwo(history);
      const answer = older && completionOf(history, older);
      const op = older && { ...older.op, digest: "right-but-refused", expectLastSubjectSeq: older.seq };
      const error = { code: 400, errCode: 10_071, description: "wrong last sequence" };
      return newer && answer && op && performedAfter(history, answer, { process: 5, op, answer: { type: "fail", error } });
    },
  },
  {
    id: "lose-update",
    says: "an acknowledged write of a key is overwritten by one that named the value before it",
    caughtBy: "per-key-linearizable",
    apply(history, pick) {
      const { owner } = pick(ownedReads(history, keys).filter((each) => each.owner.op.expectLastSubjectSeq !== undefined)) ?? {};
      const answer = owner && completionOf(history, owner);
      const seq = String(BigInt(history.lastReadBack(keys)?.end?.lastSeq ?? 0) + 1n);
      const op = owner && { ...owner.op, digest: "lost-update" };
      return answer && op && performedAfter(history, answer, { process: 4, op, answer: { type: "ok", seq } });
    },
  },
];

/** The writes that end every sound history: one creates the key, the other replaces it. */
function lastTwo(history: History) {
  return history.acknowledged(keys).filter((ack) => ack.op.subject === "k.last");
}

function withoutMessage(history: History, id: number): History {
  const { events } = history;
  const stripped = events.map((event) => {
    if (event.type !== "ok" || event.id !== id) {
      return event;
    }
    const { message: _, ...rest } = event;
    return rest;
  });
  return History.of(stripped);
}
