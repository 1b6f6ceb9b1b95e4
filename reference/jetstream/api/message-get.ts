/** `$JS.API.STREAM.MSG.GET.<stream>`: one message as JSON, by sequence, time, or as first or last on a subject. */
import { apiErrors, isApiError, messageLost } from "../errors.ts";
import { formatTime } from "../json/time.ts";
import { emptyView, findMessage, lostInstead, shownEpoch } from "../message-lookup.ts";
import { hasConflict, isAsked, messageRequestShape } from "../message-request.ts";
import type { Endpoint } from "./endpoint.ts";
import { decodeBody, isEmptyBody } from "./request-body.ts";

export const messageGet: Endpoint = {
  subject: "STREAM.MSG.GET.*",
  type: "stream_msg_get_response",
  handle({ account, tokens: [name = ""], body }) {
    if (isEmptyBody(body)) {
      return { error: apiErrors.badRequest };
    }
    const request = decodeBody(body, messageRequestShape, { strict: account.strict });
    if (isApiError(request)) {
      return { error: request };
    }
    const isSelected =
      isAsked(request.seq) || isAsked(request.last_by_subj) || isAsked(request.next_by_subj) || request.start_time !== undefined;
    const asksBatch = (request.batch ?? 0) > 0 || (request.max_bytes ?? 0) > 0;
    if (!isSelected || asksBatch || hasConflict(request)) {
      return { error: apiErrors.badRequest };
    }
    const stream = account.streams.get(name);
    if (stream === undefined) {
      return { error: apiErrors.streamNotFound };
    }
    const view = emptyView();
    const sequence = findMessage(stream, request);
    if (sequence === 0 || !stream.messages.read(sequence, view)) {
      const lost = lostInstead(stream, request);
      return { error: lost === 0 ? apiErrors.noMessageFound : messageLost(stream.sequences.shown(lost)) };
    }
    const hasHeaders = view.payloadStart > view.headersStart && request.no_hdr !== true;
    const message = {
      subject: view.subject.text,
      seq: stream.sequences.shown(view.sequence),
      hdrs: hasHeaders ? base64(view.buffer, view.headersStart, view.payloadStart) : undefined,
      data: view.payloadEnd > view.payloadStart ? base64(view.buffer, view.payloadStart, view.payloadEnd) : undefined,
      time: formatTime(view.timeNs),
    };
    return { success: { message }, quiet: true, epoch: shownEpoch(stream, request, sequence) };
  },
};

function base64(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("base64");
}
