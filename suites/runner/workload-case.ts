/** A case with a workload: load, faults at their moments, the rest of the load, read-back, judgement of the history by the case's checks. */

import { lossPictureOf } from "../../evidence/checks/loss-picture.ts";
import { judgeHistory } from "../../evidence/checks/registry.ts";
import { HistoryWriter } from "../../evidence/history/history-writer.ts";
import type { Instance, PowerCutAdversary } from "../../targets/target.ts";
import type { FaultFields } from "../catalog/case-file.ts";
import type { Case } from "../catalog/matrix.ts";
import { makeWorkload } from "../workloads/registry.ts";
import type { PhaseContext, Workload } from "../workloads/workload.ts";
import { hurt } from "./fault-under-load.ts";
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
  await workload.prepare(phaseOf(run, history, () => false, new AbortController().signal));
  for (const fault of [...each.faults].sort((a, b) => a.when.acked - b.when.acked)) {
    await loadUntilFault({ fault, workload, run, history });
  }
  await workload.phase(phaseOf(run, history, (acked) => acked >= stop.acked, new AbortController().signal));
  await workload.readBack(phaseOf(run, history, () => false, new AbortController().signal));

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

interface FaultRun {
  readonly fault: FaultFields;
  readonly workload: Workload;
  readonly run: WorkloadRun;
  readonly history: HistoryWriter;
}

/** The fault comes while the load goes on: what is in flight then has no known outcome. */
async function loadUntilFault({ fault, workload, run, history }: FaultRun): Promise<void> {
  const cut = new AbortController();
  const { promise: reached, resolve: reach } = Promise.withResolvers<void>();
  const enough = (acknowledged: number): boolean => {
    if (acknowledged >= fault.when.acked) {
      reach();
    }
    return false;
  };
  const loading = workload.phase(phaseOf(run, history, enough, cut.signal));
  await Promise.race([reached, loading]);
  await hurt({ instance: run.instance, history, fault: fault.do, adversary: adversaryOf(fault), cut, loading });
}

function adversaryOf({ keep = "nothing", seed = 1 }: FaultFields): PowerCutAdversary {
  return keep === "random" ? { keep, seed } : { keep };
}

function phaseOf(
  { instance, signal }: WorkloadRun,
  history: HistoryWriter,
  enough: PhaseContext["enough"],
  cut: AbortSignal,
): PhaseContext {
  return { url: instance.url, history, enough, cut, signal, timeoutMs: operationTimeoutMs };
}
