/**
 * How soon a server with a million messages is back after kill -9 and after a stop, and how much memory it takes then. Both sides stand
 * filled and are restarted in turn. The reference checks every record when it recovers; after a stop the official server trusts its index.
 */
import { resolveTarget } from "../../targets/resolve.ts";
import { atMost, describeRatio, type Figure, type Goal, pairedRatio } from "./figure.ts";
import { builtReference, FilledServer, type Filling } from "./filled-server.ts";
import { type BenchOptions, commandFor, type Measurement } from "./measurement.ts";

const payloadBytes = 256;
const rounds = 6;
/** A side that recovers slowly must not take the whole table's time: after so long, the rounds done are enough. */
const roundsMaxMs = 60_000;
const roundsMin = 3;
const memoryGoal = atMost(4);

interface Plan {
  readonly subjects: number;
  readonly goal: Goal;
}

/** Of one side: milliseconds and bytes, one entry a round. */
interface Side {
  readonly server: FilledServer;
  readonly publishedBytes: number;
  readonly afterKillMs: number[];
  readonly afterStopMs: number[];
  readonly recoveredBytes: number[];
}

export const recoveryMeasurements: readonly Measurement[] = [
  { subjects: 1000, goal: atMost(0.6) },
  { subjects: 1_000_000, goal: atMost(0.9) },
].map((plan) => ({
  names: ({ quick }) => Object.values(namesOf(plan, quick)),
  run: (options) => measure(plan, options),
}));

/** Stands in all names of a plan. */
function groupOf({ subjects }: Plan, quick: boolean): string {
  return `${messagesOf(quick).toLocaleString("en")} messages, ${Math.min(subjects, messagesOf(quick)).toLocaleString("en")} subjects`;
}

function namesOf(plan: Plan, quick: boolean): { kill: string; stop: string; published: string; recovered: string } {
  const of = groupOf(plan, quick);
  return {
    kill: `recovery after kill -9, ${of}`,
    stop: `start after a stop, ${of}`,
    published: `resident memory after publishing ${of}`,
    recovered: `resident memory after recovering ${of}`,
  };
}

function messagesOf(quick: boolean): number {
  return quick ? 100_000 : 1_000_000;
}

async function measure(plan: Plan, options: BenchOptions): Promise<Figure[]> {
  const { official, quick, seed, signal, onLine } = options;
  const messages = messagesOf(quick);
  const filling: Filling = { messages, subjects: Math.min(plan.subjects, messages), payloadBytes, seed };
  const names = namesOf(plan, quick);
  onLine(`${names.kill}: storing the messages on both sides`);
  await using ours = await fill("ours", filling, { official, signal });
  await using theirs = await fill("theirs", filling, { official, signal });
  const begin = performance.now();
  for (let round = 0; round < (quick ? 2 : rounds) && !signal.aborted; round++) {
    if (round >= roundsMin && performance.now() - begin > roundsMaxMs) {
      break;
    }
    // Each side is first in every other round.
    for (const side of round % 2 === 0 ? [ours, theirs] : [theirs, ours]) {
      await restart(side);
    }
    onLine(`${names.kill}: round ${round + 1}, ${describeTimes(ours, theirs)}`);
  }
  const policies = `the built package syncs always, ${official} syncs 2m; ${payloadBytes} B each`;
  const command = commandFor(groupOf(plan, quick), quick);
  const figure = (
    name: string,
    goal: Goal,
    own: { a: readonly number[]; b: readonly number[]; show: (value: number) => string },
  ): Figure => {
    const ratio = pairedRatio(own.a, own.b, seed);
    const value = `${describeRatio(ratio)}; ${own.show(middle(own.a))} against ${own.show(middle(own.b))}`;
    return { name, compared: policies, value, goal: goal.text, met: goal.judge(ratio), client: "", command };
  };
  return [
    figure(names.kill, plan.goal, { a: ours.afterKillMs, b: theirs.afterKillMs, show: milliseconds }),
    figure(names.stop, plan.goal, { a: ours.afterStopMs, b: theirs.afterStopMs, show: milliseconds }),
    figure(names.published, memoryGoal, { a: [ours.publishedBytes], b: [theirs.publishedBytes], show: mebibytes }),
    figure(names.recovered, memoryGoal, { a: ours.recoveredBytes, b: theirs.recoveredBytes, show: mebibytes }),
  ];
}

async function fill(
  which: "ours" | "theirs",
  filling: Filling,
  { official, signal }: { official: string; signal: AbortSignal },
): Promise<Side & AsyncDisposable> {
  const target = which === "ours" ? await builtReference() : await resolveTarget(official);
  const { server } = await FilledServer.start(target, filling, signal);
  return {
    server,
    publishedBytes: server.residentBytes,
    afterKillMs: [],
    afterStopMs: [],
    recoveredBytes: [],
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

async function restart(side: Side): Promise<void> {
  side.afterKillMs.push(await side.server.restart("kill"));
  side.recoveredBytes.push(side.server.residentBytes);
  side.afterStopMs.push(await side.server.restart("stop"));
}

function describeTimes(ours: Side, theirs: Side): string {
  const of = ({ afterKillMs, afterStopMs }: Side): string =>
    `${milliseconds(afterKillMs.at(-1) ?? 0)} / ${milliseconds(afterStopMs.at(-1) ?? 0)}`;
  return `${of(ours)} against ${of(theirs)} after kill / stop`;
}

function middle(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function milliseconds(value: number): string {
  return `${Math.round(value)} ms`;
}

function mebibytes(value: number): string {
  return `${Math.round(value / 2 ** 20)} MiB`;
}
