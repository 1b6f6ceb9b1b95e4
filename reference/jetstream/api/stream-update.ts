/** `$JS.API.STREAM.UPDATE.<stream>`: replaces the whole configuration; what is missing goes back to its default. */
import { apiErrors, isApiError } from "../errors.ts";
import { decodeStreamConfig } from "../stream-config.ts";
import { streamInfo } from "../stream-info.ts";
import type { Endpoint } from "./endpoint.ts";

export const streamUpdate: Endpoint = {
  subject: "STREAM.UPDATE.*",
  type: "stream_update_response",
  handle({ account, tokens: [name = ""], body }) {
    const request = decodeStreamConfig(body, { strict: account.strict });
    if (isApiError(request)) {
      return { error: request };
    }
    const config = account.checkConfig(request);
    if (isApiError(config)) {
      return { error: config };
    }
    if (config.name !== name) {
      return { error: apiErrors.streamMismatch };
    }
    const stream = account.streams.get(name);
    if (stream === undefined) {
      return { error: apiErrors.streamNotFound };
    }
    const problem = account.updateStream(stream, config);
    if (problem !== undefined) {
      return { error: problem };
    }
    return { success: streamInfo(stream, { serverVersion: account.server.version, domain: account.context.domain }) };
  },
};
