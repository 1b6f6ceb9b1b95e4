/** `$JS.API.STREAM.CREATE.<stream>`: an equal configuration is created again without error, and still answers `did_create`. */
import { apiErrors, isApiError } from "../errors.ts";
import { decodeStreamConfig } from "../stream-config.ts";
import { invalidConfig } from "../stream-config-check.ts";
import { streamInfo } from "../stream-info.ts";
import type { Endpoint } from "./endpoint.ts";

export const streamCreate: Endpoint = {
  subject: "STREAM.CREATE.*",
  type: "stream_create_response",
  handle({ account, tokens: [name = ""], body }) {
    const request = decodeStreamConfig(body, { strict: account.strict });
    if (isApiError(request)) {
      return { error: request };
    }
    if ((request.name ?? "") !== name) {
      return { error: apiErrors.streamMismatch };
    }
    if (/[\\/]/.test(name)) {
      return { error: apiErrors.streamNameContainsPathSeparators };
    }
    if (request.sealed === true) {
      return { error: invalidConfig("stream configuration for create can not be sealed") };
    }
    if (request.mirror_direct === true && request.mirror === undefined) {
      return { error: invalidConfig("stream has no mirror but does have mirror direct") };
    }
    const stream = account.createStream(request);
    if (isApiError(stream)) {
      return { error: stream };
    }
    return { success: { ...streamInfo(stream, { serverVersion: account.server.version }), did_create: true } };
  },
};
