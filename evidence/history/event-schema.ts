/**
 * The shape of one history line, for reading files that others wrote. The interfaces of `events.ts` are the truth; the assignment at the
 * end does not compile when the two drift apart.
 */
import { z } from "zod";
import type { HistoryEvent } from "./events.ts";

const at = z.number().nonnegative();
const name = z.string().min(1);
const count = z.int().nonnegative();
const sequence = z.string().regex(/^(?:0|[1-9]\d{0,19})$/, "expected a sequence: decimal digits in a string");

const limits = z.strictObject({
  maxMessages: z.int().positive().exactOptional(),
  maxMessagesPerSubject: z.int().positive().exactOptional(),
  maxBytes: z.int().positive().exactOptional(),
  maxAgeMs: z.number().positive().exactOptional(),
  discard: z.enum(["old", "new"]).exactOptional(),
  retention: z.enum(["limits", "workqueue", "interest"]).exactOptional(),
  duplicateWindowMs: z.number().nonnegative().exactOptional(),
});

const configured = { stream: name, limits: limits.exactOptional(), config: z.string().exactOptional() };
const ofConsumer = { stream: name, consumer: name };

const operation = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("publish"),
    stream: name,
    subject: name,
    digest: name,
    msgId: z.string().exactOptional(),
    expectLastSeq: sequence.exactOptional(),
    expectLastSubjectSeq: sequence.exactOptional(),
    bytes: count.exactOptional(),
  }),
  z.strictObject({ kind: z.literal("create-stream"), ...configured }),
  z.strictObject({ kind: z.literal("update-stream"), ...configured }),
  z.strictObject({ kind: z.literal("delete-stream"), stream: name }),
  z.strictObject({
    kind: z.literal("purge"),
    stream: name,
    filter: name.exactOptional(),
    below: sequence.exactOptional(),
    keep: count.exactOptional(),
  }),
  z.strictObject({ kind: z.literal("delete-message"), stream: name, seq: sequence }),
  z.strictObject({ kind: z.literal("create-consumer"), ...ofConsumer }),
  z.strictObject({ kind: z.literal("delete-consumer"), ...ofConsumer }),
  z.strictObject({ kind: z.literal("ack"), ...ofConsumer, seq: sequence, confirmed: z.boolean() }),
]);

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
    problem: z.string().exactOptional(),
  }),
  z.strictObject({
    type: z.literal("read-end"),
    at,
    stream: name,
    complete: z.boolean(),
    missing: z.boolean().exactOptional(),
    firstSeq: sequence.exactOptional(),
    lastSeq: sequence.exactOptional(),
    messages: count.exactOptional(),
    config: z.string().exactOptional(),
  }),
  z.strictObject({
    type: z.literal("consumer-read"),
    at,
    ...ofConsumer,
    missing: z.boolean().exactOptional(),
    ackFloorSeq: sequence.exactOptional(),
    redelivered: z.array(sequence).exactOptional(),
  }),
  z.strictObject({ type: z.literal("note"), at, text: z.string() }),
]) satisfies z.ZodType<HistoryEvent>;
