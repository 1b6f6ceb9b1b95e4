/**
 * The control of a campaign: the same fault, done by the same code, to a server that never keeps what it acknowledged. It shows that the fault
 * takes what a fault of its kind takes, and that the read-back and the checks see it.
 */
import { join } from "node:path";
import type { CampaignResult } from "../../evidence/results/schema.ts";
import { resolveTarget } from "../../targets/resolve.ts";
import type { Target } from "../../targets/target.ts";
import type { Campaign } from "../catalog/campaign-file.ts";
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
  if (campaign.controlCycles === 0) {
    return undefined;
  }
  const target = options.control ?? (await controlTarget(campaign.fault));
  const instance = await target.provision({ powerCut: campaign.fault === "power-cut", ...(signal === undefined ? {} : { signal }) });
  let acknowledged = 0;
  let lost = 0;
  const summaries: string[] = [];
  try {
    for (let number = 1; number <= campaign.controlCycles; number++) {
      const cycle = await runCycle({ campaign: asControl(campaign), instance, number, seed, ...(signal === undefined ? {} : { signal }) });
      acknowledged += cycle.acknowledged;
      lost += cycle.lost;
      summaries.push(cycle.summary.replace(/^cycle/, "control"));
    }
  } finally {
    await instance.dispose();
  }
  return { acknowledged, lost, summary: summaries.join("; ") };
}

/** Publishes only, and nothing unsynced survives: what a control must lose is then beyond doubt. */
function asControl(campaign: Campaign): Campaign {
  return {
    ...campaign,
    adversaries: ["nothing"],
    workload: { ...campaign.workload, use: "publish-acked" },
    cut: { after: [200, 400] },
    checks: ["no-acked-loss"],
  };
}

/** A kill takes what only the process holds; a power cut takes what was written and not synced. */
function controlTarget(fault: Campaign["fault"]): Promise<Target> {
  const extension = import.meta.filename.endsWith(".ts") ? "ts" : "js";
  const folder = join(import.meta.dirname, "../control");
  const set = { script: join(folder, `server.${extension}`), keep: fault === "kill" ? "memory" : "unsynced" };
  return resolveTarget("", { targetFile: join(folder, "target.yaml"), set });
}
