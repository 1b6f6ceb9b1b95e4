import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseHistory } from "../../evidence/history/history-parser.ts";
import { campaignResult } from "../../evidence/results/schema.ts";
import { resolveTarget } from "../../targets/resolve.ts";
import type { Target } from "../../targets/target.ts";
import type { Campaign } from "../catalog/campaign-file.ts";
import { suitesDirectory } from "../catalog/catalog.ts";
import { UnsafeStreams } from "../control/unsafe-streams.ts";
import { type CampaignEvent, type RunCampaignOptions, runCampaign } from "./campaign.ts";
import { CampaignState } from "./campaign-state.ts";
import { FakeTarget } from "./fake-target.ts";

const campaign: Campaign = {
  campaign: "kill9",
  about: "For tests.",
  workload: { use: "publish-acked", writers: 2, window: 8, size: 32 },
  faults: [{ do: "kill", when: { acked: [20, 60] } }],
  checks: ["no-acked-loss", "no-phantoms", "order-per-writer", "sequences-never-reused"],
  cycles: 2,
  volume: "image",
  freshStoreEvery: 20,
  keepsStore: false,
  control: {
    keeps: "memory",
    cycles: 1,
    use: "publish-acked",
    checks: ["no-acked-loss"],
    faults: [{ do: "kill", when: { acked: [200, 400] } }],
  },
};
const withoutControl: Campaign = { ...campaign, control: { ...campaign.control, cycles: 0 } };

/** Keeps its streams over every fault, in the memory of the test; `lossy` forgets the newest message at each fault. */
function keeper({ lossy = false, ...options }: { lossy?: boolean; faultsHappen?: boolean; comesBack?: boolean } = {}): FakeTarget {
  const streams = new UnsafeStreams();
  const lost = new Set<string>();
  const answer = (subject: string, payload: string): string => {
    const api = subject.startsWith("$JS.API.");
    const call = subject.slice("$JS.API.".length);
    if (lossy && call.startsWith("STREAM.MSG.GET.") && payload === '{"seq":5}') {
      lost.add(call);
      return '{"error":{"code":404,"err_code":10037}}';
    }
    const said = api ? streams.api(call, payload) : streams.publish(subject, Buffer.alloc(0), Buffer.from(payload));
    return said === undefined ? "no-responders" : JSON.stringify(said);
  };
  return new FakeTarget({ answer, ...options });
}

/** The real control, in a child process of its own. */
function control(): Promise<Target> {
  const folder = join(suitesDirectory, "control");
  return resolveTarget("", { targetFile: join(folder, "target.yaml"), set: { script: join(folder, "server.ts"), keep: "memory" } });
}

async function run(options: Partial<RunCampaignOptions> & { target: Target }) {
  const events: CampaignEvent[] = [];
  const result = await runCampaign({ campaign, seed: 3, listener: (event) => events.push(event), ...options });
  expect(campaignResult.parse(result)).toEqual(result);
  return { result, events };
}

test("the control loses what it acknowledged, and a server that keeps everything passes with a bound", async () => {
  const target = keeper();
  const { result, events } = await run({ target });
  expect(result).toMatchObject({
    outcome: "pass",
    cycles: { planned: 2, done: 2, failed: 0, inconclusive: 0 },
    lost: 0,
    bound: 1,
    witness: [],
  });
  expect(result.control?.lost).toBeGreaterThan(0);
  expect(result.control?.lost).toBe(result.control?.acknowledged);
  expect(result.acknowledged).toBeGreaterThanOrEqual(40);
  expect(events.map((event) => event.type)).toEqual(["control", "cycle", "cycle"]);
  expect([target.provisioned, target.alive]).toEqual([1, 0]);
});

test("a control that loses nothing makes the campaign inconclusive, and no cycle runs", async () => {
  const target = keeper();
  const { result } = await run({ target, control: keeper() });
  expect(result).toMatchObject({ outcome: "inconclusive", cycles: { done: 0 }, control: { lost: 0 } });
  expect(result.reason).toContain("the control lost nothing");
  expect(target.provisioned).toBe(0);
});

test("a lost message fails the campaign with picture, witness, history and a command", async () => {
  const folder = mkdtempSync(join(tmpdir(), "campaign-"));
  try {
    const { result } = await run({
      target: keeper({ lossy: true }),
      campaign: withoutControl,
      historyDirectory: folder,
    });
    expect(result).toMatchObject({ outcome: "fail", cycles: { failed: 2 }, lost: 2 });
    expect(result.witness.join("\n")).toContain("acknowledged seq 5");
    expect(result.pictures[0]).toMatchObject({ lost: 1, place: "hole", fault: "kill" });
    expect(result.reproduce).toBe("npx streamproof crash kill9 --target fake --cycles 1 --seed 3");
    expect(readdirSync(folder)).toEqual(["kill9-1.ndjson", "kill9-2.ndjson", "kill9-smallest.yaml"]);
    expect(result.minimal).toMatchObject({ steps: 8, command: expect.stringContaining("kill9-smallest.yaml --target fake") });
    expect(parseHistory(readFileSync(result.historyFile ?? "", "utf8")).acknowledged().length).toBeGreaterThan(0);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a server that keeps nothing is found by the same campaign", async () => {
  const { result } = await run({ target: await control(), campaign: withoutControl, cycles: 1 });
  expect(result).toMatchObject({ outcome: "fail", cycles: { done: 1, failed: 1 }, pictures: [{ place: "everything" }] });
  expect(result.lost).toBe(result.acknowledged);
});

test("a fault without evidence is inconclusive, never a pass", async () => {
  const { result } = await run({ target: keeper({ faultsHappen: false }), campaign: withoutControl });
  expect(result).toMatchObject({ outcome: "inconclusive", cycles: { inconclusive: 2, failed: 0 } });
  expect(result.bound).toBeUndefined();
});

test("a target without the fault is not applicable", async () => {
  const { result } = await run({
    target: new FakeTarget({ answer: () => undefined, has: ["restart"], missing: { kill: "it is not ours" } }),
  });
  expect(result).toMatchObject({ outcome: "not-applicable", reason: "needs kill: it is not ours", cycles: { done: 0 } });
});

test("lines that the target can't be asked for are left out and named", async () => {
  const faults: Campaign["faults"] = [{ do: "power-cut", when: { acked: 20 } }, ...campaign.faults];
  const { result, events } = await run({ target: keeper(), campaign: { ...withoutControl, faults } });
  expect(result).toMatchObject({ outcome: "pass", cycles: { done: 2 }, skipped: ["line 1 (power-cut) needs power-cut: not here"] });
  expect(events[0]?.type).toBe("skipped");
});

test("a server that never comes back is given up after three cycles", async () => {
  const target = keeper({ comesBack: false });
  const { result } = await run({ target, campaign: withoutControl, cycles: 1000 });
  expect(result).toMatchObject({ outcome: "fail", cycles: { done: 3, failed: 3 } });
  expect(result.reason).toMatch(/did not come back.*3 cycles in a row/);
  expect(target.alive).toBe(0);
});

test("a campaign that was stopped goes on from its state and adds up", async () => {
  const folder = mkdtempSync(join(tmpdir(), "campaign-"));
  const path = join(folder, "kill9.state.ndjson");
  try {
    const target = keeper();
    const begun = CampaignState.begin(path);
    await run({ target, campaign: withoutControl, cycles: 2, state: begun });
    begun.close();
    appendFileSync(path, '{"type":"cycle","torn');
    const state = CampaignState.resume(path);
    const { result, events } = await run({ target, campaign: withoutControl, cycles: 5, state });
    state.close();
    expect(events.flatMap((event) => (event.type === "cycle" ? [event.cycle] : []))).toEqual([3, 4, 5]);
    expect(result).toMatchObject({ outcome: "pass", cycles: { planned: 5, done: 5 } });
    expect(result.acknowledged).toBeGreaterThanOrEqual(100);
    const other = CampaignState.resume(path);
    await expect(run({ target, campaign: withoutControl, cycles: 9, seed: 4, state: other })).rejects.toThrow("seed was 3 and is 4");
    other.close();
    expect(() => CampaignState.resume(join(folder, "none"))).toThrow("there is no campaign to resume");
    expect(target.alive).toBe(0);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a server that makes no stream fails every cycle", async () => {
  const refusing = new FakeTarget({ answer: () => '{"error":{"code":500,"err_code":10049,"description":"no room"}}' });
  const { result } = await run({ target: refusing, campaign: withoutControl, cycles: 1 });
  expect(result).toMatchObject({ outcome: "fail", reason: expect.stringContaining("no room") });
});

test("a stopped campaign says how far it came", async () => {
  const controller = new AbortController();
  const listener = (event: CampaignEvent): void => {
    if (event.type === "cycle") {
      controller.abort(new Error("stopped"));
    }
  };
  const target = keeper();
  const { result } = await run({ target, campaign: withoutControl, cycles: 50, signal: controller.signal, listener });
  expect(result).toMatchObject({ outcome: "inconclusive", cycles: { planned: 50, done: 1 }, reason: "stopped after 1 cycles" });
  expect(target.alive).toBe(0);
});

test("a campaign that is stopped within a cycle says so and leaves nothing running", async () => {
  const target = keeper();
  const options = { campaign: { ...withoutControl, faults: [{ do: "kill" as const, when: { acked: 1_000_000 } }] }, cycles: 5 };
  const { result } = await run({ target, ...options, signal: AbortSignal.timeout(500) });
  expect(result).toMatchObject({ outcome: "inconclusive", cycles: { done: 0 }, reason: "stopped after 0 cycles" });
  expect(target.alive).toBe(0);
});

test("the same seed draws the same cuts", async () => {
  const acknowledgedAt = async (seed: number): Promise<number[]> => {
    const { result } = await run({ target: keeper(), campaign: withoutControl, cycles: 1, seed });
    return result.pictures.map((picture) => picture.acknowledged);
  };
  // A window of 8 on each of 2 writers may be answered beyond the cut's count.
  const [first = 0, second = 0] = [...(await acknowledgedAt(11)), ...(await acknowledgedAt(11))];
  expect(Math.abs(first - second)).toBeLessThanOrEqual(16);
});
