/** `$JS.API.CONSUMER.NAMES.<stream>` and `$JS.API.CONSUMER.LIST.<stream>`: sorted by name, in pages (ADR-15). */
import type { Consumer } from "../consumer.ts";
import { type ApiError, apiErrors, isApiError } from "../errors.ts";
import { int } from "../json/field-types.ts";
import { consumersOf } from "./consumer-answer.ts";
import { type ApiCall, type ApiReply, type Endpoint, noPage } from "./endpoint.ts";
import { decodeOptionalBody } from "./request-body.ts";

const namesLimit = 1024;
const listLimit = 256;

export const consumerNames: Endpoint = {
  subject: "CONSUMER.NAMES.*",
  type: "consumer_names_response",
  always: { ...noPage, consumers: [] },
  handle(call) {
    return page(call, namesLimit, (consumer) => consumer.name);
  },
};

export const consumerList: Endpoint = {
  subject: "CONSUMER.LIST.*",
  type: "consumer_list_response",
  always: { ...noPage, consumers: [] },
  handle(call) {
    return page(call, listLimit, (consumer) => consumer.info());
  },
};

function page(call: ApiCall, limit: number, show: (consumer: Consumer) => unknown): ApiReply {
  const asked = offsetOf(call);
  if (isApiError(asked)) {
    return { error: asked };
  }
  const host = call.account.streams.get(call.tokens[0] ?? "");
  if (host === undefined) {
    return { error: apiErrors.streamNotFound };
  }
  const all = consumersOf(host);
  const offset = Math.min(asked, all.length);
  return { success: { total: all.length, offset, limit, consumers: all.slice(offset, offset + limit).map(show) } };
}

const pagedRequest = { struct: "JSApiConsumersRequest", embedded: "ApiPagedRequest", fields: { offset: int } } as const;

/** Only a body that looks like JSON is a request. */
function offsetOf({ account, body }: ApiCall): number | ApiError {
  const request = decodeOptionalBody(body, pagedRequest, account);
  return isApiError(request) ? request : Math.max(Number(request?.offset ?? 0), 0);
}
