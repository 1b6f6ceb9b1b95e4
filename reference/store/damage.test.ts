/** Bits that flip, files that vanish, segments that were abandoned: what is damaged is named, and everything else is served. */
import { expect, test } from "vitest";
import { CrashableDisk } from "../sim/crashable-disk.ts";
import { append, directory, encoder, judge, open, run, startNs, turn, workloads } from "./crash-run.contract.ts";
import { describeModel, describeStream, emptyView, type Operation, subject } from "./stream-store.contract.ts";

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
