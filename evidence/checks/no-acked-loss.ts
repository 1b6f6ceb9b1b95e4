/**
 * Every acknowledged publish is read back at its acknowledged sequence with the same subject, headers and bytes.
 *
 * A loss is placed in its writer's order (`losses.ts`), because each place points to another fault. Messages that a limit, delete or purge of
 * the run removed, or may have removed, are not lost.
 */
import type { History } from "../history/history.ts";
import type { AcknowledgedPublish } from "../history/operation-record.ts";
import { type Check, counted, fail, inconclusive, pass } from "./check.ts";
import { findLosses } from "./losses.ts";
import type { Violation } from "./witness.ts";

export const noAckedLoss: Check = {
  id: "no-acked-loss",
  subject: "acknowledged",
  says: "Every acknowledged publish is read back at its sequence with the same subject, headers and bytes.",
  judge(history) {
    const incomplete = history.whyReadBackIncomplete();
    if (incomplete !== undefined) {
      return inconclusive(incomplete);
    }
    const { acknowledged, lost, undecided, place } = findLosses(history);
    const figures = { acknowledged: acknowledged.length, lost: lost.size };
    if (acknowledged.length === 0) {
      return inconclusive("no publish was acknowledged, so none could be lost", figures);
    }
    if (lost.size > 0) {
      const violations = [...lost].map((ack) => violationOf(ack, history));
      return fail(history, {
        summary: `${lost.size} of ${counted(acknowledged.length, "acknowledged publish", "acknowledged publishes")} lost (${place})`,
        figures: { ...figures, place },
        violations,
      });
    }
    if (undecided.length > 0) {
      const missing = counted(undecided.length, "acknowledged message");
      return inconclusive(`${missing} missing, and the history lacks the message sizes that max_bytes is judged by`, figures);
    }
    return pass(`all ${counted(acknowledged.length, "acknowledged publish", "acknowledged publishes")} read back`, figures);
  },
};

function violationOf(ack: AcknowledgedPublish, history: History): Violation {
  return { operations: [ack], says: describeAbsence(ack, history) };
}

function describeAbsence(ack: AcknowledgedPublish, history: History): string {
  const { stream } = ack.op;
  const back = history.lastReadBack(stream);
  if (back?.end?.missing === true) {
    return `stream ${stream} does not exist`;
  }
  const stored = back?.messages.get(ack.seq);
  if (stored?.problem !== undefined) {
    return `sequence ${ack.seq} of ${stream} answers: ${stored.problem}`;
  }
  if (stored !== undefined) {
    return `sequence ${ack.seq} of ${stream} holds ${stored.subject ?? "a message"}, digest ${stored.digest ?? "unknown"}`;
  }
  return `sequence ${ack.seq} of ${stream} is absent; the stream has ${back?.end?.firstSeq ?? "?"} to ${back?.end?.lastSeq ?? "?"}`;
}
