/** The published evidence: which commit of `reference/` it is about, and whether it still is. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseResults } from "../../evidence/results/results-file.ts";
import type { Results } from "../../evidence/results/schema.ts";
import { root } from "../lints/source-tree.ts";
import { type Gate, gates, isOfReference } from "./gates.ts";

export const publishedFolder: string = join(root, "reports/published");
/** Keys of the results' environment. */
export const referenceKey = "reference";
export const commitKey = "commit";

export interface ReferenceSource {
  /** Git's tree hash of `reference/`. */
  readonly tree: string;
  readonly commit: string;
  /** Files under `reference/` that are not as committed; evidence of them would be about nothing that anybody has. */
  readonly changed: readonly string[];
}

export function referenceSource(): ReferenceSource {
  const git = (...args: string[]): string => execFileSync("git", args, { cwd: root, encoding: "utf8" }).trim();
  const changed = git("status", "--porcelain", "--untracked-files=all", "--", "reference");
  return {
    tree: git("rev-parse", "HEAD:reference"),
    commit: git("rev-parse", "HEAD"),
    changed: changed === "" ? [] : changed.split("\n").map((line) => line.slice(2).trim()),
  };
}

export interface Standing {
  readonly gate: Gate;
  readonly state: "missing" | "stale" | "current";
  readonly results: Results | undefined;
}

export function standings(tree: string, folder: string = publishedFolder): Standing[] {
  return gates.map((gate) => {
    const path = join(folder, gate.name, "results.json");
    if (!existsSync(path)) {
      return { gate, state: "missing", results: undefined };
    }
    const results = parseResults(readFileSync(path, "utf8"));
    const isStale = isOfReference(gate) && results.environment[referenceKey] !== tree;
    return { gate, state: isStale ? "stale" : "current", results };
  });
}

/** One line a gate: what it is to show, what its evidence says, and whether that still counts. */
export function standingLine({ gate, state, results }: Standing): string {
  const [campaign] = results?.campaigns ?? [];
  if (campaign === undefined) {
    return `${gate.name}: ${state}`;
  }
  const { done, failed } = campaign.cycles;
  const kept = `${campaign.outcome}, ${done} cycles, ${failed} failed, ${campaign.lost} of ${campaign.acknowledged} lost`;
  const version = results?.environment[referenceKey]?.slice(0, 12) ?? results?.target.server.version ?? "";
  return `${gate.name}: ${state} (${kept}; ${version})`;
}
