/**
 * The shape of one history line, for reading files that others wrote. The interfaces of `events.ts` are the truth; the assignment at the
 * end does not compile when the two drift apart.
 */
import { z } from "zod";
import type { HistoryEvent } from "./events.ts";
import { count, name, operation, sequence } from "./operation-schema.ts";

const at = z.number().nonnegative();
const nanoseconds = z.string().regex(/^\d{1,19}$/, "expected a time: nanoseconds since 1970 in a string");
const ofConsumer = { stream: name, consumer: name };
const seen = { seq: sequence, subject: name, digest: name, time: nanoseconds.exactOptional() };

const figures = {
  firstSeq: sequence.exactOptional(),
  lastSeq: sequence.exactOptional(),
  messages: count.exactOptional(),
  deleted: count.exactOptional(),
  subjects: count.exactOptional(),
  perSubject: z.record(z.string(), count).exactOptional(),
  config: z.string().exactOptional(),
};

const consumerFigures = {
  ackFloorSeq: sequence.exactOptional(),
  deliveredSeq: sequence.exactOptional(),
  deliveredConsumerSeq: sequence.exactOptional(),
  pending: count.exactOptional(),
  ackPending: count.exactOptional(),
  redeliveredPending: count.exactOptional(),
};

const error = z.strictObject({ code: z.int().exactOptional(), errCode: z.int().exactOptional(), description: z.string() });

export const historyEvent = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("run"),
    at,
    schema: z.literal(1),
    workload: name,
    target: name,
    seed: z.int(),
    settings: z.record(z.string(), z.string()),
  }),
  z.strictObject({ type: z.literal("invoke"), at, id: count, process: count, op: operation }),
  z.strictObject({
    type: z.enum(["ok", "fail", "info"]),
    at,
    id: count,
    seq: sequence.exactOptional(),
    duplicate: z.boolean().exactOptional(),
    purged: count.exactOptional(),
    message: z.strictObject(seen).exactOptional(),
    absent: z.boolean().exactOptional(),
    figures: z.strictObject(figures).exactOptional(),
    state: z.strictObject(consumerFigures).exactOptional(),
    error: error.exactOptional(),
  }),
  z.strictObject({
    type: z.literal("fault"),
    at,
    fault: name,
    evidence: z.strictObject({
      happened: z.boolean(),
      summary: z.string(),
      details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
    }),
  }),
  z.strictObject({ type: z.literal("epoch"), at, epoch: count, readyAfterMs: z.number().nonnegative() }),
  z.strictObject({
    type: z.literal("read"),
    at,
    stream: name,
    seq: sequence,
    subject: z.string().exactOptional(),
    digest: z.string().exactOptional(),
    time: nanoseconds.exactOptional(),
    problem: z.string().exactOptional(),
  }),
  z.strictObject({
    type: z.literal("read-end"),
    at,
    stream: name,
    complete: z.boolean(),
    missing: z.boolean().exactOptional(),
    ...figures,
  }),
  z.strictObject({
    type: z.literal("delivery"),
    at,
    process: count,
    ...ofConsumer,
    ...seen,
    consumerSeq: sequence,
    delivered: z.int().positive(),
    pending: count.exactOptional(),
  }),
  z.strictObject({
    type: z.literal("consumer-read"),
    at,
    ...ofConsumer,
    missing: z.boolean().exactOptional(),
    ...consumerFigures,
    redelivered: z.array(sequence).exactOptional(),
    quiet: z.boolean().exactOptional(),
  }),
  z.strictObject({ type: z.literal("note"), at, text: z.string() }),
]) satisfies z.ZodType<HistoryEvent>;
