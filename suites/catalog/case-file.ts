/** The case file (`suites/cases/<area>/*.yaml`): its schema, and the checks that need its places. */
import { z } from "zod";
import { allCapabilities } from "../../targets/target.ts";
import { isOperator, operatorNames } from "../runner/matcher.ts";
import { duration } from "../verbs/fields.ts";
import { consumerFields, streamFields } from "../verbs/stream-config.ts";
import { workloadIds } from "../workloads/workload.ts";
import { bugFields } from "./bug-fields.ts";
import { faultFields, faultProblem } from "./fault-plan.ts";
import type { Problem } from "./problem.ts";
import { isRecord } from "./record.ts";
import { stepFields, verbsOf } from "./step.ts";
import { strict } from "./validation.ts";
import type { Path, YamlSource } from "./yaml-source.ts";

export const slug = /^[a-z0-9]+(-[a-z0-9]+)*$/;
export const dottedSlug = /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*)+$/;

const scalar = z.union([z.string(), z.number(), z.boolean()]);
const message = strict({
  subject: z.string(),
  data: z.string().optional(),
  size: z.int().positive().optional(),
  msgId: z.string().optional(),
  times: z.int().positive().optional(),
});
const stream = strict(streamFields);
const consumer = strict({ stream: z.string(), ...consumerFields });

const given = strict({
  stream: stream.optional(),
  streams: z.array(stream).optional(),
  messages: z.array(message).optional(),
  consumer: consumer.optional(),
  consumers: z.array(consumer).optional(),
});

const workload = strict({
  use: z.enum(workloadIds),
  writers: z.int().positive().optional(),
  window: z.int().positive().optional(),
  size: z.int().positive().optional(),
  storage: z.string().optional(),
  stop: strict({ acked: z.int().positive() }),
});

export const caseFields = strict({
  id: z.string().regex(slug, "a slug such as resend-is-a-duplicate"),
  title: z.string().optional(),
  checks: z.array(z.string()).min(1),
  bug: bugFields.optional(),
  needs: z.array(z.enum(allCapabilities)).optional(),
  /** A server of its own; implied by faults and settings. */
  alone: z.boolean().optional(),
  /** Server configuration; needs `configure`. */
  settings: z.record(z.string(), scalar).optional(),
  timeout: duration().optional(),
  given: given.optional(),
  steps: z.array(stepFields).min(1).optional(),
  workload: workload.optional(),
  faults: z.array(faultFields).optional(),
  verify: z.array(z.string()).min(1).optional(),
});

export const caseFile = strict({
  suite: z.string().regex(dottedSlug, "an area and a topic such as dedup.window"),
  about: z.string(),
  /** Features of the target's own claims; a target that claims others and not these is not asked. */
  claims: z.array(z.string()).optional(),
  for: z.record(z.string().regex(/^[a-z][A-Za-z0-9_-]*$/, "a name that begins with a small letter"), z.array(scalar).min(1)).optional(),
  given: given.optional(),
  cases: z.array(caseFields).min(1),
});

export type CaseFile = z.infer<typeof caseFile>;
export type CaseFields = z.infer<typeof caseFields>;
export type Given = z.infer<typeof given>;
export type WorkloadFields = z.infer<typeof workload>;

/** What a schema can't say: one verb a step, steps or a workload, operators never mixed with fields. */
export function caseFileProblems(file: CaseFile, source: YamlSource): Problem[] {
  return file.cases.flatMap((each, index) => {
    const path = ["cases", index];
    const problems: Problem[] = [];
    if ((each.steps === undefined) === (each.workload === undefined)) {
      problems.push({ place: source.place([...path, "id"]), message: `case "${each.id}" takes either steps or a workload` });
    }
    if ((each.workload === undefined) !== (each.verify === undefined)) {
      problems.push({ place: source.place([...path, "id"]), message: `case "${each.id}": workload and verify belong together` });
    }
    if (each.faults !== undefined && each.workload === undefined) {
      problems.push({
        place: source.place([...path, "faults"], "key"),
        message: "faults belong to a workload; in steps a fault is a verb",
      });
    }
    for (const [faultIndex, fault] of (each.faults ?? []).entries()) {
      const message = fault.load === undefined ? faultProblem(fault) : "a case has one workload; load belongs to campaigns";
      if (message !== undefined) {
        problems.push({ place: source.place([...path, "faults", faultIndex]), message });
      }
    }
    for (const [stepIndex, step] of (each.steps ?? []).entries()) {
      problems.push(...stepProblems(step, [...path, "steps", stepIndex], source));
    }
    return problems;
  });
}

function stepProblems(step: Record<string, unknown>, path: Path, source: YamlSource): Problem[] {
  const awaited = isRecord(step["await"]) ? step["await"] : undefined;
  const inner = awaited ?? (isRecord(step["attempt"]) ? step["attempt"] : undefined);
  const verbs = [...verbsOf(step), ...(inner === undefined ? [] : verbsOf(inner))];
  const problems: Problem[] = [];
  if (verbs.length !== 1) {
    const found = verbs.length === 0 ? "none was found" : `${verbs.join(" and ")} were found`;
    problems.push({ place: source.place(path), message: `a step takes exactly one verb; ${found}` });
  }
  if (awaited !== undefined && step["expect"] === undefined) {
    problems.push({ place: source.place([...path, "await"], "key"), message: "await waits for an expectation; add expect" });
  }
  return [...problems, ...expectProblems(step["expect"], [...path, "expect"], source)];
}

function expectProblems(value: unknown, path: Path, source: YamlSource): Problem[] {
  if (typeof value !== "object" || value === null) {
    return [];
  }
  const keys = Object.keys(value);
  const mixed = !Array.isArray(value) && !isOperator(value) && keys.some((key) => mixable.has(key));
  const own = mixed
    ? [{ place: source.place(path), message: `operators (${keys.filter((key) => mixable.has(key)).join(", ")}) can't stand beside fields` }]
    : [];
  return [
    ...own,
    ...Object.entries(value).flatMap(([key, inner]) => expectProblems(inner, [...path, Array.isArray(value) ? Number(key) : key], source)),
  ];
}

/** `length`, `not` and `contains` may be fields of a reply, so only the unmistakable ones count. */
const mixable = new Set(
  operatorNames.filter((each) => ["oneOf", "gt", "gte", "lt", "lte", "unordered", "matches", "equals"].includes(each)),
);
