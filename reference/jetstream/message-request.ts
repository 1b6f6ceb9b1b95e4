/** The request that MSG.GET and DIRECT.GET share: which message, or which messages, are wanted. */
import type { Decoded, Int64, Shape } from "./json/decode.ts";
import { bool, int, list, text, time, uint64 } from "./json/field-types.ts";

const fields = {
  seq: uint64,
  last_by_subj: text,
  next_by_subj: text,
  batch: int,
  max_bytes: int,
  start_time: time,
  multi_last: list(text),
  up_to_seq: uint64,
  up_to_time: time,
  no_hdr: bool,
};

export const messageRequestShape: Shape<typeof fields> = { struct: "JSApiMsgGetRequest", fields };

/** As asked; empty texts and zeros mean "not set". */
export type MessageRequest = Decoded<typeof fields>;

export function isAsked(value: Int64 | string | bigint | undefined): boolean {
  return value !== undefined && value !== 0 && value !== "";
}

/** Selectors that exclude each other in both requests. */
export function hasConflict(request: MessageRequest): boolean {
  const bySequence = isAsked(request.seq);
  const byLast = isAsked(request.last_by_subj);
  const byTime = request.start_time !== undefined;
  return (bySequence && byLast) || (bySequence && byTime) || (byTime && byLast) || (byLast && isAsked(request.next_by_subj));
}
