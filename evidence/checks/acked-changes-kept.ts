/**
 * A change that was acknowledged stays: a created stream or consumer exists, a deleted one does not, an updated stream has its last configuration,
 * purged and deleted messages do not come back. A later change that happened, or may have, takes the earlier one's place.
 */
import type { History } from "../history/history.ts";
import { type Check, counted, fail, inconclusive, pass } from "./check.ts";
import { undoneConsumers } from "./consumer-changes.ts";
import { undoneDeletes, undonePurges } from "./message-removals.ts";
import { type ChangeFindings, undoneStreams } from "./stream-changes.ts";
import type { Violation } from "./witness.ts";

export const ackedChangesKept: Check = {
  id: "acked-changes-kept",
  subject: "changes",
  says: "Acknowledged creates, updates, deletes and purges are still so at the end.",
  judge(history) {
    const { judged, unread, violations } = findUndoneChanges(history);
    const figures = { changes: judged, undone: violations.length };
    if (violations.length > 0) {
      return fail(history, { summary: `${violations.length} of ${counted(judged, "acknowledged change")} undone`, figures, violations });
    }
    const [first] = unread;
    if (first !== undefined) {
      return inconclusive(`${first} was not read back`, figures);
    }
    if (judged === 0) {
      return inconclusive("no change was acknowledged, so none could be undone", figures);
    }
    return pass(`${counted(judged, "acknowledged change")} kept`, figures);
  },
};

export interface UndoneChanges {
  readonly judged: number;
  /** What was changed and never looked at again. */
  readonly unread: readonly string[];
  readonly violations: readonly Violation[];
}

export function findUndoneChanges(history: History): UndoneChanges {
  const parts: ChangeFindings[] = [undoneStreams(history), undoneConsumers(history), undonePurges(history), undoneDeletes(history)];
  return {
    judged: parts.reduce((sum, part) => sum + part.judged, 0),
    unread: [...new Set(parts.flatMap((part) => part.unread))],
    violations: parts.flatMap((part) => part.violations),
  };
}
