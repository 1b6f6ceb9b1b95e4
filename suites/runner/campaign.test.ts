import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
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
import { FakeTarget } from "./fake-target.ts";

const campaign: Campaign = {
  campaign: "kill9",
  about: "For tests.",
  fault: "kill",
  adversaries: ["nothing"],
  workload: { use: "publish-acked", writers: 2, window: 8, size: 32 },
  cut: { after: [20, 60] },
  checks: ["no-acked-loss", "no-phantoms", "order-per-writer", "sequences-never-reused"],
  cycles: 2,
  freshStoreEvery: 20,
  controlCycles: 1,
};

/** Keeps its streams over every fault, in the memory of the test; `lossy` forgets the newest message at each fault. */
function keeper({ lossy = false, faultsHappen = true }: { lossy?: boolean; faultsHappen?: boolean } = {}): FakeTarget {
  const streams = new UnsafeStreams(undefined);
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
  return new FakeTarget({ answer, faultsHappen });
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
      campaign: { ...campaign, controlCycles: 0 },
      historyDirectory: folder,
    });
    expect(result).toMatchObject({ outcome: "fail", cycles: { failed: 2 }, lost: 2 });
    expect(result.witness.join("\n")).toContain("acknowledged seq 5");
    expect(result.pictures[0]).toMatchObject({ lost: 1, place: "hole", fault: "kill" });
    expect(result.reproduce).toBe("npx streamproof crash kill9 --target fake --cycles 1 --seed 3");
    expect(readdirSync(folder)).toHaveLength(2);
    expect(parseHistory(readFileSync(result.historyFile ?? "", "utf8")).acknowledged().length).toBeGreaterThan(0);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a server that keeps nothing is found by the same campaign", async () => {
  const { result } = await run({ target: await control(), campaign: { ...campaign, controlCycles: 0 }, cycles: 1 });
  expect(result).toMatchObject({ outcome: "fail", cycles: { done: 1, failed: 1 }, pictures: [{ place: "everything" }] });
  expect(result.lost).toBe(result.acknowledged);
});

test("a fault without evidence is inconclusive, never a pass", async () => {
  const { result } = await run({ target: keeper({ faultsHappen: false }), campaign: { ...campaign, controlCycles: 0 } });
  expect(result).toMatchObject({ outcome: "inconclusive", cycles: { inconclusive: 2, failed: 0 } });
  expect(result.bound).toBeUndefined();
});

test("a target without the fault is not applicable", async () => {
  const { result } = await run({
    target: new FakeTarget({ answer: () => undefined, has: ["restart"], missing: { kill: "it is not ours" } }),
  });
  expect(result).toMatchObject({ outcome: "not-applicable", reason: "needs kill: it is not ours", cycles: { done: 0 } });
});

test("a server that makes no stream fails every cycle", async () => {
  const refusing = new FakeTarget({ answer: () => '{"error":{"code":500,"err_code":10049,"description":"no room"}}' });
  const { result } = await run({ target: refusing, campaign: { ...campaign, controlCycles: 0 }, cycles: 1 });
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
  const { result } = await run({ target, campaign: { ...campaign, controlCycles: 0 }, cycles: 50, signal: controller.signal, listener });
  expect(result).toMatchObject({ outcome: "inconclusive", cycles: { planned: 50, done: 1 }, reason: "stopped after 1 cycles" });
  expect(target.alive).toBe(0);
});

test("a campaign that is stopped within a cycle says so and leaves nothing running", async () => {
  const target = keeper();
  const options = { campaign: { ...campaign, controlCycles: 0, cut: { after: [1_000_000, 1_000_000] as [number, number] } }, cycles: 5 };
  const { result } = await run({ target, ...options, signal: AbortSignal.timeout(500) });
  expect(result).toMatchObject({ outcome: "inconclusive", cycles: { done: 0 }, reason: "stopped after 0 cycles" });
  expect(target.alive).toBe(0);
});

test("the same seed draws the same cuts", async () => {
  const acknowledgedAt = async (seed: number): Promise<number[]> => {
    const { result } = await run({ target: keeper(), campaign: { ...campaign, controlCycles: 0 }, cycles: 1, seed });
    return result.pictures.map((picture) => picture.acknowledged);
  };
  // A window of 8 on each of 2 writers may be answered beyond the cut's count.
  const [first = 0, second = 0] = [...(await acknowledgedAt(11)), ...(await acknowledgedAt(11))];
  expect(Math.abs(first - second)).toBeLessThanOrEqual(16);
});
