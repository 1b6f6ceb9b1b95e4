/**
 * The control of a campaign: the same kind of fault, done by the same code, to a server that does not keep what it acknowledged. It shows that the fault
 * takes what a fault of its kind takes, and that the read-back and the checks see it.
 */
import { join } from "node:path";
import type { CampaignResult } from "../../evidence/results/schema.ts";
import { resolveTarget } from "../../targets/resolve.ts";
import type { Target } from "../../targets/target.ts";
import type { Campaign } from "../catalog/campaign-file.ts";
import { needsOfFault } from "../catalog/fault-plan.ts";
import { needsOwnDisk } from "../catalog/matrix.ts";
import { FaultPlan } from "../strikes/plan.ts";
import { runCycle } from "./campaign-cycle.ts";

export type Control = NonNullable<CampaignResult["control"]>;

export interface ControlOptions {
  readonly campaign: Campaign;
  readonly control?: Target;
  readonly seed?: number;
  readonly signal?: AbortSignal;
}

/** undefined when the campaign asks for no control. */
export async function runControl(options: ControlOptions): Promise<Control | undefined> {
  const { campaign, signal, seed = 1 } = options;
  const { cycles, keeps, faults, checks, use } = campaign.control;
  if (cycles === 0) {
    return undefined;
  }
  const target = options.control ?? (await controlTarget(keeps));
  const plan = new FaultPlan(faults.map((fault, line) => ({ line, fault })));
  const asControl = { campaign: campaign.campaign, checks, workload: { ...campaign.workload, use } };
  const powerCut = needsOwnDisk(faults.flatMap((fault) => needsOfFault(fault, campaign.volume)));
  let acknowledged = 0;
  let lost = 0;
  const summaries: string[] = [];
  for (let number = 1; number <= cycles; number++) {
    // Each control cycle has a store of its own: a control does not recover from what it did not notice.
    const instance = await target.provision({
      powerCut,
      ...(powerCut ? { volume: campaign.volume } : {}),
      ...(signal === undefined ? {} : { signal }),
    });
    try {
      const cycle = await runCycle({ campaign: asControl, plan, instance, number, seed, ...(signal === undefined ? {} : { signal }) });
      const { record } = cycle ?? {};
      acknowledged += record?.acknowledged ?? 0;
      lost += caught(record);
      summaries.push(record?.summary.replace(/^cycle/, "control") ?? "the plan was through");
    } finally {
      await instance.dispose();
    }
  }
  return { acknowledged, lost, summary: summaries.join("; ") };
}

/** A control that is caught by a check that counts no losses has lost at least what the check found. */
function caught(record: { readonly outcome: string; readonly lost: number; readonly undone: number } | undefined): number {
  if (record?.outcome !== "fail") {
    return 0;
  }
  return record.lost > 0 ? record.lost : Math.max(1, record.undone);
}

function controlTarget(keep: Campaign["control"]["keeps"]): Promise<Target> {
  const extension = import.meta.filename.endsWith(".ts") ? "ts" : "js";
  const folder = join(import.meta.dirname, "../control");
  const set = { script: join(folder, `server.${extension}`), keep };
  return resolveTarget("", { targetFile: join(folder, "target.yaml"), set });
}
