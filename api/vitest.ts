/**
 * Every conformance case as a vitest test: `await conformance({ target: "nats://127.0.0.1:4222" })` at the top of a test file. One run serves
 * all tests of the file; each test waits for its own case. Cases that this target can't run are skipped with their reason.
 */
import { afterAll, describe, test } from "vitest";
import { failsRun } from "../evidence/results/overall-verdict.ts";
import type { CaseResult } from "../evidence/results/schema.ts";
import { type CaseListing, listCases, loadCatalog } from "../suites/index.ts";
import { disposeAll } from "../targets/live.ts";
import { type ConformanceOptions, runConformance } from "./conformance.ts";

export interface VitestOptions extends Omit<ConformanceOptions, "signal" | "listener" | "command"> {
  /** Longest wait for one case, the ones before it included. Default 10 minutes. */
  readonly timeoutMs?: number;
  /** Failing `should` requirements fail their test too. */
  readonly strict?: boolean;
}

/** Registers the tests. Throws `CatalogError` at collection when the selection is wrong. */
export async function conformance(options: VitestOptions = {}): Promise<void> {
  const { patterns = [], profile, levels, strict = false, timeoutMs = 600_000 } = options;
  const cases = listCases(loadCatalog(), { patterns, profile, ...(levels === undefined ? {} : { levels }) });
  const stop = new AbortController();
  const run = new SharedRun(cases, { ...options, signal: stop.signal, command: "streamproof/vitest" });
  for (const [suite, members] of Map.groupBy(cases, (each) => each.name.slice(0, each.name.lastIndexOf("/")))) {
    describe(suite, () => {
      for (const each of members) {
        test(each.name.slice(suite.length + 1), { timeout: timeoutMs }, async ({ skip }) => {
          const result = await run.resultOf(each.name);
          if (result.outcome === "not-applicable" || result.outcome === "unsupported" || result.outcome === "inconclusive") {
            skip(`${result.outcome}: ${result.reason ?? ""}`);
          }
          if (failsRun(result, strict)) {
            throw new Error(describeFailure(result));
          }
        });
      }
    });
  }
  afterAll(async () => {
    stop.abort();
    await run.ended;
    await disposeAll();
  });
}

class SharedRun {
  readonly #options: ConformanceOptions;
  readonly #waiting: ReadonlyMap<string, PromiseWithResolvers<CaseResult>>;
  #run: Promise<void> | undefined;

  constructor(cases: readonly CaseListing[], options: ConformanceOptions) {
    this.#options = options;
    this.#waiting = new Map(cases.map((each) => [each.name, Promise.withResolvers<CaseResult>()]));
  }

  /** Starts the run with the first question. */
  async resultOf(name: string): Promise<CaseResult> {
    this.#run ??= this.#start();
    const waiting = this.#waiting.get(name);
    if (waiting === undefined) {
      throw new Error(`${name} is not part of this run`);
    }
    return waiting.promise;
  }

  get ended(): Promise<void> {
    return this.#run ?? Promise.resolve();
  }

  async #start(): Promise<void> {
    let failure: unknown = new Error("the run ended before this case");
    try {
      await runConformance({
        ...this.#options,
        listener: (event) => {
          if (event.type === "end") {
            this.#waiting.get(event.result.name)?.resolve(event.result);
          }
        },
      });
    } catch (error) {
      failure = error;
    }
    for (const { promise, reject } of this.#waiting.values()) {
      // A case nobody waits for must not end the process as an unhandled rejection.
      promise.catch(() => {});
      reject(failure);
    }
  }
}

function describeFailure({ title, failure, reason, reproduce }: CaseResult): string {
  const { message = reason ?? "", where, path, expected, actual } = failure ?? {};
  const lines = [
    title,
    message,
    ...(path === undefined ? [] : [`field ${path}`]),
    ...(expected === undefined ? [] : [`expected ${expected}`]),
    ...(actual === undefined ? [] : [`actual   ${actual}`]),
    ...(where === undefined ? [] : [`case at ${where}`]),
    reproduce,
  ];
  return lines.join("\n");
}
