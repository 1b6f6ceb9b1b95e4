/** Executes the steps of one case in order: replaces variables, runs the verb, compares the reply, saves it. The first failure ends the case. */
import { setTimeout as delay } from "node:timers/promises";
import { isWireError } from "../../wire/errors.ts";
import type { Case } from "../catalog/matrix.ts";
import { parseDurationMs, toWireNumbers } from "../catalog/quantities.ts";
import { isRecord, recordOf } from "../catalog/record.ts";
import type { Step } from "../catalog/step.ts";
import type { Verb } from "../verbs/verb.ts";
import { verbsByName } from "../verbs/vocabulary.ts";
import { stringifyLossless } from "./lossless-json.ts";
import { isOperator, mismatch } from "./matcher.ts";
import type { Names } from "./names.ts";
import type { Session } from "./session.ts";
import { substitute } from "./variables.ts";
import { type StepFailure, type Verdict, verdictOfError } from "./verdict.ts";

const pollMs = { first: 5, most: 100 };

export interface StepsContext {
  readonly session: Session;
  readonly names: Names;
  /** `performance.now()` at which the case is over. */
  readonly deadline: number;
  /** A reply that takes longer is silence. Faults and waits have bounds of their own. */
  readonly answerWithinMs: number;
  readonly signal: AbortSignal;
}

export async function runSteps(each: Case, context: StepsContext): Promise<Verdict> {
  const bindings: Record<string, unknown> = {};
  for (const step of each.steps) {
    try {
      const failure = await runStep(step, bindings, context);
      if (failure !== undefined) {
        return { outcome: "fail", failure };
      }
    } catch (error) {
      context.signal.throwIfAborted();
      return verdictOfError(error, step.where);
    }
  }
  const silent = context.session.faults.find((fault) => !fault.happened);
  return silent === undefined ? { outcome: "pass" } : { outcome: "inconclusive", reason: `a fault left no evidence: ${silent.summary}` };
}

async function runStep(step: Step, bindings: Record<string, unknown>, context: StepsContext): Promise<StepFailure | undefined> {
  const verb = verbsByName.get(step.verb);
  if (verb === undefined) {
    throw new Error(`the catalogue let an unknown verb through: "${step.verb}"`);
  }
  const expected = step.expect === undefined ? undefined : toWireNumbers(substitute(step.expect, bindings));
  // Steps take 64-bit numbers as text; a saved reply holds them exactly.
  const fields = textForBigints(substitute(step.fields, bindings));
  const attempt = async (timeoutMs: number): Promise<{ reply: unknown; failure: StepFailure | undefined }> => {
    const { session, names, signal } = context;
    const running = verb.run(fields, { session, names, signal, timeoutMs, connection: step.on ?? "main" });
    const reply = await (step.attempt === true ? anyAnswer(running) : running);
    return { reply, failure: compare({ verb, expected, reply, where: step.where, anyAnswer: step.attempt === true }) };
  };

  const { reply, failure } = step.within === undefined ? await attempt(stepTime(context)) : await repeat(attempt, step.within, context);
  if (step.save !== undefined) {
    bindings[step.save] = { ...recordOf(reply), answeredAtMs: performance.now() };
  }
  return failure;
}

/** Of a server that is being hurt, silence and a lost connection are answers, too. */
async function anyAnswer(running: Promise<unknown>): Promise<unknown> {
  try {
    return await running;
  } catch (error) {
    if (isWireError(error)) {
      return { lost: error.code };
    }
    throw error;
  }
}

function textForBigints(value: unknown): unknown {
  if (typeof value === "bigint") {
    return value.toString();
  }
  if (Array.isArray(value)) {
    return value.map(textForBigints);
  }
  return isRecord(value) ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, textForBigints(item)])) : value;
}

/** Tries again until the reply is as expected or the time is up; the last difference is the failure. */
async function repeat<T extends { failure: StepFailure | undefined }>(
  attempt: (timeoutMs: number) => Promise<T>,
  within: string,
  context: StepsContext,
): Promise<T> {
  const end = Math.min(performance.now() + parseDurationMs(within), context.deadline);
  let pause = pollMs.first;
  while (true) {
    const tried = await attempt(Math.max(1, Math.min(context.answerWithinMs, end - performance.now() + context.answerWithinMs / 2)));
    const left = end - performance.now();
    if (tried.failure === undefined) {
      return tried;
    }
    if (left <= 0) {
      return { ...tried, failure: { ...tried.failure, message: `${tried.failure.message}, and so it stayed for ${within}` } };
    }
    await delay(Math.min(pause, left), undefined, { signal: context.signal });
    pause = Math.min(pollMs.most, pause * 2);
  }
}

function stepTime({ deadline, answerWithinMs }: StepsContext): number {
  return Math.max(1, Math.min(answerWithinMs, deadline - performance.now()));
}

interface Comparison {
  readonly verb: Verb;
  readonly expected: unknown;
  readonly reply: unknown;
  readonly where: string;
  /** A refusal is no failure, unless the case expects something else. */
  readonly anyAnswer: boolean;
}

function compare({ verb, expected, reply, where, anyAnswer: isAny }: Comparison): StepFailure | undefined {
  const refusal = isAny ? undefined : unexpectedError({ verb, expected, reply });
  if (refusal !== undefined) {
    return { message: `${verb.name}: the server answered with ${refusal.path} ${cut(refusal.actual)}`, where, ...refusal };
  }
  const found = expected === undefined ? undefined : mismatch(expected, reply);
  if (found === undefined) {
    return undefined;
  }
  const place = found.path === "" ? "the reply" : found.path;
  return { message: `${verb.name}: ${place} is ${cut(found.actual)}, expected ${cut(found.expected)}`, where, ...found };
}

/** Every verb expects no error, unless the case says what it expects of one. */
function unexpectedError({
  verb,
  expected,
  reply,
}: Omit<Comparison, "where" | "anyAnswer">): { path: string; expected: string; actual: string } | undefined {
  const wanted = typeof expected === "object" && expected !== null ? expected : {};
  if (isOperator(wanted) || typeof reply !== "object" || reply === null) {
    return undefined;
  }
  const { error, status } = reply as { error?: unknown; status?: unknown };
  if (error !== undefined && !("error" in wanted)) {
    return { path: "error", expected: "absent", actual: stringifyLossless(error) };
  }
  if (typeof status === "number" && status >= 400 && !("status" in wanted) && !verb.ordinaryStatuses.includes(status)) {
    return { path: "status", expected: "absent", actual: String(status) };
  }
  return undefined;
}

function cut(text: string): string {
  return text.length > 160 ? `${text.slice(0, 159)}…` : text;
}
