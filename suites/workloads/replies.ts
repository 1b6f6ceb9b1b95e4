/**
 * The replies that a workload reads, as far as it reads them. A server may send anything; what does not have this shape is no answer.
 */
import { z } from "zod";
import type { Message } from "../../wire/message.ts";
import { parseLossless } from "../runner/lossless-json.ts";

const integer = z.union([z.int().nonnegative(), z.bigint().nonnegative()]);

const apiError = z.looseObject({ code: z.number().optional(), err_code: z.number().optional(), description: z.string().optional() });

export const changeReply = z.looseObject({
  error: apiError.optional(),
  seq: integer.optional(),
  duplicate: z.boolean().optional(),
  purged: z.number().optional(),
});
export type ChangeReply = z.infer<typeof changeReply>;

export const streamInfoReply = z.looseObject({
  error: apiError.optional(),
  config: z.looseObject({ description: z.string().optional() }).optional(),
  state: z
    .looseObject({
      first_seq: integer,
      last_seq: integer,
      messages: integer,
      num_deleted: z.int().optional(),
      num_subjects: z.int().optional(),
      lost: z.looseObject({ msgs: z.array(integer).nullish() }).nullish(),
    })
    .optional(),
});

export const messageReply = z.looseObject({
  error: apiError.optional(),
  message: z
    .looseObject({
      subject: z.string(),
      seq: integer,
      hdrs: z.string().optional(),
      data: z.string().optional(),
      time: z.string().optional(),
    })
    .optional(),
});

export const consumerInfoReply = z.looseObject({
  error: apiError.optional(),
  ack_floor: z.looseObject({ stream_seq: integer }).optional(),
  num_pending: integer.optional(),
  num_ack_pending: integer.optional(),
});

/** undefined when the message is no JSON of this shape. */
export function readReply<T extends z.ZodType>(schema: T, message: Message): z.output<T> | undefined {
  try {
    return schema.parse(parseLossless(message.text()));
  } catch {
    return undefined;
  }
}

/** Nanoseconds since 1970 of a time as the server writes it; undefined for what is none. */
export function nanoseconds(time: string | undefined): string | undefined {
  const [, seconds = "", fraction = ""] = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z$/.exec(time ?? "") ?? [];
  const ms = Date.parse(`${seconds}Z`);
  return Number.isNaN(ms) ? undefined : String(BigInt(ms) * 1_000_000n + BigInt(fraction.padEnd(9, "0")));
}
