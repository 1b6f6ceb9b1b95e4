/** load: a profile on one target, or side by side on two. */
import { performance } from "node:perf_hooks";
import type { LoadResult, Results } from "../evidence/results/schema.ts";
import type { LoadEvent } from "../load/events.ts";
import { type LoadOverrides, runLoadProfile } from "../load/run.ts";
import type { LoadSize } from "../load/schema/profile.ts";
import type { Capabilities, Instance, Target } from "../targets/target.ts";
import { frameResults } from "./results-frame.ts";
import { resolveRequest, type TargetRequest } from "./target-request.ts";

/** `equal`: both sync before every acknowledgement. `shipped`: both as they come. A figure without its policy means nothing. */
export type LoadPolicy = "equal" | "shipped";

export interface LoadRunOptions extends TargetRequest {
  readonly profile: string;
  /** The other side; without it, the target is measured alone. */
  readonly against?: string | undefined;
  readonly againstBin?: string | undefined;
  readonly againstSet?: Readonly<Record<string, string>> | undefined;
  /** Which policies to compare, in this order. Default: shipped, then equal where both sides have the setting. */
  readonly policies?: readonly LoadPolicy[] | undefined;
  readonly size?: LoadSize;
  readonly pairs?: number | undefined;
  readonly seed?: number;
  readonly overrides?: LoadOverrides;
  readonly command?: string;
  readonly signal?: AbortSignal;
  readonly listener?: (event: LoadRunEvent) => void;
}

export type LoadRunEvent = LoadEvent | { readonly type: "policy-start"; readonly policy: string };

export async function runLoad(options: LoadRunOptions): Promise<Results> {
  const startedAt = new Date();
  const seed = options.seed ?? Math.floor(performance.timeOrigin + performance.now()) & 0x7fff_ffff;
  const loads: LoadResult[] = [];
  let first: Side | undefined;
  for (const policy of await policiesOf(options)) {
    if (options.signal?.aborted === true) {
      break;
    }
    const sides = await startSides(options, policy);
    try {
      first ??= sides.A;
      const words = policyWords(policy, sides);
      options.listener?.({ type: "policy-start", policy: words });
      loads.push(await runOne(options, { sides, words, seed, policy }));
    } finally {
      await Promise.all([sides.A.instance.dispose(), sides.B?.instance.dispose()]);
    }
  }
  if (first === undefined) {
    throw new Error("interrupted before the first block");
  }
  const { target, instance, capabilities } = first;
  const interrupted = options.signal?.aborted === true;
  return frameResults(
    {
      command: options.command ?? "runLoad()",
      startedAt,
      target,
      server: instance.server,
      settings: instance.settings,
      capabilities,
      interrupted,
    },
    { loads },
  );
}

interface Side {
  readonly target: Target;
  readonly instance: Instance;
  readonly capabilities: Capabilities;
}

interface Sides {
  readonly A: Side;
  readonly B?: Side;
}

function runOne(options: LoadRunOptions, { sides, words, seed, policy }: OneRun): Promise<LoadResult> {
  const { profile, size = "ci", pairs, overrides, signal, listener } = options;
  return runLoadProfile({
    profile,
    size,
    seed,
    policy: words,
    reproduce: reproduceCommand(options, seed, policy),
    sides: { A: sides.A.instance, ...(sides.B === undefined ? {} : { B: sides.B.instance }) },
    ...(pairs === undefined ? {} : { pairs }),
    ...(overrides === undefined ? {} : { overrides }),
    ...(signal === undefined ? {} : { signal }),
    ...(listener === undefined ? {} : { listener }),
  });
}

interface OneRun {
  readonly sides: Sides;
  readonly words: string;
  readonly seed: number;
  readonly policy: LoadPolicy;
}

function reproduceCommand(options: LoadRunOptions, seed: number, policy: LoadPolicy): string {
  const { profile, target = "embedded", against, size = "ci", pairs, overrides = {}, set = {}, againstSet = {} } = options;
  const flags: readonly (readonly [string, string | number | undefined])[] = [
    ["target", target],
    ...Object.entries(set).map(([key, value]) => ["set", `${key}=${value}`] as const),
    ["against", against],
    ...Object.entries(againstSet).map(([key, value]) => ["against-set", `${key}=${value}`] as const),
    ["policy", against === undefined ? undefined : policy],
    ["size", size],
    ["pairs", pairs],
    ["payload", overrides.payloadBytes],
    ["window", overrides.window],
    ["connections", overrides.connections],
    ["model", overrides.model],
    ["rate", overrides.rate],
    ["seed", seed],
  ];
  const given = flags.flatMap(([name, value]) => (value === undefined ? [] : [`--${name} ${value}`]));
  return `npx streamproof load ${profile} ${given.join(" ")}`;
}

async function startSides(options: LoadRunOptions, policy: LoadPolicy): Promise<Sides> {
  const extra = policy === "equal" ? { sync_interval: "always" } : {};
  const A = await startSide(options, extra, options.signal);
  if (options.against === undefined) {
    return { A };
  }
  try {
    return { A, B: await startSide(otherSide(options), extra, options.signal) };
  } catch (error) {
    await A.instance.dispose();
    throw error;
  }
}

async function startSide(request: TargetRequest, extra: Readonly<Record<string, string>>, signal: AbortSignal | undefined): Promise<Side> {
  const target = await resolveRequest({ ...request, set: { ...request.set, ...extra } });
  const capabilities = await target.capabilities();
  const instance = await target.provision(signal === undefined ? {} : { signal });
  return { target, instance, capabilities };
}

function otherSide({ against, againstBin, againstSet, user, password, token }: LoadRunOptions): TargetRequest {
  return { target: against, bin: againstBin, set: againstSet, user, password, token };
}

/** A setting the caller fixed is his policy: then there is only one run, as asked. */
async function policiesOf(options: LoadRunOptions): Promise<readonly LoadPolicy[]> {
  if (options.policies !== undefined) {
    return options.policies;
  }
  const isFixed = options.set?.["sync_interval"] !== undefined || options.againstSet?.["sync_interval"] !== undefined;
  if (isFixed || options.against === undefined) {
    return ["shipped"];
  }
  const targets = await Promise.all([resolveRequest(options), resolveRequest(otherSide(options))]);
  return targets.every((target) => target.settings["sync_interval"] !== undefined) ? ["shipped", "equal"] : ["shipped"];
}

function policyWords(policy: LoadPolicy, sides: Sides): string {
  const of = (side: Side): string => `${side.target.name} syncs ${side.instance.settings["sync_interval"] ?? "as it runs"}`;
  const both = sides.B === undefined ? of(sides.A) : `A ${of(sides.A)}, B ${of(sides.B)}`;
  return policy === "equal" ? `equal policies: ${both}` : `as configured: ${both}`;
}
