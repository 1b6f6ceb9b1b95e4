/** What can go wrong with what a stream says about itself, and with changes that were acknowledged. */
import { changed, insertedAfter, lastEnd, type Mutation, replaced } from "./mutation.ts";
import { soundStreams } from "./sound-history.ts";

const { plain, queue } = soundStreams;

export const accountMutations: readonly Mutation[] = [
  {
    id: "miscount-messages",
    says: "a stream counts one message too many",
    caughtBy: "info-agrees",
    apply: (history) => withFigures(history, (end) => ({ messages: (end.messages ?? 0) + 1 })),
  },
  {
    id: "miscount-deleted",
    says: "a stream counts one deleted message too few",
    caughtBy: "info-agrees",
    apply: (history) => withFigures(history, (end) => ({ deleted: (end.deleted ?? 0) + 1 })),
  },
  {
    id: "miscount-subjects",
    says: "a stream counts one subject too many",
    caughtBy: "info-agrees",
    apply: (history) => withFigures(history, (end) => ({ subjects: (end.subjects ?? 0) + 1 })),
  },
  {
    id: "miscount-of-subject",
    says: "a stream counts a message under another subject",
    caughtBy: "info-agrees",
    apply: (history) => withFigures(history, (end) => ({ perSubject: { ...end.perSubject, "s.a": (end.perSubject?.["s.a"] ?? 0) + 1 } })),
  },
  {
    id: "undo-create",
    says: "a created stream is gone",
    caughtBy: "acked-changes-kept",
    apply(history) {
      const end = lastEnd(history, queue);
      const unread = changed(history, (event) => (event.type === "read" && event.stream === queue ? undefined : event));
      return end && replaced(unread, end, { type: "read-end", at: end.at, stream: queue, complete: false, missing: true });
    },
  },
  {
    id: "undo-update",
    says: "a stream has an older configuration again",
    caughtBy: "acked-changes-kept",
    apply: (history) => withFigures(history, () => ({ config: "of long ago" })),
  },
  {
    id: "undo-delete",
    says: "a deleted message is back",
    caughtBy: "acked-changes-kept",
    apply(history, pick) {
      const deleted = pick(
        history.of("delete-message").filter((each) => each.outcome === "ok" && history.ownersOf(plain, each.op.seq).length === 1),
      );
      const [owner] = deleted === undefined ? [] : history.ownersOf(plain, deleted.op.seq);
      const end = lastEnd(history, plain);
      const before = end && history.events[history.events.indexOf(end) - 1];
      if (owner === undefined || before === undefined || deleted === undefined || owner.end > deleted.begin) {
        return undefined;
      }
      const { subject, digest } = owner.op;
      return insertedAfter(history, before, [{ type: "read", at: before.at, stream: plain, seq: owner.seq, subject, digest }]);
    },
  },
];

type End = NonNullable<ReturnType<typeof lastEnd>>;

function withFigures(history: Parameters<Mutation["apply"]>[0], change: (end: End) => Partial<End>): ReturnType<Mutation["apply"]> {
  const end = lastEnd(history, plain);
  return end && replaced(history, end, { ...end, ...change(end) });
}
