/** Every check by its id, and the judgement of one history by several of them. */
import type { History } from "../history/history.ts";
import { ackFloorRises } from "./ack-floor-rises.ts";
import { ackedChangesKept } from "./acked-changes-kept.ts";
import { answersInTime } from "./answers-in-time.ts";
import { batchesWhole } from "./batches-whole.ts";
import { type Check, inconclusive, type Verdict } from "./check.ts";
import { confirmedAcksKept } from "./confirmed-acks-kept.ts";
import { consumerInfoAgrees } from "./consumer-info-agrees.ts";
import { damageContained } from "./damage-contained.ts";
import { deliveriesComplete } from "./deliveries-complete.ts";
import { deliveriesInOrder } from "./deliveries-in-order.ts";
import { gapsExplained } from "./gaps-explained.ts";
import { infoAgrees } from "./info-agrees.ts";
import { noAckedLoss } from "./no-acked-loss.ts";
import { noDuplicates } from "./no-duplicates.ts";
import { noPhantoms } from "./no-phantoms.ts";
import { observedStays } from "./observed-stays.ts";
import { orderPerWriter } from "./order-per-writer.ts";
import { perKeyLinearizable } from "./per-key-linearizable.ts";
import { preconditionsHold } from "./preconditions-hold.ts";
import { processedOnce } from "./processed-once.ts";
import { realTimeOrder } from "./real-time-order.ts";
import { retentionFollowsAcks } from "./retention-follows-acks.ts";
import { sequencesNeverReused } from "./sequences-never-reused.ts";
import { timestampsRise } from "./timestamps-rise.ts";

const all: readonly Check[] = [
  ackFloorRises,
  ackedChangesKept,
  answersInTime,
  batchesWhole,
  confirmedAcksKept,
  consumerInfoAgrees,
  damageContained,
  deliveriesComplete,
  deliveriesInOrder,
  gapsExplained,
  infoAgrees,
  noAckedLoss,
  noDuplicates,
  noPhantoms,
  observedStays,
  orderPerWriter,
  perKeyLinearizable,
  preconditionsHold,
  processedOnce,
  realTimeOrder,
  retentionFollowsAcks,
  sequencesNeverReused,
  timestampsRise,
];

export const checks: Readonly<Record<string, Check>> = Object.fromEntries(all.map((check) => [check.id, check]));

export interface Judgement {
  readonly outcome: Verdict["outcome"];
  /** One sentence: the worst verdict's own, named by its check. */
  readonly summary: string;
  readonly verdicts: Readonly<Record<string, Verdict>>;
  /** Of the first failing check. */
  readonly witness: readonly string[];
}

const severity: Readonly<Record<Verdict["outcome"], number>> = { pass: 0, inconclusive: 1, fail: 2 };

/**
 * Judges by each named check and takes the worst: a failure before an unknown before a pass. A loss stays a loss when a fault left no evidence; a
 * clean history with such a fault proves nothing and is inconclusive, as it is when a check throws.
 */
export function judgeHistory(history: History, ids: readonly string[]): Judgement {
  const verdicts = Object.fromEntries(ids.map((id) => [id, judgeSafely(history, id)]));
  const silent = history.faults.find((fault) => !fault.evidence.happened);
  const entries: (readonly [string, Verdict])[] = Object.entries(verdicts);
  if (silent !== undefined) {
    entries.push([`fault ${silent.fault}`, inconclusive(`no evidence that it happened: ${silent.evidence.summary}`)]);
  }
  if (entries.length === 0) {
    return { outcome: "inconclusive", summary: "nothing was checked", verdicts, witness: [] };
  }
  const [name, worst] = entries.reduce((most, each) => (severity[each[1].outcome] > severity[most[1].outcome] ? each : most));
  const summary = worst.outcome === "pass" ? entries.map(([, verdict]) => verdict.summary).join("; ") : `${name}: ${worst.summary}`;
  return { outcome: worst.outcome, summary, verdicts, witness: worst.witness };
}

function judgeSafely(history: History, id: string): Verdict {
  const check = checks[id];
  if (check === undefined) {
    return inconclusive(`there is no check "${id}"; there are ${Object.keys(checks).join(", ")}`);
  }
  try {
    return check.judge(history);
  } catch (error) {
    return inconclusive(`the check itself failed: ${error instanceof Error ? error.message : String(error)}`);
  }
}
