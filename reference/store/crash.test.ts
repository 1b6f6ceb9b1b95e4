/**
 * Power cuts at every call of short workloads, in every adversary: after recovery the stream equals the model at a moment that is not
 * before the last durable epoch and not after what was written.
 */
import { isDeepStrictEqual } from "node:util";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { type Adversary, CrashableDisk } from "../sim/crashable-disk.ts";
import { SeededRandom } from "../sim/seeded-random.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";
import { type OpenedStore, openStore, type StoreOptions } from "./open-store.ts";
import {
  applyOperation,
  describeModel,
  describeStream,
  emptyView,
  type Operation,
  operations,
  StreamModel,
  subject,
} from "./stream-store.contract.ts";

const directory = "/jetstream";
const encoder = new TextEncoder();
const startNs = 1_700_000_000_000_000_000n;

function open(disk: CrashableDisk, options: Partial<StoreOptions> = {}): Promise<OpenedStore> {
  return openStore({
    directory,
    disk,
    clock: new VirtualClock(),
    random: new SeededRandom(1),
    syncPolicy: "always",
    segmentBytes: 2048,
    cacheBytes: 256 * 1024,
    checkpointSegments: 2,
    ...options,
  });
}

function adversaries(seed: number): readonly Adversary[] {
  return [{ keep: "nothing" }, { keep: "everything" }, { keep: "random", seed }];
}

interface Run {
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
async function run(disk: CrashableDisk, steps: readonly Operation[]): Promise<Run> {
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
      await microtasks();
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

async function microtasks(): Promise<void> {
  for (let at = 0; at < 6; at += 1) {
    await Promise.resolve();
  }
}

async function judge(disk: CrashableDisk, outcome: Run): Promise<void> {
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

const append = (payload: number): Operation => ({ do: "append", subject: payload % 6, headers: payload % 40, payload });
const turn: Operation = { do: "turn" };
const workloads: Readonly<Record<string, readonly Operation[]>> = {
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

test.each(Object.entries(workloads))("nothing committed is lost when the power goes at any call: %s", async (_, steps) => {
  const whole = new CrashableDisk();
  expect((await run(whole, steps)).finished).toBe(true);
  const calls = whole.count("any");
  for (let at = 1; at <= calls; at += 1) {
    for (const adversary of adversaries(at)) {
      const disk = new CrashableDisk();
      disk.dieAt(at);
      const outcome = await run(disk, steps);
      disk.powerCut(adversary);
      await judge(disk, outcome).catch((error: unknown) => {
        throw new Error(`power cut at call ${at} of ${calls}, keeping ${adversary.keep} (${adversary.seed})`, { cause: error });
      });
    }
  }
});

test("random workloads survive a cut at a random call", async () => {
  await fc.assert(
    fc.asyncProperty(operations, fc.nat(130), fc.nat(1_000_000), async (steps, at, seed) => {
      const disk = new CrashableDisk();
      disk.dieAt(at + 1);
      const outcome = await run(disk, steps);
      disk.powerCut({ keep: "random", seed });
      await judge(disk, outcome);
    }),
    { numRuns: 200 },
  );
});

test("random workloads survive a kill at a random call", async () => {
  await fc.assert(
    fc.asyncProperty(operations, fc.nat(130), async (steps, at) => {
      const disk = new CrashableDisk();
      disk.dieAt(at + 1);
      const outcome = await run(disk, steps);
      disk.kill();
      await judge(disk, outcome);
    }),
    { numRuns: 100 },
  );
});

test("a cut during recovery changes nothing", async () => {
  const steps = workloads["removing, purging and skipping"] ?? [];
  for (let cut = 20; cut < 60; cut += 11) {
    for (let nested = 1; nested < 40; nested += 2) {
      const disk = new CrashableDisk();
      disk.dieAt(cut);
      const outcome = await run(disk, steps);
      disk.powerCut({ keep: "random", seed: cut });
      disk.dieAt(nested);
      await open(disk).catch(() => undefined);
      disk.powerCut({ keep: "random", seed: nested });
      await judge(disk, outcome);
    }
  }
});

test("any single failing call is answered by a committed turn or an error, never by a loss", async () => {
  const steps = workloads["removing, purging and skipping"] ?? [];
  for (const code of ["EIO", "ENOSPC"]) {
    for (const call of ["write", "sync", "open", "rename", "syncDirectory", "unlink", "truncate"] as const) {
      for (let nth = 1; nth <= 16; nth += 1) {
        const disk = new CrashableDisk();
        disk.failAt({ call, nth, code });
        let outcome: Run | undefined;
        try {
          outcome = await run(disk, steps);
        } catch {
          // Refused: by the open, or by a commit that could not be saved.
        }
        disk.powerCut({ keep: "nothing" });
        if (outcome !== undefined) {
          await judge(disk, outcome);
        }
      }
    }
  }
});

test("every flipped byte of the log is noticed, and at most the one message it hit is lost", async () => {
  const disk = new CrashableDisk();
  const { store } = await open(disk, { segmentBytes: 16_384 });
  const stored = store.createStream({ account: "$G", name: "S", storage: "file", createdNs: 1n, config: encoder.encode("{}") });
  for (let at = 1; at <= 12; at += 1) {
    const input = { subject: subject("a"), headers: new Uint8Array(0), payload: encoder.encode(`payload ${at}`), timeNs: startNs };
    stored.messages.append(input);
    if (at % 3 === 0) {
      store.commit();
    }
  }
  await store.close();
  const path = `${directory}/log/0000000001.log`;
  const { length } = disk.contents(path);
  for (let at = 0; at < length; at += 1) {
    disk.corrupt(path, at, 1 << (at % 8));
    const opened = await open(disk);
    const messages = opened.streams[0]?.stream.messages;
    const lost = Array.from(messages?.lostSequences() ?? []);
    const view = emptyView();
    const found: string[] = [];
    for (let sequence = 1; sequence <= 12; sequence += 1) {
      if (messages?.read(sequence, view) === true) {
        found.push(new TextDecoder().decode(view.buffer.subarray(view.payloadStart, view.payloadEnd)));
        expect(found.at(-1)).toBe(`payload ${sequence}`);
      }
    }
    expect(found.length + lost.length).toBe(12);
    expect(lost.length).toBeLessThanOrEqual(1);
    expect(messages?.state.lastSequence).toBe(12);
    expect(opened.report.lost.flatMap((stream) => stream.sequences)).toEqual(lost);
    opened.store.abandon();
    disk.corrupt(path, at, 1 << (at % 8));
  }
});

test("a flipped byte before the first checkpoint costs at most the one message it hit, never the stream", async () => {
  const disk = new CrashableDisk();
  const { store } = await open(disk, { segmentBytes: 16_384 });
  const stored = store.createStream({ account: "$G", name: "S", storage: "file", createdNs: 1n, config: encoder.encode("{}") });
  for (let at = 1; at <= 8; at += 1) {
    const input = { subject: subject("a"), headers: new Uint8Array(0), payload: encoder.encode(`payload ${at}`), timeNs: startNs };
    stored.messages.append(input);
    store.commit();
  }
  const path = `${directory}/log/0000000001.log`;
  // The last batch has no mark behind it: damage there can't be told from a torn tail.
  const end = new TextDecoder("latin1").decode(disk.contents(path)).indexOf("payload 7") + 8;
  for (let at = 0; at < end; at += 1) {
    disk.kill();
    disk.corrupt(path, at, 1 << (at % 8));
    const opened = await open(disk);
    const messages = opened.streams[0]?.stream.messages;
    const lost = Array.from(messages?.lostSequences() ?? []);
    expect([at, messages?.state.lastSequence, (messages?.state.messages ?? 0) + lost.length]).toEqual([at, 8, 8]);
    expect(lost.length).toBeLessThanOrEqual(1);
    expect(opened.report.damage.length).toBeGreaterThan(0);
    disk.corrupt(path, at, 1 << (at % 8));
  }
});

test("the older checkpoint can take over, although segments were unlinked since", async () => {
  for (let rounds = 4; rounds <= 16; rounds += 1) {
    const steps = Array.from({ length: rounds }, (): Operation[] => [
      append(250),
      append(260),
      turn,
      { do: "purge", filter: 0, at: 120, keep: 0 },
      turn,
    ]).flat();
    for (const name of ["checkpoint-a", "checkpoint-b"]) {
      const disk = new CrashableDisk();
      const outcome = await run(disk, steps);
      disk.corrupt(`${directory}/${name}`, 20, 0x40);
      await judge(disk, outcome);
    }
  }
});

test("a segment that was abandoned after a failed sync is void, whatever the power cut makes of it", async () => {
  for (let seed = 1; seed <= 20; seed += 1) {
    const disk = new CrashableDisk();
    const { store } = await open(disk, { segmentBytes: 4096 });
    const stored = store.createStream({ account: "$G", name: "S", storage: "file", createdNs: 1n, config: encoder.encode("{}") });
    const payload = encoder.encode("x".repeat(300));
    for (let at = 0; at < 5; at += 1) {
      stored.messages.append({ subject: subject("a"), headers: new Uint8Array(0), payload, timeNs: startNs });
    }
    disk.failAt({ call: "sync", nth: 1, code: "EIO" });
    disk.failAt({ call: "unlink", nth: 1, code: "EIO" });
    store.commit();
    expect(disk.list(`${directory}/log`).filter((entry) => entry.name.endsWith(".log"))).toHaveLength(2);
    disk.powerCut({ keep: "random", seed });
    const { streams, report } = await open(disk);
    expect([seed, report.damage, streams[0]?.stream.messages.state.lastSequence]).toEqual([seed, [], 5]);
  }
});

test("a damaged newest message keeps its sequence from being handed out again", async () => {
  const disk = new CrashableDisk();
  const { store } = await open(disk, { segmentBytes: 16_384 });
  const stored = store.createStream({ account: "$G", name: "S", storage: "file", createdNs: 1n, config: encoder.encode("{}") });
  const other = store.createStream({ account: "$G", name: "T", storage: "file", createdNs: 1n, config: encoder.encode("{}") });
  const input = { subject: subject("a"), headers: new Uint8Array(0), payload: encoder.encode("find me"), timeNs: startNs };
  stored.messages.append(input);
  store.commit();
  other.messages.append({ ...input, payload: encoder.encode("another") });
  store.commit();
  const path = `${directory}/log/0000000001.log`;
  disk.corrupt(path, new TextDecoder("latin1").decode(disk.contents(path)).indexOf("find me"), 1);
  disk.kill();
  const opened = await open(disk);
  const messages = opened.streams.find((stream) => stream.definition.name === "S")?.stream.messages;
  expect(messages?.state).toMatchObject({ messages: 0, lastSequence: 1 });
  expect(messages?.isLost(1)).toBe(true);
  expect(messages?.append(input)).toBe(2);
});

test("a damaged checkpoint costs nothing, and neither does a damaged marker file", async () => {
  const steps = workloads["publishing over several segments"] ?? [];
  for (const name of ["checkpoint-a", "checkpoint-b", "store.json"]) {
    const disk = new CrashableDisk();
    const outcome = await run(disk, steps);
    disk.corrupt(`${directory}/${name}`, 20, 0x40);
    const { streams, report, store } = await open(disk);
    expect(report.damagedCheckpoints).toEqual(name === "store.json" ? [] : [name]);
    expect(describeStream(streams[0]?.stream.messages ?? expect.fail())).toEqual(describeModel(outcome.committed));
    store.abandon();
  }
});

test("with both checkpoints gone the streams are put together from their messages", async () => {
  const disk = new CrashableDisk();
  const outcome = await run(disk, workloads["publishing over several segments"] ?? []);
  disk.unlink(`${directory}/checkpoint-a`);
  disk.unlink(`${directory}/checkpoint-b`);
  const { streams } = await open(disk);
  expect(streams[0]?.definition).toMatchObject({ name: "S", account: "$G" });
  expect(describeStream(streams[0]?.stream.messages ?? expect.fail())).toEqual(describeModel(outcome.committed));
});

test("a segment file that vanished is reported as lost sequences, and the rest is served", async () => {
  const disk = new CrashableDisk();
  const outcome = await run(disk, workloads["publishing over several segments"] ?? []);
  const names = disk.list(`${directory}/log`).map((entry) => entry.name);
  disk.unlink(`${directory}/log/${names[2]}`);
  const { streams, report } = await open(disk);
  const [recovered] = streams;
  const lost = Array.from(recovered?.stream.messages.lostSequences() ?? []);
  expect(lost.length).toBeGreaterThan(0);
  expect(report.lost).toEqual([{ stream: "S", account: "$G", sequences: lost }]);
  expect(recovered?.stream.messages.state.lastSequence).toBe(outcome.committed.last);
  expect((recovered?.stream.messages.state.messages ?? 0) + lost.length).toBe(outcome.committed.messages.length);
  expect(recovered?.stream.messages.isLost(lost[0] ?? 0)).toBe(true);
});

test("the interval policy loses only what was not synced, and what is left is a prefix", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(3), { minLength: 1, maxLength: 60 }), fc.nat(1_000_000), async (gaps, seed) => {
      const disk = new CrashableDisk();
      const clock = new VirtualClock();
      const { store } = await open(disk, { clock, syncPolicy: { intervalMs: 5 } });
      const stored = store.createStream({ account: "$G", name: "S", storage: "file", createdNs: 1n, config: encoder.encode("{}") });
      let synced = 0;
      for (const [at, gap] of gaps.entries()) {
        const payload = encoder.encode(`payload ${at}`.padEnd(200));
        stored.messages.append({ subject: subject("a"), headers: new Uint8Array(0), payload, timeNs: startNs });
        store.commit();
        const before = disk.count("sync");
        clock.advance(gap);
        synced = disk.count("sync") > before ? at + 1 : synced;
      }
      disk.powerCut({ keep: "random", seed });
      const { streams, report } = await open(disk);
      const messages = streams[0]?.stream.messages;
      const last = messages?.state.lastSequence ?? 0;
      expect(last).toBeGreaterThanOrEqual(synced);
      expect(messages?.state.messages ?? 0).toBe(last);
      expect(report.damage).toEqual([]);
      expect(report.lost).toEqual([]);
    }),
    { numRuns: 100 },
  );
});
