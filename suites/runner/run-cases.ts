/**
 * Runs a selection of cases on a target: first those that share a server, several at a time, then those that need one of their own. Ends in
 * bounded time whatever the server does, and returns what was found also when it was stopped on the way.
 */
import { randomBytes } from "node:crypto";
import type { CaseResult, RequirementResult } from "../../evidence/results/schema.ts";
import type { Capabilities, KnownFailing, Target } from "../../targets/target.ts";
import type { Catalog } from "../catalog/catalog.ts";
import { type Case, needsOwnDisk } from "../catalog/matrix.ts";
import { levelOf, type Selection, selectCases } from "../catalog/selection.ts";
import { entryFor, refuseUnmatched, withEntry } from "./known-failing.ts";
import { requirementResults } from "./requirement-results.ts";
import { type CaseRun, runCase } from "./run-case.ts";
import { ServerPool } from "./server-pool.ts";

export type RunEvent =
  | { readonly type: "plan"; readonly cases: readonly string[] }
  | { readonly type: "start"; readonly name: string }
  | { readonly type: "end"; readonly result: CaseResult };

export interface RunCasesOptions {
  readonly target: Target;
  readonly catalog: Catalog;
  readonly selection?: Selection;
  /** A third party's own list; without it the target's. */
  readonly knownFailing?: readonly KnownFailing[];
  readonly signal?: AbortSignal;
  readonly listener?: (event: RunEvent) => void;
  /** Cases at a time on the shared server. Default 4. */
  readonly concurrency?: number;
  readonly seed?: number;
  /** A reply that takes longer is silence. Default 5000. */
  readonly answerWithinMs?: number;
}

export interface RunCasesResult {
  /** In the order of their names; only those that ended when the run was stopped. */
  readonly cases: CaseResult[];
  readonly requirements: RequirementResult[];
  readonly server: { readonly name: string; readonly version: string };
  readonly settings: Readonly<Record<string, string>>;
  readonly capabilities: Capabilities;
  readonly interrupted: boolean;
}

const defaultConcurrency = 4;
const defaultAnswerWithinMs = 5000;
/** Servers of their own at a time: each is a process, some with an image to mount. */
const ownServers = 2;

/** Rejects with `CatalogError` for a wrong selection or list, and with `TargetError` when the target can't be started at all. */
export async function runCases(options: RunCasesOptions): Promise<RunCasesResult> {
  const { target, catalog } = options;
  const knownFailing = options.knownFailing ?? target.knownFailing;
  refuseUnmatched(
    knownFailing,
    catalog.cases.map((each) => each.name),
  );
  const chosen = selectCases(catalog, options.selection);
  const signal = options.signal ?? new AbortController().signal;
  const capabilities = await target.capabilities();
  const pool = new ServerPool(target, signal);
  const run = new Run({ ...options, knownFailing, signal, capabilities, pool });
  try {
    // A target that can't be started is the environment's fault and ends the run before its first case.
    const { server, settings } = await pool.shared();
    options.listener?.({ type: "plan", cases: chosen.map((each) => each.name) });
    await run.all(chosen);
    const cases = run.results.sort((a, b) => (a.name < b.name ? -1 : 1));
    return { cases, requirements: requirementResults(catalog, cases), server, settings, capabilities, interrupted: signal.aborted };
  } finally {
    await pool.dispose();
  }
}

interface RunParts extends RunCasesOptions {
  readonly knownFailing: readonly KnownFailing[];
  readonly signal: AbortSignal;
  readonly capabilities: Capabilities;
  readonly pool: ServerPool;
}

class Run {
  readonly results: CaseResult[] = [];
  readonly #parts: RunParts;
  readonly #token = randomBytes(8).toString("hex").replace(/^\d/, "c").slice(0, 5);
  #count = 0;
  /** Cases in a row that got no answer at all. */
  #silentInARow = 0;

  constructor(parts: RunParts) {
    this.#parts = parts;
  }

  async all(chosen: readonly Case[]): Promise<void> {
    const { capabilities, concurrency = defaultConcurrency } = this.#parts;
    const runnable = chosen.filter((each) => this.#isApplicable(each));
    await inParallel(
      runnable.filter((each) => !each.alone),
      { lanes: concurrency, each: (one) => this.#runShared(one), signal: this.#parts.signal },
    );
    // A server that isn't ours has no twin: there, cases that want one of their own wait for each other.
    await inParallel(
      runnable.filter((each) => each.alone),
      { lanes: isOurs(capabilities) ? ownServers : 1, each: (one) => this.#runAlone(one), signal: this.#parts.signal },
    );
  }

  /** What a target does not claim is unsupported; what it claims and fails has failed. One without claims is asked everything. */
  #isApplicable(each: Case): boolean {
    const { capabilities, target } = this.#parts;
    const { features } = target.claims;
    const unclaimed = features.length === 0 ? [] : each.claims.filter((claim) => !features.includes(claim));
    if (unclaimed.length > 0) {
      const reason = `the target does not claim ${unclaimed.join(", ")}`;
      this.#finish(each, { outcome: "unsupported", reason, durationMs: 0, pictures: [] });
      return false;
    }
    const missing = each.needs.filter((need) => !capabilities.has.has(need));
    if (missing.length === 0) {
      return true;
    }
    const why = missing.map((need) => `needs ${need}: ${capabilities.missing.get(need) ?? "the target does not offer it"}`).join("; ");
    this.#finish(each, { outcome: "not-applicable", reason: why, durationMs: 0, pictures: [] });
    return false;
  }

  async #runShared(each: Case): Promise<void> {
    const { pool, concurrency = defaultConcurrency } = this.#parts;
    if (this.#silentInARow >= concurrency * 2) {
      this.#giveUp(each, `not run: the ${this.#silentInARow} cases before it got no answer`);
      return;
    }
    this.#parts.listener?.({ type: "start", name: each.name });
    const generation = pool.generation;
    const run = await this.#attempt(each, await pool.shared());
    this.#silentInARow = run.verdict.lost === "silent" ? this.#silentInARow + 1 : 0;
    if (run.verdict.lost === undefined && generation === pool.generation) {
      this.#record(each, run);
      return;
    }
    // The server may have gone because of another case: a second try on a server of its own says whose fault it was.
    if (!(await pool.recovered())) {
      this.#record(each, run);
      return;
    }
    const suffered = run.verdict.outcome === "fail" && (run.verdict.lost === "gone" || generation !== pool.generation);
    this.#record(each, suffered ? await this.#attemptAlone(each) : run);
  }

  async #runAlone(each: Case): Promise<void> {
    this.#parts.listener?.({ type: "start", name: each.name });
    this.#record(each, await this.#attemptAlone(each));
  }

  async #attemptAlone(each: Case): Promise<CaseRun> {
    const begin = performance.now();
    try {
      await using own = disposable(await this.#parts.pool.own({ powerCut: needsOwnDisk(each.needs), settings: each.settings }));
      return await this.#attempt(each, own.instance);
    } catch (error) {
      this.#parts.signal.throwIfAborted();
      const reason = `the server could not be started: ${error instanceof Error ? error.message : String(error)}`;
      return {
        verdict: { outcome: "error", reason },
        failure: { message: reason, trace: [], serverLog: [] },
        durationMs: performance.now() - begin,
      };
    }
  }

  #attempt(each: Case, instance: Parameters<typeof runCase>[1]["instance"]): Promise<CaseRun> {
    this.#count++;
    // Of one length, so that a message takes the same room in every run.
    const prefix = `${this.#token}${this.#count.toString(36).padStart(3, "0")}`;
    const { seed = 1, answerWithinMs = defaultAnswerWithinMs, signal, capabilities } = this.#parts;
    return runCase(each, { instance, prefix, seed, signal, answerWithinMs, cleanUp: !isOurs(capabilities) });
  }

  #record(each: Case, { verdict, failure, durationMs }: CaseRun): void {
    this.#finish(each, {
      outcome: verdict.outcome,
      durationMs,
      pictures: [...(verdict.pictures ?? [])],
      ...(verdict.reason === undefined ? {} : { reason: verdict.reason }),
      ...(failure === undefined ? {} : { failure }),
    });
  }

  #giveUp(each: Case, message: string): void {
    this.#finish(each, { outcome: "fail", durationMs: 0, pictures: [], failure: { message, trace: [], serverLog: [] } });
  }

  #finish(
    each: Case,
    found: Pick<CaseResult, "outcome" | "durationMs" | "pictures"> & Partial<Pick<CaseResult, "reason" | "failure">>,
  ): void {
    const { knownFailing, catalog, target, listener } = this.#parts;
    const entry = entryFor(each.name, knownFailing);
    const result: CaseResult = {
      name: each.name,
      suite: each.suite,
      title: each.title,
      checks: [...each.checks],
      level: levelOf(catalog, each),
      reproduce: reproduceCommand(each.name, target),
      ...found,
      outcome: withEntry(found.outcome, entry),
      ...(entry === undefined
        ? {}
        : { reason: [found.reason, entry.reason].filter((part) => part !== undefined).join("; "), link: entry.link }),
    };
    this.results.push(result);
    listener?.({ type: "end", result });
  }
}

/** A server that we start is thrown away whole; one that runs already keeps nothing of ours. */
function isOurs({ has }: Capabilities): boolean {
  return has.has("restart") || has.has("configure");
}

export function reproduceCommand(caseName: string, { name, settings }: Pick<Target, "name" | "settings">): string {
  const set = Object.entries(settings).map(([key, value]) => ` --set ${quoted(`${key}=${value}`)}`);
  return `npx streamproof certify ${quoted(caseName)} --target ${quoted(name)}${set.join("")}`;
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

interface Lanes<T> {
  readonly lanes: number;
  readonly each: (item: T) => Promise<void>;
  readonly signal: AbortSignal;
}

/** Works through the list with so many at a time. When the signal fires, what is under way ends and nothing more begins. */
async function inParallel<T>(items: readonly T[], { lanes, each, signal }: Lanes<T>): Promise<void> {
  const queue = [...items];
  const lane = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined && !signal.aborted; item = queue.shift()) {
      try {
        await each(item);
      } catch (error) {
        if (!signal.aborted) {
          throw error;
        }
      }
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, lanes) }, lane));
}

function disposable<T extends { dispose(): Promise<void> }>(instance: T): { readonly instance: T } & AsyncDisposable {
  return { instance, [Symbol.asyncDispose]: () => instance.dispose() };
}
