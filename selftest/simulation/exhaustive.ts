/**
 * Every crash of short workloads: all sequences of up to three steps over a small alphabet, each cut at every disk call, by every
 * adversary. Two steps alike in everything but their numbers are one letter; most crash bugs of file systems and stores need no more
 * than three operations.
 */
import type { Ending, Operation, Request } from "./operations.ts";
import type { RunOptions } from "./run.ts";
import { simulate } from "./simulation.ts";

export type Letter = keyof typeof alphabet;

const ask = (request: Request): Operation => ({ do: "request", client: 0, request });
const publish = (subject: number, more: Partial<Request & { do: "publish" }> = {}): Operation =>
  ask({ do: "publish", stream: 0, subject, content: subject, bytes: 40, ...more });
const turn: Operation = { do: "turn" };

const alphabet = {
  "publish with an id": [publish(0, { id: 1 })],
  "publish two in one turn": [publish(1), publish(2, { bytes: 700 })],
  "publish more than a segment": [publish(2, { bytes: 2500 })],
  "publish if last": [publish(1, { expects: "sequence" })],
  "delete a message": [ask({ do: "delete-message", stream: 0, at: 500, erase: false })],
  "erase a message": [ask({ do: "delete-message", stream: 0, at: 500, erase: true })],
  "purge all": [ask({ do: "purge", stream: 0, how: "all", at: 0 })],
  "purge a subject": [ask({ do: "purge", stream: 0, how: "subject", at: 1 })],
  "limit to one": [ask({ do: "update-stream", stream: 0, limit: 1 })],
  "delete the stream": [ask({ do: "delete-stream", stream: 0 })],
  "create another stream": [ask({ do: "create-stream", stream: 1, limit: 0, limitedBy: "count" })],
  "deliver and double ack": [
    ask({ do: "pull", stream: 0, consumer: 0, batch: 2, waitMs: 0 }),
    turn,
    ask({ do: "ack", delivery: 1, verb: "", answered: true }),
  ],
  "delete the consumer": [ask({ do: "delete-consumer", stream: 0, consumer: 0 })],
  "stop and start": [{ do: "restart" }],
  "wait for the marker": [{ do: "wait", ms: 300 }],
  // Longer than the duplicate window, so that segments with ids may be sorted; and turns in which that goes on.
  "wait for compaction": [{ do: "wait", ms: 21_000 }, ...Array.from({ length: 12 }, (): Operation => ({ do: "wait", ms: 20 }))],
} satisfies Readonly<Record<string, readonly Operation[]>>;

export const letters: readonly Letter[] = Object.keys(alphabet).filter((key): key is Letter => key in alphabet);

/** Every workload begins with something to lose. */
const opening: readonly Operation[] = [
  ask({ do: "create-stream", stream: 0, limit: 0, limitedBy: "count" }),
  turn,
  ask({ do: "create-consumer", stream: 0, consumer: 0 }),
  publish(1),
  publish(0, { id: 7 }),
  turn,
];

export const endings: readonly Ending[] = (["kill", "nothing", "everything", "random"] as const).map((keep, at) => ({
  keep,
  seed: at + 1,
}));

/** All words of exactly that many letters. */
export function* wordsOf(length: number): Generator<readonly Letter[]> {
  if (length === 0) {
    yield [];
    return;
  }
  for (const start of wordsOf(length - 1)) {
    for (const letter of letters) {
      yield [...start, letter];
    }
  }
}

export function spell(word: readonly Letter[]): Operation[] {
  return [...opening, ...word.flatMap((letter): Operation[] => [...alphabet[letter], turn])];
}

export interface CrashState {
  readonly word: readonly Letter[];
  readonly call: number;
  readonly ending: Ending;
  /** On a disk on which most commits happen in the background. */
  readonly isSlow?: boolean;
}

export interface ExhaustiveResult {
  readonly workloads: number;
  readonly states: number;
  /** Undefined when all were good. */
  readonly failure: (CrashState & { readonly says: string }) | undefined;
  readonly isComplete: boolean;
}

/** Checkpoints block, so a slow disk gets fewer of them. */
const sizesOf = (isSlow: boolean) => ({ segmentBytes: 1024, checkpointSegments: isSlow ? 3 : 1, isSlow });

export interface ExhaustiveOptions {
  readonly lengthMax: number;
  /** Takes every `of`-th workload only, so that a long search can be split. */
  readonly part?: { readonly number: number; readonly of: number };
  /** Asked before each crash state. */
  readonly goesOn: (progress: { workloads: number; states: number }) => boolean;
}

export async function runExhaustive({ lengthMax, part = { number: 1, of: 1 }, goesOn }: ExhaustiveOptions): Promise<ExhaustiveResult> {
  const progress = { workloads: 0, states: 0 };
  let words = 0;
  for (let length = 0; length <= lengthMax; length += 1) {
    for (const word of wordsOf(length)) {
      words += 1;
      if (words % part.of !== part.number % part.of) {
        continue;
      }
      for (const state of [...(await statesOf(word, false)), ...(await statesOf(word, true))]) {
        if (!goesOn(progress)) {
          return { ...progress, failure: undefined, isComplete: false };
        }
        const says = await tryState(state);
        progress.states += 1;
        if (says !== undefined) {
          return { ...progress, failure: { ...state, says }, isComplete: false };
        }
      }
      progress.workloads += 1;
    }
  }
  return { ...progress, failure: undefined, isComplete: true };
}

export async function tryState({ word, call, ending, isSlow = false }: CrashState): Promise<string | undefined> {
  const options: RunOptions = { seed: 1, sizes: sizesOf(isSlow), dieAt: { call, ending } };
  return (await simulate(spell(word), options)).violation?.says;
}

/** Calls are counted on a run without a crash, up to where its last operation is done; the calls of a shorter word were tried with it. */
async function statesOf(word: readonly Letter[], isSlow: boolean): Promise<CrashState[]> {
  const sizes = sizesOf(isSlow);
  const whole = await simulate(spell(word), { seed: 1, sizes, measuresOnly: true });
  const before = word.length === 0 ? 0 : (await simulate(spell(word.slice(0, -1)), { seed: 1, sizes, measuresOnly: true })).diskCalls;
  const calls = Array.from({ length: whole.diskCalls - before }, (_, at) => before + at + 1);
  return calls.flatMap((call) => endings.map((ending) => ({ word, call, ending, isSlow })));
}
