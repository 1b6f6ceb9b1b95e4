/** Runs rows of the ledger, one target after the other, and hands over each run as soon as it is known. */
import type { CaseResult } from "../../evidence/results/schema.ts";
import { type ResolvedTarget, resolveTarget } from "../../targets/resolve.ts";
import type { Catalog } from "../catalog/catalog.ts";
import { runCases } from "../runner/run-cases.ts";
import { currentRun, type Recorded, type RecordedRun, type Row, type Side, sides, targetOf, versionOf } from "./ledger.ts";

export interface LedgerRunOptions {
  readonly catalog: Catalog;
  readonly rows: readonly Row[];
  readonly recorded: Recorded;
  /** Leaves out what is recorded already. */
  readonly resume: boolean;
  readonly signal: AbortSignal;
  readonly date: string;
  /** Called before each target is built or found. */
  readonly onTarget?: (target: string, rows: number) => void;
  readonly onRun: (row: Row, side: Side, run: RecordedRun) => void;
}

interface Job {
  readonly row: Row;
  readonly side: Side;
}

/** Rejects with `TargetError` for a version that can't be had. */
export async function runLedger(options: LedgerRunOptions): Promise<void> {
  for (const [spec, jobs] of jobsByTarget(options)) {
    if (options.signal.aborted) {
      return;
    }
    options.onTarget?.(spec, jobs.length);
    const target = await resolveTarget(spec);
    await runOn(target, jobs, options);
  }
}

function jobsByTarget({ rows, recorded, resume }: LedgerRunOptions): Map<string, Job[]> {
  const jobs = rows
    .flatMap((row) => sides.map((side) => ({ row, side, target: targetOf(row, side) })))
    .filter(({ target }) => target !== undefined)
    .filter(({ row, side }) => !resume || currentRun(row, side, recorded) === undefined);
  return Map.groupBy(jobs, ({ target }) => target ?? "");
}

async function runOn(target: ResolvedTarget, jobs: readonly Job[], options: LedgerRunOptions): Promise<void> {
  const byName = Map.groupBy(jobs, ({ row }) => row.each.name);
  await runCases({
    // An old version is asked everything, also what it never claimed.
    target: { ...target, claims: { apiLevel: undefined, features: [] } },
    catalog: options.catalog,
    selection: { patterns: [...byName.keys()] },
    knownFailing: [],
    signal: options.signal,
    listener: (event) => {
      if (event.type === "end") {
        for (const { row, side } of byName.get(event.result.name) ?? []) {
          options.onRun(row, side, runOf(event.result, { row, version: versionOf(row, side), date: options.date }));
        }
      }
    },
  });
}

function runOf(result: CaseResult, { row, version, date }: { row: Row; version: string | undefined; date: string }): RecordedRun {
  const message = result.failure?.message ?? result.reason;
  return {
    ...(version === undefined ? {} : { version }),
    fingerprint: row.fingerprint,
    outcome: result.outcome,
    ...(message === undefined ? {} : { message: withoutPlace(message) }),
    date,
  };
}

/** Ports, paths, processes and durations differ from run to run, and the page has no use for them. */
function withoutPlace(message: string): string {
  const line = message.split("\n")[0] ?? "";
  return line
    .replaceAll(/\/tmp\/\S+/g, "…")
    .replaceAll(/process \d+/g, "the process")
    .replaceAll(/127\.0\.0\.1:\d+/g, "…")
    .slice(0, 240);
}
