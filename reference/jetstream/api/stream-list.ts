/** `$JS.API.STREAM.NAMES` and `.LIST`: sorted by name, in pages, narrowed to streams whose subjects meet `subject`. */
import { isApiError } from "../errors.ts";
import type { Shape } from "../json/decode.ts";
import { int, text } from "../json/field-types.ts";
import type { Stream } from "../stream.ts";
import { streamInfo } from "../stream-info.ts";
import { patternsCollide } from "../subjects.ts";
import type { ApiCall, ApiReply, Endpoint } from "./endpoint.ts";
import { noPage } from "./endpoint.ts";
import { decodeOptionalBody } from "./request-body.ts";

const NAMES_PER_PAGE = 1024;
const STREAMS_PER_PAGE = 256;

const fields = { subject: text, offset: int };
const namesShape: Shape<typeof fields> = { struct: "JSApiStreamNamesRequest", fields };
const listShape: Shape<typeof fields> = { struct: "JSApiStreamListRequest", fields };

export const streamNames: Endpoint = {
  subject: "STREAM.NAMES",
  type: "stream_names_response",
  always: { ...noPage, streams: null },
  handle: (call) =>
    // An empty list of names is null on the wire, an empty list of streams is not.
    paged(call, { shape: namesShape, limit: NAMES_PER_PAGE, show: (page) => (page.length === 0 ? null : page.map(({ name }) => name)) }),
};

export const streamList: Endpoint = {
  subject: "STREAM.LIST",
  type: "stream_list_response",
  always: { ...noPage, streams: [] },
  handle: (call) =>
    paged(call, {
      shape: listShape,
      limit: STREAMS_PER_PAGE,
      show: (page) => page.map((stream) => streamInfo(stream, { domain: call.account.context.domain })),
    }),
};

interface Paging {
  readonly shape: Shape<typeof fields>;
  readonly limit: number;
  readonly show: (page: readonly Stream[]) => unknown;
}

function paged({ account, body }: ApiCall, { shape, limit, show }: Paging): ApiReply {
  const request = decodeOptionalBody(body, shape, { strict: account.strict });
  if (isApiError(request)) {
    return { error: request };
  }
  const subject = request?.subject ?? "";
  const streams = [...account.streams.values()]
    .filter((stream) => subject === "" || stream.subjects.some((own) => patternsCollide(own, subject)))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const offset = Math.min(Math.max(Number(request?.offset ?? 0), 0), streams.length);
  return { success: { total: streams.length, offset, limit, streams: show(streams.slice(offset, offset + limit)) } };
}
