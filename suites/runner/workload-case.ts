/** A case with a workload: load, faults at their moments, the rest of the load, read-back, judgement of the history by the case's checks. */

import { lossPictureOf } from "../../evidence/checks/loss-picture.ts";
import { judgeHistory } from "../../evidence/checks/registry.ts";
import { HistoryWriter } from "../../evidence/history/history-writer.ts";
import type { Instance } from "../../targets/target.ts";
import type { FaultFields } from "../catalog/fault-plan.ts";
import type { Case } from "../catalog/matrix.ts";
import { drawBlow } from "../strikes/blow.ts";
import { Load } from "../strikes/load.ts";
import { strike } from "../strikes/strike.ts";
import { makeWorkload } from "../workloads/registry.ts";
import { SeededRandom } from "../workloads/seeded-random.ts";
import type { Verdict } from "./verdict.ts";

const operationTimeoutMs = 5000;

export interface WorkloadRun {
  readonly instance: Instance;
  readonly prefix: string;
  readonly seed: number;
  readonly signal: AbortSignal;
}

export async function runWorkloadCase(each: Case, run: WorkloadRun): Promise<Verdict> {
  const {
    use,
    stop,
    writers = 4,
    window = 64,
    size = 128,
    storage = "file",
  } = each.workload ?? { use: "publish-acked", stop: { acked: 0 } };
  const history = new HistoryWriter();
  const { instance, prefix, seed } = run;
  history.run({ workload: use, target: instance.target.name, seed, settings: instance.settings });
  const workload = makeWorkload(use, { writers, window, size, prefix, storage, seed });
  const load = new Load({ workload, url: instance.url, history, signal: run.signal, timeoutMs: operationTimeoutMs });
  await workload.prepare(load.context());
  const random = new SeededRandom(seed);
  for (const fault of each.faults.toSorted((a, b) => lowest(a) - lowest(b))) {
    await strike(drawBlow(fault, random), { instance, history, load, workload, sweeps: false });
  }
  load.begin();
  await load.until({ acked: stop.acked });
  await load.settle();
  await workload.readBack(load.context());

  const judged = history.history();
  const { outcome, summary, witness } = judgeHistory(judged, each.verify);
  const pictures = each.faults.length === 0 ? [] : [lossPictureOf(judged)];
  if (outcome === "pass") {
    return { outcome, pictures };
  }
  const message = [summary, ...witness.slice(0, 20)].join("\n");
  return outcome === "inconclusive"
    ? { outcome, reason: summary, pictures }
    : { outcome, failure: { message, where: each.place }, pictures };
}

/** Faults come in the order of their counts; one that waits for something else comes where its file has it. */
function lowest({ when: { acked = 0 } }: FaultFields): number {
  return typeof acked === "number" ? acked : acked[0];
}
