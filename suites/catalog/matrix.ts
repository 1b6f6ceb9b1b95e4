/** Expands a suite's matrix: one case for each combination of its values, each with its own name `suite/matrix/case`. */
import { type Bindings, substitute } from "../runner/variables.ts";
import type { BugFields } from "./bug-fields.ts";
import type { CaseFields, CaseFile, Given, WorkloadFields } from "./case-file.ts";
import { type FaultFields, needsOfFault } from "./fault-plan.ts";
import { parseDurationMs } from "./quantities.ts";
import { type Step, stepOf } from "./step.ts";
import type { YamlSource } from "./yaml-source.ts";

export interface Case {
  /** `suite/matrix/case`, or `suite/case` without a matrix. */
  readonly name: string;
  readonly suite: string;
  readonly id: string;
  readonly title: string;
  readonly checks: readonly string[];
  readonly needs: readonly Need[];
  /** What a target claims that is asked this; see `Claims`. */
  readonly claims: readonly string[];
  readonly alone: boolean;
  readonly settings: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly steps: readonly Step[];
  readonly workload: WorkloadFields | undefined;
  readonly faults: readonly FaultFields[];
  readonly verify: readonly string[];
  /** What the ledger of known bugs says of it. */
  readonly bug?: BugFields;
  /** `file:line:column` of the case. */
  readonly place: string;
}

export type Need = NonNullable<CaseFields["needs"]>[number];

const stepsTimeoutMs = 15_000;
/** A fault stops and starts a server, some with an image to copy. */
const faultTimeoutMs = 60_000;
const workloadTimeoutMs = 90_000;
/** Verbs that hurt the server and so need it, and need it alone. */
const hurtful: Readonly<Record<string, Need>> = {
  restart: "restart",
  kill: "kill",
  "power-cut": "power-cut",
  pause: "pause",
  "file-fault": "store-files",
  "io-error": "system-calls",
  "kill-at": "system-calls",
  "fill-disk": "disk-full",
  "free-disk": "disk-full",
  "read-only": "read-only",
  "memory-limit": "memory-limit",
  "file-limit": "file-limit",
  "start-kills": "kill",
};
/** What can be done only to a disk that is the server's own. */
const onOwnDisk: readonly Need[] = ["power-cut", "disk-full", "read-only", "fuse"];

export function needsOwnDisk(needs: readonly Need[]): boolean {
  return needs.some((need) => onOwnDisk.includes(need));
}

export function expand(file: CaseFile, source: YamlSource): Case[] {
  return combinations(file.for ?? {}).flatMap((values) =>
    file.cases.map((each, index) => expandOne({ file, source, values, each, index })),
  );
}

/** All combinations, the last key turning fastest. */
export function combinations(
  matrix: Readonly<Record<string, readonly (string | number | boolean)[]>>,
): Record<string, string | number | boolean>[] {
  return Object.entries(matrix).reduce<Record<string, string | number | boolean>[]>(
    (rows, [key, values]) => rows.flatMap((row) => values.map((value) => ({ ...row, [key]: value }))),
    [{}],
  );
}

export function matrixName(values: Readonly<Record<string, unknown>>): string {
  return Object.entries(values)
    .map(([key, value]) => `${key}:${String(value)}`)
    .join(",");
}

interface Expansion {
  readonly file: CaseFile;
  readonly source: YamlSource;
  readonly values: Bindings;
  readonly each: CaseFields;
  readonly index: number;
}

function expandOne({ file, source, values, each, index }: Expansion): Case {
  const path = ["cases", index];
  const where = (inner: readonly PropertyKey[]): string => source.place(inner).split(":").slice(0, -1).join(":");
  const fixed = withValues(each, values);
  const given = { ...withValues(file.given ?? {}, values), ...fixed.given };
  const givenWhere = where(each.given === undefined ? ["given"] : [...path, "given"]);
  const own = (fixed.steps ?? []).map((step, stepIndex) => stepOf(step, where([...path, "steps", stepIndex])));
  const steps = [...givenSteps(given, givenWhere), ...own];
  const needs = needsOf(fixed, own);
  return {
    name: [file.suite, matrixName(values), each.id].filter((part) => part !== "").join("/"),
    suite: file.suite,
    id: each.id,
    title: each.title ?? each.id.replaceAll("-", " "),
    checks: each.checks,
    needs,
    claims: file.claims ?? [],
    alone: fixed.alone === true || needs.length > 0,
    settings: Object.fromEntries(Object.entries(fixed.settings ?? {}).map(([key, value]) => [key, String(value)])),
    timeoutMs: timeoutOf(fixed, needs),
    steps: fixed.workload === undefined ? steps : [],
    workload: fixed.workload,
    faults: fixed.faults ?? [],
    verify: fixed.verify ?? [],
    ...(fixed.bug === undefined ? {} : { bug: fixed.bug }),
    place: source.place(path),
  };
}

/** The schema let variables stand where values go, so what comes out has the shape of what went in. */
function withValues<T>(value: T, values: Bindings): T {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as above
  return substitute(value, values, { partial: true }) as T;
}

function timeoutOf({ timeout, workload }: CaseFields, needs: readonly Need[]): number {
  if (timeout !== undefined) {
    return parseDurationMs(timeout);
  }
  if (workload !== undefined) {
    return workloadTimeoutMs;
  }
  return needs.length > 0 ? faultTimeoutMs : stepsTimeoutMs;
}

function needsOf(fixed: CaseFields, steps: readonly Step[]): Need[] {
  const fromSteps = steps.map((step) => hurtful[step.verb]);
  const fromFaults = (fixed.faults ?? []).flatMap((fault) => needsOfFault(fault));
  const fromSettings: Need[] = fixed.settings === undefined ? [] : ["configure"];
  return [...new Set([...(fixed.needs ?? []), ...fromSteps, ...fromFaults, ...fromSettings])].filter((need) => need !== undefined);
}

/** What is given is made by the same verbs, before the first step. */
function givenSteps(given: Given, where: string): Step[] {
  const step = (verb: string, fields: unknown): Step => ({
    verb,
    fields,
    expect: undefined,
    save: undefined,
    on: undefined,
    within: undefined,
    where,
  });
  const streams = [...(given.stream === undefined ? [] : [given.stream]), ...(given.streams ?? [])];
  const consumers = [...(given.consumer === undefined ? [] : [given.consumer]), ...(given.consumers ?? [])];
  return [
    ...streams.map((stream) => step("stream-create", stream)),
    ...(given.messages ?? []).map((message) => step("publish", message)),
    ...consumers.map((consumer) => step("consumer-create", consumer)),
  ];
}
