/** `$JS.API.STREAM.PURGE.<stream>` (ADR-10). `seq` is exclusive; `seq` and `keep` exclude each other. */
import { apiErrors, because, isApiError } from "../errors.ts";
import type { Shape } from "../json/decode.ts";
import { text, uint64 } from "../json/field-types.ts";
import { isAsked } from "../message-request.ts";
import type { Stream } from "../stream.ts";
import type { Endpoint } from "./endpoint.ts";
import { decodeOptionalBody } from "./request-body.ts";

const fields = { filter: text, seq: uint64, keep: uint64 };
const shape: Shape<typeof fields> = { struct: "JSApiStreamPurgeRequest", fields };

export const streamPurge: Endpoint = {
  subject: "STREAM.PURGE.*",
  type: "stream_purge_response",
  always: { purged: 0 },
  handle({ account, tokens: [name = ""], body }) {
    const request = decodeOptionalBody(body, shape, { strict: account.strict });
    if (isApiError(request)) {
      return { error: request };
    }
    // purge.seq-excludes-keep
    if (isAsked(request?.seq) && isAsked(request?.keep)) {
      return { error: apiErrors.badRequest };
    }
    const stream = account.streams.get(name);
    if (stream === undefined) {
      return { error: apiErrors.streamNotFound };
    }
    if (stream.config.sealed) {
      return { error: apiErrors.streamSealed };
    }
    if (stream.config.deny_purge) {
      return { error: because(apiErrors.streamPurgeFailed, "stream purge not permitted") };
    }
    const below = isAsked(request?.seq) ? stream.sequences.given(request?.seq) : undefined;
    if (below !== undefined && movesTooFar(stream, { below, filter: request?.filter })) {
      return { error: because(apiErrors.streamPurgeFailed, "seq lies too far behind the stream's sequences for this server") };
    }
    const purged = stream.purge({
      ...(isAsked(request?.filter) ? { filter: request?.filter ?? "" } : {}),
      ...(below === undefined ? {} : { below }),
      ...(isAsked(request?.keep) ? { keep: Number(request?.keep) } : {}),
    });
    return { success: { success: true, purged } };
  },
};

/** Only a purge of every subject lets a stream go on at `below`. */
function movesTooFar({ messages, sequences }: Stream, { below, filter = "" }: { below: number; filter: string | undefined }): boolean {
  const isOfEverything = filter === "" || filter === ">";
  return isOfEverything && below > messages.state.lastSequence + 1 && !sequences.isReachable(below);
}
