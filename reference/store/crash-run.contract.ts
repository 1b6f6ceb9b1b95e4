/** A workload on a store that may die at any call, and the judgement of what recovery finds; shared by the crash and damage tests. */
import { isDeepStrictEqual } from "node:util";
import { expect } from "vitest";
import type { Adversary, CrashableDisk } from "../sim/crashable-disk.ts";
import { SeededRandom } from "../sim/seeded-random.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";
import { microtasks } from "./file-store.contract.ts";
import { type OpenedStore, openStore, type StoreOptions } from "./open-store.ts";
import { applyOperation, describeModel, describeStream, type Operation, StreamModel, subject } from "./stream-store.contract.ts";

export const directory = "/jetstream";
export const encoder = new TextEncoder();
export const startNs = 1_700_000_000_000_000_000n;

export function open(disk: CrashableDisk, options: Partial<StoreOptions> = {}): Promise<OpenedStore> {
  return openStore({
    directory,
    disk: disk.session(),
    clock: new VirtualClock(),
    random: new SeededRandom(1),
    syncPolicy: "always",
    segmentBytes: 2048,
    cacheBytes: 256 * 1024,
    checkpointSegments: 2,
    ...options,
  });
}

export function adversaries(seed: number): readonly Adversary[] {
  return [{ keep: "nothing" }, { keep: "everything" }, { keep: "random", seed }];
}

export interface Run {
  /** The model after each commit that returned, and the one after the commit that was under way. */
  readonly committed: StreamModel;
  readonly attempted: StreamModel;
  /** Assets: changes committed and changes attempted. */
  readonly committedChanges: number;
  readonly attemptedChanges: number;
  readonly finished: boolean;
  readonly streamCommitted: boolean;
}

/** Runs the workload until it ends or the machine dies. */
export async function run(disk: CrashableDisk, steps: readonly Operation[]): Promise<Run> {
  const model = new StreamModel();
  let committed = model.copy();
  let attempted = model.copy();
  let changes = 0;
  let committedChanges = 0;
  let streamCommitted = false;
  const progress = (finished: boolean): Run => ({
    committed,
    attempted,
    committedChanges,
    attemptedChanges: changes,
    finished,
    streamCommitted,
  });
  try {
    const { store } = await open(disk);
    const stored = store.createStream({ account: "$G", name: "S", storage: "file", createdNs: 1n, config: encoder.encode("{}") });
    const asset = stored.createAsset("c", encoder.encode("definition"));
    let timeNs = startNs;
    const turn = () => {
      changes += 1;
      asset.append(encoder.encode(String(changes)));
      attempted = model.copy();
      store.commit();
      committed = attempted;
      committedChanges = changes;
      streamCommitted = true;
    };
    for (const operation of steps) {
      timeNs += 1_000n;
      applyOperation({ operation, stream: stored.messages, model, timeNs, turn });
      // Between turns the next segment's file is made ready.
      await microtasks(6);
    }
    turn();
    await store.close();
    return progress(true);
  } catch (error) {
    if (!disk.isDead) {
      throw error;
    }
    return progress(false);
  }
}

export async function judge(disk: CrashableDisk, outcome: Run): Promise<void> {
  const { streams, report, store } = await open(disk);
  expect(report.damage).toEqual([]);
  expect(report.lost).toEqual([]);
  expect(report.rebuilt).toEqual([]);
  const [recovered] = streams;
  if (recovered === undefined) {
    expect(outcome.streamCommitted).toBe(false);
    store.abandon();
    return;
  }
  const found = describeStream(recovered.stream.messages);
  const allowed = [describeModel(outcome.committed), describeModel(outcome.attempted)];
  const changes = recovered.assets[0]?.records.map((record) => Number(new TextDecoder().decode(record))) ?? [];
  const isCommitted = isDeepStrictEqual(found, allowed[0]);
  expect(found).toEqual(isCommitted ? allowed[0] : allowed[1]);
  expect(changes).toEqual(Array.from({ length: changes.length }, (_, at) => at + 1));
  expect(changes.length).toBeGreaterThanOrEqual(outcome.committedChanges);
  expect(changes.length).toBeLessThanOrEqual(outcome.attemptedChanges);
  store.abandon();

  // Recovery has changed nothing that a second one would see otherwise.
  disk.powerCut({ keep: "nothing" });
  const again = await open(disk);
  expect(describeStream(again.streams[0]?.stream.messages ?? recovered.stream.messages)).toEqual(found);
  // And the next message gets the next sequence, which survives another cut.
  const [stream] = again.streams;
  const message = { subject: subject("after"), headers: new Uint8Array(0), payload: encoder.encode("after"), timeNs: startNs * 2n };
  const sequence = stream?.stream.messages.append(message);
  expect(sequence).toBe(stream?.stream.messages.state.lastSequence ?? 0);
  again.store.commit();
  disk.powerCut({ keep: "nothing" });
  const third = await open(disk);
  expect(third.streams[0]?.stream.messages.state.lastSequence).toBe(sequence);
  expect(third.report.damage).toEqual([]);
  expect(third.streams[0]?.stream.messages.has(sequence ?? 0)).toBe(true);
}

export const append = (payload: number): Operation => ({ do: "append", subject: payload % 6, headers: payload % 40, payload });
export const turn: Operation = { do: "turn" };
export const workloads: Readonly<Record<string, readonly Operation[]>> = {
  "publishing over several segments": Array.from({ length: 16 }, (_, at) => [append(200 + at), turn]).flat(),
  "a turn larger than a segment": [append(10), turn, ...Array.from({ length: 20 }, () => append(290)), turn, append(5)],
  "removing, purging and skipping": [
    ...Array.from({ length: 12 }, (_, at) => append(100 + at)),
    turn,
    { do: "remove", at: 30, erase: false },
    turn,
    { do: "skip" },
    { do: "purge", filter: 2, at: 90, keep: 1 },
    turn,
    append(200),
    { do: "remove-below", at: 60 },
    turn,
    { do: "purge", filter: 0, at: 120, keep: 0 },
    turn,
    append(20),
  ],
  "erasing in place": [append(90), append(91), turn, { do: "remove", at: 40, erase: true }, turn, append(92), turn],
  "a few messages that stay while many go": Array.from({ length: 6 }, (_, at): Operation[] => [
    { do: "append", subject: 5, headers: 0, payload: 30 + at },
    ...Array.from({ length: 5 }, (): Operation => ({ do: "append", subject: 0, headers: 0, payload: 290 })),
    turn,
    { do: "purge", filter: 1, at: 100, keep: 1 },
    turn,
  ]).flat(),
  "a stream that is emptied again and again": Array.from({ length: 7 }, (): Operation[] => [
    append(250),
    append(260),
    turn,
    { do: "purge", filter: 0, at: 120, keep: 0 },
    turn,
  ]).flat(),
};
