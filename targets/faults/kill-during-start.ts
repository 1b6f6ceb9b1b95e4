/**
 * kill -9 while the server starts, before it is ready: recovery must bear being cut short, also several times in a row. The moment is a time
 * after the start or a system call; the server is down afterwards in any case.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { FaultEvidence } from "../../evidence/history/events.ts";
import { type Instance, TargetError } from "../target.ts";
import { seededRandom } from "../volumes/random.ts";
import type { CallGroup } from "./call-fault.ts";
import { startUnderCallFault } from "./system-calls.ts";

export type StartMoment = { readonly afterMs: number } | { readonly calls: CallGroup; readonly at: number };

export interface DrawMomentsOptions {
  readonly seed: number;
  /** How many starts in a row are cut short. */
  readonly nested: number;
  /** How long a start took that was not. */
  readonly readyMs: number;
}

export function drawStartMoments({ seed, nested, readyMs }: DrawMomentsOptions): StartMoment[] {
  const random = seededRandom(seed);
  return Array.from({ length: nested }, () => ({ afterMs: Math.round(random.next() * readyMs) }));
}

/** One start for each moment, each on what the one before left. `happened` is false for a start that was quicker than its moment. */
export async function killDuringStarts(instance: Instance, moments: readonly StartMoment[]): Promise<FaultEvidence[]> {
  const evidence: FaultEvidence[] = [];
  for (const moment of moments) {
    evidence.push("afterMs" in moment ? await killAfter(instance, moment.afterMs) : await killAtCall(instance, moment));
  }
  return evidence;
}

async function killAfter(instance: Instance, afterMs: number): Promise<FaultEvidence> {
  const start = performance.now();
  const starting = instance.start().then(
    (readyAfterMs) => ({ readyAfterMs }),
    (error: unknown) => ({ error }),
  );
  await Promise.race([sleep(afterMs), starting]);
  const killedAfterMs = Math.round(performance.now() - start);
  const killed = await instance.kill();
  const outcome = await starting;
  if ("error" in outcome && !(outcome.error instanceof TargetError && outcome.error.code === "TARGET_EXITED")) {
    throw outcome.error;
  }
  return during(killed, { wasReady: "readyAfterMs" in outcome, moment: `${killedAfterMs} ms after its start`, details: { killedAfterMs } });
}

async function killAtCall(instance: Instance, { calls, at }: { calls: CallGroup; at: number }): Promise<FaultEvidence> {
  const { armed, readyAfterMs } = await startUnderCallFault(instance, { calls, at, does: "kill" });
  const wasReady = readyAfterMs !== undefined;
  const killed = wasReady ? await instance.kill() : await armed.happenedWithin(10_000);
  await armed.release();
  return during(killed, { wasReady, moment: `at call ${at} of ${calls}`, details: { calls, at } });
}

interface Circumstances {
  readonly wasReady: boolean;
  readonly moment: string;
  readonly details: Readonly<Record<string, string | number>>;
}

function during(killed: FaultEvidence, { wasReady, moment, details }: Circumstances): FaultEvidence {
  return {
    happened: killed.happened && !wasReady,
    summary: wasReady ? `it was ready before it was killed; ${killed.summary}` : `${killed.summary}, ${moment}, before it was ready`,
    details: { ...killed.details, ...details, wasReady },
  };
}
