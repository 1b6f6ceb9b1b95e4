/**
 * The ledger of known bugs: each case that names a bug is a row, and what came of it on the version that has the bug, on the one that mended
 * it and on the default target is recorded beside the cases. A recorded run counts only for the case as it stands and the version it names.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { officialPinnedVersion, officialSpec, referenceSpec } from "../../targets/official.ts";
import type { BugFields } from "../catalog/bug-fields.ts";
import type { Catalog } from "../catalog/catalog.ts";
import type { Case } from "../catalog/matrix.ts";
import { strict } from "../catalog/validation.ts";

export type Side = "affected" | "fixed" | "reference";
export const sides: readonly Side[] = ["affected", "fixed", "reference"];

export interface Row {
  readonly each: Case;
  readonly bug: BugFields;
  /** Of all that decides the outcome: steps, settings, time. */
  readonly fingerprint: string;
}

const recordedRun = strict({
  /** Of the official server; absent for the reference. */
  version: z.string().optional(),
  fingerprint: z.string(),
  outcome: z.string(),
  /** How it failed, or why it could not be judged. */
  message: z.string().optional(),
  date: z.string(),
});
export type RecordedRun = z.infer<typeof recordedRun>;

/** Case name → side → run. */
const recordedFile = z.record(z.string(), z.partialRecord(z.enum(["affected", "fixed", "reference"]), recordedRun));
export type Recorded = z.infer<typeof recordedFile>;

export function ledgerRows(catalog: Catalog): Row[] {
  return catalog.cases.flatMap((each) => (each.bug === undefined ? [] : [{ each, bug: each.bug, fingerprint: fingerprintOf(each) }]));
}

function fingerprintOf({ steps, settings, timeoutMs, needs, workload, faults, verify }: Case): string {
  const parts = [steps, settings, timeoutMs, needs, workload, faults, verify];
  // Where a step stands changes nothing.
  const text = JSON.stringify(parts, (key, value: unknown) => (key === "where" ? undefined : value));
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}

/** The official version of a side, "none" where there is none; undefined for the reference, which is run as it stands. */
export function versionOf({ bug }: Row, side: Side): string | undefined {
  return side === "reference" ? undefined : bug[side];
}

/** What is started for a side; undefined where nothing is: a bug that is open has no version that mended it. */
export function targetOf(row: Row, side: Side): string | undefined {
  const version = versionOf(row, side);
  if (version === "none") {
    return undefined;
  }
  return version === undefined ? referenceSpec : officialSpec(version);
}

export function recordedPath(catalog: Catalog): string {
  return join(catalog.directory, "ledger/recorded.json");
}

export function readRecorded(path: string): Recorded {
  return recordedFile.parse(JSON.parse(readFileSync(path, "utf8")));
}

/** The run of this side, when it is of the case and the version as they are now. */
export function currentRun(row: Row, side: Side, recorded: Recorded): RecordedRun | undefined {
  const run = recorded[row.each.name]?.[side];
  return run !== undefined && run.fingerprint === row.fingerprint && run.version === versionOf(row, side) ? run : undefined;
}

/** What keeps a row from being proof; an empty list for one that is. */
export function gaps(row: Row, recorded: Recorded): string[] {
  return sides.flatMap((side) => {
    const target = targetOf(row, side);
    if (target === undefined) {
      return row.bug.affected === officialPinnedVersion() ? [] : ["an open bug is shown on the newest version"];
    }
    const run = currentRun(row, side, recorded);
    const wanted = side === "affected" ? "fail" : "pass";
    if (run === undefined) {
      return [`not run on ${target} as it stands`];
    }
    return run.outcome === wanted ? [] : [`${run.outcome} on ${target}, ${wanted} expected`];
  });
}
