/** Requests that one server without a cluster answers with an error, and those that this server does not have yet. */
import { type ApiError, apiErrors, because } from "../errors.ts";
import type { Endpoint } from "./endpoint.ts";
import { isEmptyBody } from "./request-body.ts";

function clusterOnly(subject: string, type: string): Endpoint {
  return { subject, type, handle: () => ({ error: apiErrors.clusterRequired }) };
}

export const clusterEndpoints: readonly Endpoint[] = [
  clusterOnly("STREAM.LEADER.STEPDOWN.*", "stream_leader_stepdown_response"),
  clusterOnly("STREAM.PEER.REMOVE.*", "stream_remove_peer_response"),
  clusterOnly("STREAM.PEER.EVACUATE.*", "stream_evacuate_peer_response"),
  clusterOnly("STREAM.CANCEL_MOVE.*", "stream_cancel_move_response"),
  clusterOnly("CONSUMER.LEADER.STEPDOWN.*.*", "consumer_leader_stepdown_response"),
];

export const streamSnapshot: Endpoint = {
  subject: "STREAM.SNAPSHOT.*",
  type: "stream_snapshot_response",
  handle({ account, tokens: [name = ""], body }) {
    if (isEmptyBody(body)) {
      return { error: apiErrors.badRequest };
    }
    const known = account.streams.has(name);
    return { error: known ? notYet(apiErrors.streamSnapshot, "stream backup") : apiErrors.streamNotFound };
  },
};

export const streamRestore: Endpoint = {
  subject: "STREAM.RESTORE.*",
  type: "stream_restore_response",
  always: { deliver_subject: "" },
  handle: ({ body }) => ({ error: isEmptyBody(body) ? apiErrors.badRequest : notYet(apiErrors.streamRestore, "stream restore") }),
};

function notYet(error: ApiError, feature: string): ApiError {
  return because(error, `${feature} is not supported by this server yet`);
}
