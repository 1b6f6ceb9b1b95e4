/** `$JS.API.STREAM.MSG.DELETE.<stream>`: removes one message; its bytes are overwritten unless `no_erase`. */
import { type ApiError, apiErrors, because, filled, isApiError } from "../errors.ts";
import type { Int64, Shape } from "../json/decode.ts";
import { bool, uint64 } from "../json/field-types.ts";
import type { Stream } from "../stream.ts";
import type { Endpoint } from "./endpoint.ts";
import { decodeBody, isEmptyBody } from "./request-body.ts";

const fields = { seq: uint64, no_erase: bool };
const shape: Shape<typeof fields> = { struct: "JSApiMsgDeleteRequest", fields };

export const messageDelete: Endpoint = {
  subject: "STREAM.MSG.DELETE.*",
  type: "stream_msg_delete_response",
  handle({ account, tokens: [name = ""], body }) {
    if (isEmptyBody(body)) {
      return { error: apiErrors.badRequest };
    }
    const request = decodeBody(body, shape, { strict: account.strict });
    if (isApiError(request)) {
      return { error: request };
    }
    const stream = account.streams.get(name);
    if (stream === undefined) {
      return { error: apiErrors.streamNotFound };
    }
    if (stream.config.sealed) {
      return { error: apiErrors.streamSealed };
    }
    if (stream.config.deny_delete) {
      return { error: because(apiErrors.streamMsgDeleteFailed, "message delete not permitted") };
    }
    const sequence = stream.sequences.given(request.seq);
    if (!stream.remove(sequence, { erase: request.no_erase !== true })) {
      return { error: missing(stream, { sequence, asked: request.seq ?? 0 }), counted: "success" };
    }
    return { success: { success: true } };
  },
};

/** Memory streams know one answer; file streams tell what never was or is long gone by another error than a gap. */
function missing({ messages, config }: Stream, { sequence, asked }: { sequence: number; asked: Int64 }): ApiError {
  const { firstSequence, lastSequence } = messages.state;
  if (config.storage === "file" && sequence > lastSequence) {
    return because(apiErrors.streamMsgDeleteFailed, "stream store EOF");
  }
  if (config.storage === "file" && sequence < firstSequence) {
    return because(apiErrors.streamMsgDeleteFailed, "no message found");
  }
  return filled(apiErrors.sequenceNotFound, { seq: asked });
}
