/**
 * `results.json`: the one outcome of a run that every report reads. Versioned; unknown keys are refused so that a typo never hides a result.
 * One file may hold conformance cases, crash campaigns and load comparisons together.
 */
import { z } from "zod";

/** `error` is the judge's own failure; `inconclusive` a run whose evidence does not allow a verdict (a fault that left no trace). */
export const outcomes = [
  "pass",
  "fail",
  "expected-fail",
  "unexpected-pass",
  "flaky",
  "not-applicable",
  "unsupported",
  "inconclusive",
  "error",
] as const;
export const outcome = z.enum(outcomes);
export type Outcome = z.infer<typeof outcome>;

export const levels = ["must", "should", "may", "observed"] as const;
export const level = z.enum(levels);
export type Level = z.infer<typeof level>;

/** One frame of a wire trace; `atMs` counts from the start of the case. `text` is printable, cut with its full length named. */
export const traceFrame = z.strictObject({
  atMs: z.number(),
  direction: z.enum(["sent", "received"]),
  connection: z.string(),
  text: z.string(),
});
export type TraceFrame = z.infer<typeof traceFrame>;

/** What a failed expectation looked like. `where` is the place in the case file (`file:line`), `path` the field that differs. */
export const failure = z.strictObject({
  message: z.string(),
  where: z.string().optional(),
  path: z.string().optional(),
  expected: z.string().optional(),
  actual: z.string().optional(),
  trace: z.array(traceFrame).default([]),
  serverLog: z.array(z.string()).default([]),
});
export type Failure = z.infer<typeof failure>;

/** What a fault did and what was kept: enough to draw the picture and to reproduce it. Positions are indexes in acknowledgement order. */
export const lossPicture = z.strictObject({
  title: z.string(),
  acknowledged: z.number().int(),
  lost: z.number().int(),
  /** `prefix`, `hole`, `suffix`, `everything`, or `none`, in the writers' order. */
  place: z.enum(["none", "prefix", "hole", "suffix", "everything"]),
  /** Runs of acknowledged operations with one fate, in order: `[kept?, length]`. */
  runs: z.array(z.tuple([z.boolean(), z.number().int()])),
  /** Changes other than publishes that were acknowledged and undone (a purge that came back, a double-acked message redelivered). */
  undone: z.array(z.string()).default([]),
  fault: z.string(),
  evidence: z.string(),
});
export type LossPicture = z.infer<typeof lossPicture>;

export const caseResult = z.strictObject({
  /** `suite/matrix/case`. */
  name: z.string(),
  suite: z.string(),
  title: z.string(),
  outcome,
  /** Requirement ids this case shows. */
  checks: z.array(z.string()),
  level,
  durationMs: z.number(),
  /** Why it is not applicable, unsupported, inconclusive or expected to fail. */
  reason: z.string().optional(),
  link: z.string().optional(),
  failure: failure.optional(),
  pictures: z.array(lossPicture).default([]),
  reproduce: z.string(),
});
export type CaseResult = z.infer<typeof caseResult>;

export const requirementResult = z.strictObject({
  id: z.string(),
  says: z.string(),
  level,
  basis: z.string(),
  basisUrl: z.string().optional(),
  feature: z.number().int().optional(),
  outcome,
  cases: z.array(z.string()),
});
export type RequirementResult = z.infer<typeof requirementResult>;

/** One crash campaign. `bound` is the rule-of-three upper bound of the loss rate that this many clean cycles supports, at 95 %. */
export const campaignResult = z.strictObject({
  campaign: z.string(),
  outcome,
  seed: z.number().int(),
  cycles: z.strictObject({ planned: z.number().int(), done: z.number().int(), failed: z.number().int(), inconclusive: z.number().int() }),
  acknowledged: z.number().int(),
  lost: z.number().int(),
  undone: z.number().int(),
  /** What the checks counted, by name: over all cycles, the most in one cycle, and in how many cycles it was not 0. */
  figures: z.record(z.string(), z.strictObject({ total: z.number(), most: z.number(), cycles: z.number().int() })).optional(),
  /** Every cycle in one line, the first some hundred of them. */
  strips: z
    .array(
      z.strictObject({
        cycle: z.number().int(),
        outcome,
        acknowledged: z.number().int(),
        lost: z.number().int(),
        place: z.enum(["none", "prefix", "hole", "suffix", "everything"]),
      }),
    )
    .optional(),
  /** Lines of the plan that the target can't be asked for, with the reason. */
  skipped: z.array(z.string()).optional(),
  /** What the control (a store that never syncs, same fault code) lost: a control that loses nothing makes the campaign inconclusive. */
  control: z.strictObject({ acknowledged: z.number().int(), lost: z.number().int(), summary: z.string() }).optional(),
  bound: z.number().optional(),
  /** What else was tried and failed (`flips`, `ids`), with the interval of the rate at 95 % (`failure-rate.ts`). */
  rates: z
    .array(z.strictObject({ of: z.string(), trials: z.number().int(), failures: z.number().int(), low: z.number(), high: z.number() }))
    .optional(),
  reason: z.string().optional(),
  /** The smallest set of operations that shows the failure, one a line. */
  witness: z.array(z.string()).default([]),
  /** A failure made small: a case file of few steps that shows it, and the command that runs it. */
  minimal: z.strictObject({ steps: z.number().int(), text: z.string(), file: z.string().optional(), command: z.string() }).optional(),
  pictures: z.array(lossPicture).default([]),
  historyFile: z.string().optional(),
  durationMs: z.number(),
  reproduce: z.string(),
});
export type CampaignResult = z.infer<typeof campaignResult>;

export const percentiles = z.strictObject({ p50: z.number(), p90: z.number(), p99: z.number(), p999: z.number(), max: z.number() });

/** One measured block of one side. Times in microseconds. `response` counts from the intended time, `service` from the actual send. */
export const loadBlock = z.strictObject({
  side: z.enum(["A", "B"]),
  pair: z.number().int(),
  operations: z.number().int(),
  seconds: z.number(),
  perSecond: z.number(),
  response: percentiles.optional(),
  service: percentiles.optional(),
  deferred: z.number().int().default(0),
  generatorLagP99Us: z.number().optional(),
  /** CPU time of the client during the measurement, in cores: near 1, the client and not the server is measured. */
  generatorCpuShare: z.number().optional(),
  accounting: z.strictObject({
    published: z.number().int(),
    acknowledged: z.number().int(),
    stored: z.number().int(),
    delivered: z.number().int(),
    duplicated: z.number().int(),
    lost: z.number().int(),
    outOfOrder: z.number().int(),
    errors: z.record(z.string(), z.number().int()),
  }),
});
export type LoadBlock = z.infer<typeof loadBlock>;

export const comparison = z.strictObject({
  metric: z.string(),
  /** Ratio A/B: median of the per-pair ratios, with its 95 % interval and two-sided p by sign flips. */
  ratio: z.number(),
  low: z.number(),
  high: z.number(),
  p: z.number(),
  pairs: z.number().int(),
  verdict: z.enum(["improved", "regressed", "equivalent", "inconclusive"]),
});
export type Comparison = z.infer<typeof comparison>;

export const loadResult = z.strictObject({
  profile: z.string(),
  outcome,
  reason: z.string().optional(),
  model: z.enum(["open", "closed"]),
  size: z.string(),
  /** Which durability policies are compared, in words: `equal policies: always` or `shipped defaults`. */
  policy: z.string(),
  sides: z.strictObject({
    A: z.strictObject({ target: z.string(), version: z.string(), settings: z.record(z.string(), z.string()) }),
    B: z.strictObject({ target: z.string(), version: z.string(), settings: z.record(z.string(), z.string()) }).optional(),
  }),
  blocks: z.array(loadBlock),
  comparisons: z.array(comparison),
  generatorBound: z.boolean(),
  durationMs: z.number(),
  reproduce: z.string(),
});
export type LoadResult = z.infer<typeof loadResult>;

export const results = z.strictObject({
  schemaVersion: z.literal(1),
  tool: z.strictObject({ name: z.literal("streamproof"), version: z.string() }),
  command: z.string(),
  startedAt: z.iso.datetime(),
  finishedAt: z.iso.datetime(),
  /** true when the run was stopped before its end: what is here is true, but not all. */
  interrupted: z.boolean(),
  target: z.strictObject({
    name: z.string(),
    key: z.string(),
    server: z.strictObject({ name: z.string(), version: z.string() }),
    settings: z.record(z.string(), z.string()),
    capabilities: z.array(z.string()),
    missing: z.record(z.string(), z.string()),
  }),
  profile: z.string().optional(),
  suitesVersion: z.string().optional(),
  environment: z.record(z.string(), z.string()),
  cases: z.array(caseResult),
  requirements: z.array(requirementResult),
  campaigns: z.array(campaignResult),
  loads: z.array(loadResult),
});
export type Results = z.infer<typeof results>;
