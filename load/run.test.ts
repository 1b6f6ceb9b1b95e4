/** The engine on servers that misbehave in known ways: what the judge of speed must notice. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type LoadResult, loadResult } from "../evidence/results/schema.ts";
import { type Lies, startFakeJetStream } from "./engine/fake-jetstream.ts";
import type { LoadEvent } from "./events.ts";
import { LoadError } from "./load-error.ts";
import { type LoadOptions, type LoadSide, runLoadProfile } from "./run.ts";

let folder: string;
let publish: string;
let pull: string;
let push: string;

/** The generous limits keep a busy machine from making the client the suspect. */
function profileText(op: "publish" | "pull" | "push"): string {
  return `
profile: test-${op}
about: For tests.
stream: { storage: memory }
load: { op: ${op}, connections: 1, payload: { size: 32 B }, pull: { batch: 100, ack: explicit }, push: { ordered: false } }
model: closed
arrivals:
  closed: { model: closed, inFlight: ${op === "publish" ? 64 : 1} }
  open: { model: open, shape: constant, rate: 500/s, maxInFlight: 2 }
slo: { responseP99: 10s }
margin: 5 %
sizes:
  smoke: { warmup: 50ms, measure: 250ms, drain: 400ms, pairs: 1, preload: 500 }
  ci: { warmup: 100ms, measure: 2100ms, drain: 1s, pairs: 1, preload: 500 }
  full: { warmup: 100ms, measure: 60s, drain: 500ms, pairs: 1, preload: 500, settle: 60s }
`;
}

beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), "load-test-"));
  publish = path.join(folder, "publish.yaml");
  pull = path.join(folder, "pull.yaml");
  writeFileSync(publish, profileText("publish"));
  writeFileSync(pull, profileText("pull"));
  push = path.join(folder, "push.yaml");
  writeFileSync(push, profileText("push"));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function sideOf(server: { url: string }, name = "fake"): LoadSide {
  return { url: server.url, settings: { sync_interval: "always" }, server: { name, version: "1.0.0" }, target: { name } };
}

async function runOn(lies: Lies, options: Partial<LoadOptions> & { profile: string }): Promise<LoadResult> {
  await using server = await startFakeJetStream(lies);
  const result = await runLoadProfile({ size: "smoke", sides: { A: sideOf(server) }, policy: "for tests", seed: 1, ...options });
  return loadResult.parse(result);
}

test("an honest server passes in both operations and both models, with every message accounted for", async () => {
  for (const profile of [publish, pull]) {
    for (const model of ["closed", "open"] as const) {
      // Small enough to leave the shared event loop idle, large enough that a busy machine keeps up with the schedule.
      const window = model === "open" ? 1000 : profile === publish ? 8 : 1;
      const result = await runOn({}, { profile, overrides: { model, window } });
      expect([result.outcome, result.reason, result.model]).toEqual(["pass", undefined, model]);
      const { accounting, operations, service, response } = result.blocks[0]!;
      expect(operations).toBeGreaterThan(20);
      expect(accounting).toMatchObject({ lost: 0, duplicated: 0, outOfOrder: 0, errors: {} });
      expect([accounting.acknowledged, accounting.stored]).toEqual([accounting.published, accounting.published]);
      expect(service?.p50).toBeGreaterThan(0);
      expect(response !== undefined).toBe(model === "open");
    }
  }
});

test("a stall of 100 ms each second shows in the response time and hides from the service time", async () => {
  const result = await runOn({ stall: { everyMs: 1000, forMs: 100 } }, { profile: publish, size: "ci", overrides: { model: "open" } });
  const { response, service, deferred, accounting } = result.blocks[0]!;
  expect(response?.p99).toBeGreaterThan(60_000);
  expect(response!.p99 / service!.p99).toBeGreaterThan(2);
  expect(deferred).toBeGreaterThan(40);
  // Nothing that was due was skipped: half a thousand a second, warm-up included.
  expect(accounting.published).toBeGreaterThanOrEqual(1090);
  expect(accounting.errors).toEqual({});
});

test("one acknowledged message in ten thousand that is not stored voids the run", async () => {
  const result = await runOn({ dropEvery: 10_000 }, { profile: publish, size: "ci", overrides: { window: 1000 } });
  expect(result.outcome).toBe("fail");
  expect(result.comparisons).toEqual([]);
  expect(result.reason).toContain("acknowledged messages were lost");
  const { lost, published } = result.blocks[0]!.accounting;
  expect(lost).toBe(Math.floor(published / 10_000));
  expect(lost).toBeGreaterThan(0);
});

test.each([
  ["gives one sequence to two messages", "publish", { sameSequenceEvery: 50 }, "came twice"],
  ["refuses publishes", "publish", { refuseAt: 200 }, "error 10077"],
  ["delivers a message twice", "pull", { deliverTwiceEvery: 40 }, "came twice"],
  ["leaves a message out", "pull", { skipEvery: 40 }, "acknowledged messages were lost"],
  ["pushes a message twice", "push", { deliverTwiceEvery: 40 }, "came twice"],
  ["leaves a message out of a push", "push", { skipEvery: 40 }, "acknowledged messages were lost"],
  ["never takes acknowledgements", "pull", { forgetsAcks: 3 }, "3 delivered messages were acknowledged and are still pending"],
  ["counts as stored what it has lost", "publish", { losesTail: 1 }, "acknowledged messages were lost"],
  ["has no JetStream", "publish", { noStreams: true }, "err_code 10039"],
] satisfies [string, "publish" | "pull" | "push", Lies, string][])("a server that %s fails", async (_, op, lies, reason) => {
  const result = await runOn(lies, { profile: { publish, pull, push }[op] });
  expect([result.outcome, result.reason]).toEqual(["fail", expect.stringContaining(reason)]);
});

test("an open pull notices messages that were acknowledged and never delivered", async () => {
  const result = await runOn({ dropEvery: 20 }, { profile: pull, overrides: { model: "open" } });
  expect(result.outcome).toBe("fail");
  expect(result.blocks[0]!.accounting.lost).toBeGreaterThan(0);
});

test.each([
  ["dies", { dieAt: 300 }, "closed|failed"],
  ["goes silent", { silentAt: 300 }, "answered nothing"],
] satisfies [string, Lies, string][])(
  "a server that %s in the middle of a minute-long run is judged within seconds",
  async (_, lies, reason) => {
    for (const model of ["closed", "open"] as const) {
      const start = performance.now();
      const result = await runOn(lies, { profile: publish, size: "full", overrides: { model } });
      expect([result.outcome, result.reason]).toEqual(["fail", expect.stringMatching(reason)]);
      expect(performance.now() - start).toBeLessThan(8000);
    }
  },
);

test("an unreachable server is a verdict, not an exception", async () => {
  const result = await runOn({}, { profile: publish, sides: { A: sideOf({ url: "nats://127.0.0.1:1" }) } });
  expect(result.outcome).toBe("fail");
  expect(result.blocks).toHaveLength(1);
});

test("a window that takes longer than the longest silence to come home is waited for while answers arrive", async () => {
  const result = await runOn({ answerEveryMs: 20 }, { profile: publish });
  expect([result.outcome, result.reason]).toEqual(["pass", undefined]);
  // 64 answers, 20 ms apart, against 400 ms of drain.
  expect(result.durationMs).toBeGreaterThan(1000);
});

test("a server that answers a whole window at once, longer apart than the measurement, is measured by its bursts", async () => {
  const everyMs = 350;
  const result = await runOn({ acksEveryMs: everyMs }, { profile: publish });
  expect([result.outcome, result.reason]).toEqual(["pass", undefined]);
  const bursts = (result.blocks[0]!.perSecond * everyMs) / 1000 / 64;
  // One window for each burst, whatever the clock of the measurement cuts.
  expect(bursts).toBeGreaterThan(0.6);
  expect(bursts).toBeLessThan(1.35);
});

test("an honest push passes, its operations counted and not timed", async () => {
  const result = await runOn({}, { profile: push });
  expect([result.outcome, result.reason]).toEqual(["pass", undefined]);
  const [block] = result.blocks;
  expect(block?.operations).toBeGreaterThan(500);
  expect(block?.service).toBeUndefined();
});

test("a block tells what share of a core the client used", async () => {
  const result = await runOn({}, { profile: publish, overrides: { window: 8 } });
  expect(result.blocks[0]?.generatorCpuShare).toBeGreaterThan(0);
});

test("a rate that the server can't sustain is said, and allows no verdict", async () => {
  const overrides = { model: "open", window: 1, rate: 200_000 } as const;
  const result = await runOn({}, { profile: publish, overrides });
  expect(result.outcome).not.toBe("pass");
  expect(result.reason).toMatch(/rate not sustained|generator-bound/);
});

test("two sides run in pairs, are compared metric by metric, and tell how to do it again", async () => {
  await using a = await startFakeJetStream();
  await using b = await startFakeJetStream();
  const events: LoadEvent[] = [];
  const result = await runLoadProfile({
    profile: publish,
    size: "smoke",
    sides: { A: sideOf(a, "ours"), B: sideOf(b, "theirs") },
    policy: "equal policies: always",
    pairs: 2,
    seed: 9,
    overrides: { payloadBytes: 64, window: 8 },
    listener: (event) => events.push(event),
  });
  expect(result.blocks.map((block) => block.side).join("")).toMatch(/^(ABBA|BAAB)$/);
  expect(result.comparisons.map((comparison) => comparison.metric)).toEqual(["peak throughput", "service.p50", "service.p99"]);
  expect(result.comparisons.every((comparison) => comparison.verdict === "inconclusive")).toBe(true);
  expect(result.sides.A).toEqual({ target: "ours", version: "1.0.0", settings: { sync_interval: "always" } });
  expect(result.reproduce).toBe(
    `streamproof load ${publish} --target ours --against theirs --size smoke --pairs 2 --payload 64 --window 8 --seed 9`,
  );
  expect(events.map((event) => event.type).filter((type) => type === "block-end")).toHaveLength(4);
  expect(events.some((event) => event.type === "progress" && event.phase === "measure")).toBe(true);
  expect([a.published(), b.published()].every((count) => count > 100)).toBe(true);
});

test("an abort keeps the finished blocks and calls the run inconclusive", async () => {
  const controller = new AbortController();
  const result = await runOn(
    {},
    {
      profile: publish,
      pairs: 5,
      signal: controller.signal,
      listener: (event) => {
        if (event.type === "block-start" && event.index === 1) {
          setImmediate(() => controller.abort());
        }
      },
    },
  );
  expect(result.outcome).toBe("inconclusive");
  expect(result.reason).toContain("interrupted after 1 of 5");
  expect(result.blocks).toHaveLength(1);
});

test("requests that can't be run are refused before anything is sent", async () => {
  await using server = await startFakeJetStream();
  const base = { profile: publish, size: "smoke", sides: { A: sideOf(server) }, policy: "p", seed: 1 } as const;
  const bad: Partial<LoadOptions>[] = [
    { profile: "nonsense" },
    { pairs: 0 },
    { overrides: { payloadBytes: 8 } },
    { overrides: { window: -1 } },
    { overrides: { connections: 1.5 } },
    { profile: push, overrides: { window: 4 } },
    { overrides: { model: "open", rate: 0 } },
  ];
  for (const options of bad) {
    await expect(runLoadProfile({ ...base, ...options })).rejects.toBeInstanceOf(LoadError);
  }
  expect(server.published()).toBe(0);
});
