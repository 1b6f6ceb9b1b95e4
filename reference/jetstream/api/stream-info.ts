/** `$JS.API.STREAM.INFO.<stream>`: subject counts only for a `subjects_filter`, in pages; deleted sequences only with `deleted_details`. */
import { apiErrors, isApiError } from "../errors.ts";
import type { Shape } from "../json/decode.ts";
import { bool, int, text } from "../json/field-types.ts";
import { streamInfo, subjectCounts } from "../stream-info.ts";
import { type Endpoint, noPage } from "./endpoint.ts";
import { decodeOptionalBody } from "./request-body.ts";

const SUBJECTS_PER_PAGE = 100_000;

const fields = { deleted_details: bool, subjects_filter: text, offset: int };
const shape: Shape<typeof fields> = { struct: "JSApiStreamInfoRequest", fields };

export const streamInfoRequest: Endpoint = {
  subject: "STREAM.INFO.*",
  type: "stream_info_response",
  always: noPage,
  handle({ account, tokens: [name = ""], body }) {
    const request = decodeOptionalBody(body, shape, { strict: account.strict });
    if (isApiError(request)) {
      return { error: request };
    }
    const stream = account.streams.get(name);
    if (stream === undefined) {
      return { error: apiErrors.streamNotFound };
    }
    const pattern = request?.subjects_filter ?? "";
    const counts = pattern === "" ? [] : subjectCounts(stream, pattern);
    const offset = Math.min(Math.max(Number(request?.offset ?? 0), 0), Number.MAX_SAFE_INTEGER);
    const page = counts.slice(offset, offset + SUBJECTS_PER_PAGE);
    const info = streamInfo(stream, {
      serverVersion: account.server.version,
      domain: account.context.domain,
      leader: account.server.name,
      withDeleted: request?.deleted_details === true,
      subjects: page.length === 0 ? undefined : Object.fromEntries(page),
    });
    const paging = counts.length === 0 ? noPage : { total: counts.length, offset, limit: SUBJECTS_PER_PAGE };
    return { success: { ...paging, ...info } };
  },
};
