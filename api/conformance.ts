/** certify: the suites on one target. */
import type { Level, Results } from "../evidence/results/schema.ts";
import { loadCatalog, type RunEvent, runCases, suitesVersion } from "../suites/index.ts";
import { frameResults } from "./results-frame.ts";
import { resolveRequest, type TargetRequest } from "./target-request.ts";

export interface ConformanceOptions extends TargetRequest {
  /** Case names with `*` and `**`, and case files of your own (`x.yaml`); none means all. */
  readonly patterns?: readonly string[];
  readonly profile?: string | undefined;
  readonly levels?: readonly Level[] | undefined;
  /** Cases at a time on a shared server. */
  readonly concurrency?: number | undefined;
  readonly seed?: number | undefined;
  /** How the run was asked for, for the report. */
  readonly command?: string;
  readonly signal?: AbortSignal;
  readonly listener?: (event: RunEvent) => void;
}

/**
 * Runs the selected cases. A failing server is a result, never an exception. Rejects with `TargetError` when the target can't be found or started, with
 * `CatalogError` when suites, profile, selection or known-failing list are wrong.
 */
export async function runConformance(options: ConformanceOptions = {}): Promise<Results> {
  const startedAt = new Date();
  const { patterns: asked = [] } = options;
  const catalog = loadCatalog(
    undefined,
    asked.filter((each) => isFile(each)),
  );
  const patterns = [...asked.filter((each) => !isFile(each)), ...catalog.given];
  const target = await resolveRequest(options);
  const { profile, levels, concurrency, seed, signal, listener } = options;
  const run = await runCases({
    target,
    catalog,
    selection: { patterns, profile, ...(levels === undefined ? {} : { levels }) },
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(seed === undefined ? {} : { seed }),
    ...(signal === undefined ? {} : { signal }),
    ...(listener === undefined ? {} : { listener }),
  });
  const { server, settings, capabilities, interrupted } = run;
  return frameResults(
    { command: options.command ?? "runConformance()", startedAt, target, server, settings, capabilities, interrupted },
    { cases: run.cases, requirements: run.requirements, profile: profile ?? "everything", suitesVersion },
  );
}

function isFile(pattern: string): boolean {
  return /\.ya?ml$/.test(pattern);
}
