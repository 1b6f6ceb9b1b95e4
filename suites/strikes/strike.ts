/**
 * Strikes one blow: brings the load to its moment, does what the blow says, and brings the server back. Everything that was done stands in the history with
 * its evidence. Rejects when the server does not come back, or does not go on where it must; both are the server's failure.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { FaultEvidence } from "../../evidence/history/events.ts";
import type { HistoryWriter } from "../../evidence/history/history-writer.ts";
import { applyFileFault } from "../../targets/faults/apply-file-fault.ts";
import type { ArmedFault } from "../../targets/faults/armed.ts";
import { flipBits } from "../../targets/faults/bit-sweep.ts";
import { drawStartMoments, killDuringStarts } from "../../targets/faults/kill-during-start.ts";
import { copyOfRunning, type EarlierStore, removeFiles } from "../../targets/faults/store-files.ts";
import type { Instance, PowerCutAdversary } from "../../targets/target.ts";
import type { Workload } from "../workloads/workload.ts";
import { type Blow, printBlow } from "./blow.ts";
import { damageEvidence } from "./damage.ts";
import type { KeptStore } from "./kept-store.ts";
import { armCall, armLasting } from "./lasting.ts";
import type { Load } from "./load.ts";

export interface StrikeContext {
  readonly instance: Instance;
  readonly history: HistoryWriter;
  readonly load: Load;
  readonly workload: Workload;
  /** One loaded store for many cycles: kept at the first blow, put back at the others. */
  readonly kept?: KeptStore | undefined;
  /** Of a sweep: a call that never came is its end. */
  readonly sweeps: boolean;
  /** Where a stale page is taken from. */
  readonly earlier?: EarlierStore;
  /** Called before the server is hurt; what is written after it may be lost with the tool. */
  readonly onStrike?: () => void;
}

export interface Struck {
  /** false when the moment never came: the load met no such call. */
  readonly met: boolean;
}

/** A call that has not come by then does not come in this load. */
const callWithinMs = 8000;
const callAckedMax = 3000;
/** After it a server that was hurt for a while has to go on. */
const resumeWithinMs = 15_000;
/** Before files are damaged: a server marks what it has written when it is idle, and tells damage from a torn end by it. */
const quietMs = 500;
const againWithinMs = 60_000;

export async function strike(blow: Blow, context: StrikeContext): Promise<Struck> {
  try {
    const struck = isLasting(blow) ? await lastingStrike(blow, context) : await suddenStrike(blow, context);
    if (blow.again) {
      context.load.begin();
      await context.load.until({ acked: Number.POSITIVE_INFINITY }, { withinMs: againWithinMs });
      await context.load.settle();
    }
    return struck;
  } finally {
    await context.load.cut();
  }
}

function isLasting({ does }: Blow): boolean {
  return does !== "kill" && does !== "restart" && does !== "power-cut" && does !== "damage";
}

/** The server is down when it has been struck, and is started again. */
async function suddenStrike(blow: Blow, context: StrikeContext): Promise<Struck> {
  const { load, onStrike } = context;
  if ("call" in blow.moment) {
    return killAtCall(blow, context);
  }
  if (blow.does === "damage" && context.kept?.workload !== undefined) {
    await context.kept.putBack(context.instance, context.history);
    const met = await damage(blow, context);
    await comeBack(blow, context);
    return { met };
  }
  if (blow.damage === "stale-page" && blow.does === "damage") {
    return staleStrike(blow, context);
  }
  load.begin();
  await load.until(blow.moment, { settles: blow.settled });
  if (blow.settled) {
    await load.settle();
  }
  if (blow.does === "damage") {
    await sleep(quietMs);
  }
  onStrike?.();
  await stopAndHurt(blow, context);
  await comeBack(blow, context);
  await goesOn(blow, context);
  return { met: true };
}

/** A page goes back to what an earlier copy of the store holds: half of the load, a copy, the other half. */
async function staleStrike(blow: Blow, context: StrikeContext): Promise<Struck> {
  const { instance, load } = context;
  const acked = "acked" in blow.moment ? blow.moment.acked : 2;
  load.begin();
  await load.until({ acked: Math.floor(acked / 2) }, { settles: true });
  await load.settle();
  const earlier = await copyOfRunning(instance);
  try {
    load.begin();
    await load.until({ acked }, { settles: true });
    await load.settle();
    context.onStrike?.();
    await stopAndHurt(blow, { ...context, earlier });
    await comeBack(blow, context);
  } finally {
    await earlier.dispose();
  }
  return { met: true };
}

async function stopAndHurt(blow: Blow, context: StrikeContext): Promise<void> {
  const { instance, history, load, workload, kept } = context;
  if (blow.does === "kill" || blow.does === "power-cut" || blow.does === "restart") {
    const evidence = await end(blow.does, blow, instance);
    await load.cut();
    history.fault(blow.does, evidence);
    return;
  }
  const stopped = blow.stopped === "kill" ? await instance.kill() : await instance.stop();
  await load.cut();
  history.fault(blow.stopped === "kill" ? "kill" : "stop", stopped);
  await kept?.keep(instance, { history, workload });
  await damage(blow, context);
}

/** Whether there was anything to damage; without, a sweep is through. */
async function damage(blow: Blow, { instance, history, earlier, sweeps }: StrikeContext): Promise<boolean> {
  if (blow.without !== undefined) {
    history.note(removeFiles(instance, blow.without));
  }
  const { damage: kind, files, seed, where, spreadBytes, bit } = blow;
  if (spreadBytes !== undefined) {
    const flipped = flipBits(instance, { spreadBytes, bit, files });
    if (flipped.happened || !sweeps) {
      history.fault("damage", damageEvidence(flipped));
    } else {
      history.note(flipped.summary);
    }
    return flipped.happened;
  }
  const fault = { kind, files, seed, ...(where === undefined ? {} : { where }) };
  history.fault("damage", damageEvidence(await applyFileFault(instance, fault, earlier === undefined ? {} : { earlier })));
  return true;
}

function end(how: "kill" | "power-cut" | "restart", blow: Blow, instance: Instance): Promise<FaultEvidence> {
  if (how === "power-cut") {
    return instance.powerCut(adversaryOf(blow));
  }
  return how === "restart" ? instance.stop() : instance.kill();
}

function adversaryOf({ keep, seed, names }: Blow): PowerCutAdversary {
  const promise = names === undefined ? {} : { names };
  return keep === "nothing" || keep === "everything" ? { keep, ...promise } : { keep, seed, ...promise };
}

async function killAtCall(blow: Blow, context: StrikeContext): Promise<Struck> {
  const { instance, history, load, onStrike } = context;
  const { moment } = blow;
  if (!("call" in moment)) {
    return { met: false };
  }
  const armed = await armCall(instance, { calls: moment.call, at: moment.nth, does: "kill" });
  try {
    load.begin();
    const evidence = await hitWithin(armed, load);
    onStrike?.();
    if (evidence.happened) {
      await load.cut();
      history.fault("kill", evidence);
    } else {
      history.note(`${evidence.summary}; killed without it`);
      const killed = await instance.kill();
      await load.cut();
      history.fault("kill", killed);
    }
    await comeBack(blow, context);
    return { met: evidence.happened };
  } finally {
    await armed.release();
  }
}

/** Until the call came, or the load has seen enough to say that it does not. */
async function hitWithin(armed: ArmedFault, load: Load): Promise<FaultEvidence> {
  const until = performance.now() + callWithinMs;
  const enough = load.acknowledged + callAckedMax;
  while (load.runs && load.acknowledged < enough && performance.now() < until) {
    if ((await armed.happenedWithin(20)).happened) {
      break;
    }
  }
  // A server that ended by the call ends the load first.
  return armed.happenedWithin(load.runs ? 0 : 1000);
}

/** The fault holds for a while under load, then the server goes on, and in the end its life is ended too. */
async function lastingStrike(blow: Blow, context: StrikeContext): Promise<Struck> {
  const { instance, history, load, onStrike, sweeps } = context;
  const atCall = "call" in blow.moment;
  if (!("call" in blow.moment)) {
    load.begin();
    await load.until(blow.moment, { settles: blow.settled });
    if (blow.settled) {
      await load.settle();
    }
  }
  if (blow.does === "little-memory" || blow.does === "clock") {
    // It holds from a start on.
    await load.settle();
  }
  const lives = instance.epoch;
  const armed = await armLasting(blow, instance);
  if (instance.epoch > lives) {
    history.epoch(instance.epoch, 0);
  }
  let evidence: FaultEvidence;
  try {
    if (!load.runs) {
      load.begin();
    }
    await (atCall ? hitThenLast(armed, blow, load) : lasts(blow, load));
    onStrike?.();
  } finally {
    evidence = await armed.release();
  }
  const met = evidence.happened;
  if (met || !sweeps) {
    history.fault(blow.does, evidence);
  } else {
    history.note(`${printBlow(blow)}: ${evidence.summary}`);
  }
  if (instance.pid !== undefined) {
    await goesOn(blow, context);
  }
  await endLife(blow, context);
  return { met };
}

async function hitThenLast(armed: ArmedFault, blow: Blow, load: Load): Promise<void> {
  if ((await hitWithin(armed, load)).happened) {
    await lasts(blow, load);
  }
}

/** A load whose clients have all given up is begun anew: clients come back. */
async function lasts({ lastsMs }: Blow, load: Load): Promise<void> {
  const until = performance.now() + lastsMs;
  for (let left = lastsMs; left > 0; left = until - performance.now()) {
    if (!load.runs) {
      load.begin();
    }
    await load.until({ acked: Number.POSITIVE_INFINITY }, { withinMs: left });
    if (!load.runs) {
      // A server that is gone refuses at once.
      await sleep(Math.min(50, left));
    }
  }
}

export class ServerDidNotGoOn extends Error {
  override readonly name = "ServerDidNotGoOn";
  readonly code = "SERVER_DID_NOT_GO_ON";
}

async function goesOn(blow: Blow, { load }: StrikeContext): Promise<void> {
  if (blow.after === 0) {
    return;
  }
  const target = load.acknowledged + blow.after;
  const until = performance.now() + resumeWithinMs;
  while (performance.now() < until) {
    if (!load.runs) {
      load.begin();
    }
    if (await load.until({ acked: target }, { withinMs: until - performance.now(), settles: true })) {
      await load.settle();
      return;
    }
    await sleep(50);
  }
  const missing = target - load.acknowledged;
  throw new ServerDidNotGoOn(
    `${resumeWithinMs / 1000} s after ${blow.does} ended, ${missing} of ${blow.after} operations are still not acknowledged`,
  );
}

async function endLife(blow: Blow, context: StrikeContext): Promise<void> {
  const { instance, history, load } = context;
  if (instance.pid === undefined) {
    await load.cut();
    await comeBack(blow, context);
    return;
  }
  if (blow.end === "nothing") {
    await load.settle();
    return;
  }
  const evidence = await end(blow.end, blow, instance);
  await load.cut();
  history.fault(blow.end, evidence);
  await comeBack(blow, context);
}

const startMsGuess = 150;

async function comeBack({ starts, seed }: Blow, { instance, history }: StrikeContext): Promise<void> {
  if (starts > 0) {
    const evidence = await killDuringStarts(instance, drawStartMoments({ seed, nested: starts, readyMs: startMsGuess }));
    for (const each of evidence) {
      // A start that was quicker than its moment was killed all the same, which is a fault of its own.
      history.fault("kill-during-start", { ...each, happened: each.happened || each.details["wasReady"] === true });
    }
  }
  const readyAfterMs = await instance.start();
  history.epoch(instance.epoch, readyAfterMs);
}
