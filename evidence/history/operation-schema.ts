/** The shape of an operation on a history line; `operation.ts` is the truth, and the two can't drift apart without a compile error. */
import { z } from "zod";
import type { Operation } from "./operation.ts";

export const name = z.string().min(1);
export const count = z.int().nonnegative();
export const sequence = z.string().regex(/^(?:0|[1-9]\d{0,19})$/, "expected a sequence: decimal digits in a string");

const limits = z.strictObject({
  maxMessages: z.int().positive().exactOptional(),
  maxMessagesPerSubject: z.int().positive().exactOptional(),
  maxBytes: z.int().positive().exactOptional(),
  maxAgeMs: z.number().positive().exactOptional(),
  discard: z.enum(["old", "new"]).exactOptional(),
  retention: z.enum(["limits", "workqueue", "interest"]).exactOptional(),
  duplicateWindowMs: z.number().nonnegative().exactOptional(),
});

const settings = z.strictObject({
  filters: z.array(name).min(1).exactOptional(),
  ackPolicy: z.enum(["none", "all", "explicit"]),
  ackWaitMs: z.number().positive(),
  maxDeliver: z.int().positive().exactOptional(),
  deliver: z.union([z.enum(["all", "new"]), z.strictObject({ startSeq: sequence })]),
});

const message = {
  subject: name,
  digest: name,
  msgId: z.string().exactOptional(),
  expectLastSeq: sequence.exactOptional(),
  expectLastSubjectSeq: sequence.exactOptional(),
  expectLastSubjectFilter: name.exactOptional(),
  expectLastMsgId: z.string().exactOptional(),
  rollup: z.enum(["subject", "all"]).exactOptional(),
  ttlMs: z.number().positive().exactOptional(),
  marker: z.enum(["delete", "purge"]).exactOptional(),
  bytes: count.exactOptional(),
};

const configured = { stream: name, limits: limits.exactOptional(), config: z.string().exactOptional() };
const ofConsumer = { stream: name, consumer: name };
const ofMessage = { ...ofConsumer, seq: sequence };

export const operation = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("publish"), stream: name, ...message }),
  z.strictObject({ kind: z.literal("publish-batch"), stream: name, batch: name, messages: z.array(z.strictObject(message)).min(1) }),
  z.strictObject({
    kind: z.literal("get"),
    stream: name,
    subject: name.exactOptional(),
    seq: sequence.exactOptional(),
    direct: z.boolean().exactOptional(),
  }),
  z.strictObject({ kind: z.literal("stream-info"), stream: name }),
  z.strictObject({ kind: z.literal("consumer-info"), ...ofConsumer }),
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
  z.strictObject({ kind: z.literal("create-consumer"), ...ofConsumer, settings: settings.exactOptional() }),
  z.strictObject({ kind: z.literal("delete-consumer"), ...ofConsumer }),
  z.strictObject({ kind: z.literal("ack"), ...ofMessage, confirmed: z.boolean() }),
  z.strictObject({ kind: z.literal("nak"), ...ofMessage, delayMs: z.number().nonnegative().exactOptional() }),
  z.strictObject({ kind: z.literal("term"), ...ofMessage }),
  z.strictObject({ kind: z.literal("in-progress"), ...ofMessage }),
]) satisfies z.ZodType<Operation>;
