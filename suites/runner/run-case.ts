/** Runs one case on one server: its session, its names, its deadline, and what a failure leaves behind. */
import { z } from "zod";
import type { Failure } from "../../evidence/results/schema.ts";
import type { Instance } from "../../targets/target.ts";
import type { Case } from "../catalog/matrix.ts";
import { within } from "./deadline.ts";
import { parseLossless } from "./lossless-json.ts";
import { Names } from "./names.ts";
import { Session } from "./session.ts";
import { runSteps } from "./steps.ts";
import { type Verdict, verdictOfError } from "./verdict.ts";
import { runWorkloadCase } from "./workload-case.ts";

const namesPage = z.looseObject({ streams: z.array(z.string()).nullish(), total: z.number() });
const logLines = 30;
/** Beyond its own deadline a case may only still be closing things. */
const graceMs = 5000;

export interface CaseRun {
  readonly verdict: Verdict;
  readonly failure: Failure | undefined;
  readonly durationMs: number;
}

export interface CaseRunOptions {
  readonly instance: Instance;
  readonly prefix: string;
  readonly seed: number;
  readonly signal: AbortSignal;
  /** A reply that takes longer is silence. */
  readonly answerWithinMs: number;
  /** Whether the case's streams are removed at its end. */
  readonly cleanUp: boolean;
}

/** Rejects only when `signal` fires; everything a server or a case can do wrong is in the verdict. */
export async function runCase(each: Case, options: CaseRunOptions): Promise<CaseRun> {
  const begin = performance.now();
  const deadline = begin + each.timeoutMs;
  // Ends what is still waiting when the case's time is up.
  const expired = new AbortController();
  const signal = AbortSignal.any([options.signal, expired.signal]);
  const session = new Session(options.instance, signal);
  const names = new Names(options.prefix);
  let verdict: Verdict;
  try {
    const running =
      each.workload === undefined
        ? runSteps(each, { session, names, deadline, signal, answerWithinMs: options.answerWithinMs })
        : runWorkloadCase(each, { ...options, signal });
    verdict = await within(running, { timeoutMs: each.timeoutMs + graceMs, what: "the case" });
  } catch (error) {
    options.signal.throwIfAborted();
    verdict = verdictOfError(error, undefined);
  }
  const durationMs = performance.now() - begin;
  const failure = verdict.failure === undefined ? undefined : await failureOf(verdict, session, options.instance);
  if (options.cleanUp) {
    // What can't be removed does no harm.
    await within(removeStreams(session, names), { timeoutMs: graceMs, what: "cleaning up" }).catch(() => undefined);
  }
  await within(session.close(), { timeoutMs: graceMs, what: "closing" }).catch(() => undefined);
  expired.abort(new Error("the case is over"));
  return { verdict, failure, durationMs };
}

async function failureOf({ failure }: Verdict, session: Session, instance: Instance): Promise<Failure> {
  const { message = "", where, ...difference } = failure ?? {};
  const trace = await within(session.trace(), { timeoutMs: graceMs, what: "the trace" }).catch(() => []);
  return {
    message,
    ...(where === undefined ? {} : { where }),
    ...difference,
    trace: [...trace],
    serverLog: [...instance.logTail(logLines)],
  };
}

/** The server is not ours, so nothing of the case stays behind. */
async function removeStreams(session: Session, names: Names): Promise<void> {
  const connection = await session.connection("main");
  for (let offset = 0, total = 1; offset < total; ) {
    const answer = await connection.request({ subject: "$JS.API.STREAM.NAMES", payload: JSON.stringify({ offset }) });
    const page = namesPage.parse(parseLossless(answer.text()));
    const streams = page.streams ?? [];
    await Promise.all(
      streams.filter((name) => names.owns(name)).map((name) => connection.request({ subject: `$JS.API.STREAM.DELETE.${name}` })),
    );
    total = page.total;
    offset += Math.max(1, streams.length);
  }
}
