/** crash: a campaign of cuts on one target. */

import { join } from "node:path";
import type { Results } from "../evidence/results/schema.ts";
import { type CampaignEvent, CampaignState, type Catalog, CatalogError, loadCatalog, runCampaign, suitesVersion } from "../suites/index.ts";
import type { Target } from "../targets/target.ts";
import { withCompileCache } from "./compile-cache.ts";
import { frameResults } from "./results-frame.ts";
import { resolveRequest, type TargetRequest } from "./target-request.ts";

export type CrashEvent = CampaignEvent;

export interface CrashOptions extends TargetRequest {
  /** `kill9`, `power-cut`: a file under suites/campaigns. */
  readonly campaign: string;
  readonly cycles?: number | undefined;
  /** Stop after so long instead of after so many cycles. */
  readonly budgetMs?: number | undefined;
  readonly seed?: number | undefined;
  /** Of a campaign that goes through every bit only this part, from 1. */
  readonly part?: { readonly number: number; readonly of: number } | undefined;
  /** Where histories are kept, and the state that a later run goes on from. */
  readonly out?: string | undefined;
  /** Goes on with the campaign whose state stands in `out`, with the same numbers and seed; refuses another target, version or plan. */
  readonly resume?: boolean | undefined;
  readonly command?: string;
  readonly signal?: AbortSignal;
  readonly listener?: (event: CrashEvent) => void;
}

/** Runs one campaign. A server that loses data is a result; rejects with `TargetError` or `CatalogError` like `runConformance`. */
export async function runCrash(options: CrashOptions): Promise<Results> {
  const startedAt = new Date();
  const campaign = campaignOf(loadCatalog(), options.campaign);
  const target = await resolveRequest(options);
  const { cycles, budgetMs, seed, part, signal, listener, out } = options;
  const state = stateOf(options);
  const given = Object.entries({
    cycles,
    budgetMs,
    seed,
    part,
    signal,
    listener,
    state,
    historyDirectory: out === undefined ? undefined : join(out, "histories"),
  });
  let server = { name: "", version: "" };
  // The campaign makes a server for each store; what it says of itself belongs into the results.
  const watched: Target = {
    ...target,
    provision: async (how) => {
      const instance = await target.provision(how);
      server = { ...instance.server };
      return instance;
    },
  };
  const known = Object.fromEntries(given.filter(([, value]) => value !== undefined));
  const result = await withCompileCache(target, () => runCampaign({ campaign, target: watched, ...known })).finally(() => state?.close());
  const capabilities = await target.capabilities();
  const interrupted = options.signal?.aborted === true;
  return frameResults(
    {
      command: options.command ?? "runCrash()",
      startedAt,
      target,
      server,
      settings: target.settings,
      capabilities,
      interrupted,
    },
    { campaigns: [result], suitesVersion },
  );
}

function stateOf({ out, campaign, resume }: CrashOptions): CampaignState | undefined {
  if (out === undefined) {
    return undefined;
  }
  const path = join(out, `${campaign}.state.ndjson`);
  return resume === true ? CampaignState.resume(path) : CampaignState.begin(path);
}

function campaignOf({ campaigns }: Catalog, name: string) {
  const campaign = campaigns.get(name);
  if (campaign === undefined) {
    const message = `there is no campaign "${name}"; there are ${[...campaigns.keys()].join(", ")}`;
    throw new CatalogError("CATALOG_UNKNOWN_NAME", [{ place: "", message }]);
  }
  return campaign;
}
