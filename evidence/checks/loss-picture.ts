/** The picture of one fault: which acknowledged publishes were kept and lost, in order, and which other acknowledged changes were undone. */
import type { History } from "../history/history.ts";
import type { LossPicture } from "../results/schema.ts";
import { findUndoneChanges } from "./acked-changes-kept.ts";
import { findUndoneAcks } from "./confirmed-acks-kept.ts";
import { findLosses } from "./losses.ts";

/** A list longer than this says no more than its length. */
const undoneMax = 50;

export function lossPictureOf(history: History, title?: string): LossPicture {
  const { acknowledged, lost, place } = findLosses(history);
  const fault = history.faults.at(-1);
  const undone = [...findUndoneChanges(history).violations, ...findUndoneAcks(history).violations].map((each) => each.says);
  const rest = undone.length - undoneMax;
  return {
    title: title ?? `${fault?.fault ?? "no fault"} during ${history.run?.workload ?? "a workload"} on ${history.run?.target ?? "a target"}`,
    acknowledged: acknowledged.length,
    lost: lost.size,
    place,
    runs: runsOf(acknowledged.map((ack) => !lost.has(ack))),
    undone: rest > 0 ? [...undone.slice(0, undoneMax), `and ${rest} more`] : undone,
    fault: fault?.fault ?? "none",
    evidence: fault?.evidence.summary ?? "no fault was injected",
  };
}

function runsOf(kept: readonly boolean[]): [boolean, number][] {
  const runs: [boolean, number][] = [];
  for (const fate of kept) {
    const last = runs.at(-1);
    if (last?.[0] === fate) {
      last[1] += 1;
    } else {
      runs.push([fate, 1]);
    }
  }
  return runs;
}
