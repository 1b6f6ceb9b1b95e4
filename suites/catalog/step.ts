/** One step of a case: exactly one verb, and beside it what is expected, what is saved, and on which connection. */
import { z } from "zod";
import { duration } from "../verbs/fields.ts";
import { vocabulary } from "../verbs/vocabulary.ts";
import { isRecord } from "./record.ts";
import { strict } from "./validation.ts";

/** A verb without fields may stand alone: `restart:`. */
const verbFields: Record<string, z.ZodType> = Object.fromEntries(
  vocabulary.map((verb) => [verb.name, z.union([verb.fields, z.null()]).optional()]),
);

const expectation = z.record(z.string(), z.unknown());

const awaitFields = strict({ ...verbFields, within: duration().default("5s") });

export const stepFields = strict({
  ...verbFields,
  /** Repeats the verb inside until the expectation holds, or `within` has passed. */
  await: awaitFields.optional(),
  /** Runs the verb inside; an error, silence and a lost connection are answers, too. */
  attempt: strict(verbFields).optional(),
  expect: expectation.optional(),
  /** Keeps the reply as `$name` for later steps. */
  save: z
    .string()
    .regex(/^[a-z][A-Za-z0-9_-]*$/, "a name that begins with a small letter")
    .optional(),
  /** Another connection than the first. */
  on: z.string().optional(),
});

export interface Step {
  readonly verb: string;
  /** The verb's fields as written, variables not yet replaced. */
  readonly fields: unknown;
  readonly expect: Readonly<Record<string, unknown>> | undefined;
  readonly save: string | undefined;
  readonly on: string | undefined;
  /** Set for `await`: how long to repeat. */
  readonly within: string | undefined;
  /** Whether no answer, or one that refuses, is as good as any. */
  readonly attempt?: boolean;
  /** `file:line` of the step. */
  readonly where: string;
}

const besides = new Set(["expect", "save", "on", "within", "await", "attempt"]);

/** The verbs that a step names; exactly one is right. */
export function verbsOf(step: Readonly<Record<string, unknown>>): string[] {
  return Object.keys(step).filter((key) => !besides.has(key));
}

export function stepOf(raw: Readonly<Record<string, unknown>>, where: string): Step {
  const awaited = raw["await"];
  const attempted = raw["attempt"];
  const inner = isRecord(awaited) ? awaited : isRecord(attempted) ? attempted : raw;
  const [verb = ""] = verbsOf(inner);
  return {
    verb,
    fields: inner[verb] ?? {},
    expect: isRecord(raw["expect"]) ? raw["expect"] : undefined,
    save: textOf(raw["save"]),
    on: textOf(raw["on"]),
    within: isRecord(awaited) ? (textOf(awaited["within"]) ?? "5s") : undefined,
    where,
    ...(isRecord(attempted) ? { attempt: true } : {}),
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
