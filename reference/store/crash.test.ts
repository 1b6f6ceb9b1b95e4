/**
 * Power cuts at every call of short workloads, in every adversary: after recovery the stream equals the model at a moment that is not
 * before the last durable epoch and not after what was written.
 */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { CrashableDisk } from "../sim/crashable-disk.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";
import { adversaries, encoder, judge, open, type Run, run, startNs, workloads } from "./crash-run.contract.ts";
import { operations, subject } from "./stream-store.contract.ts";

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
