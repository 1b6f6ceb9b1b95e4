/**
 * The features a target file may claim, and how each is asked for. A feature is either a request of the API that must be answered with the
 * named type (an error of that type is an answer: the request is known), or a field of the stream configuration that a server must take and
 * give back. A server that doesn't know a field drops it or refuses it.
 */
import { nearest } from "./nearest.ts";

export type FeatureProbe =
  | { readonly by: "request"; readonly subject: string; readonly payload?: string; readonly type: string }
  | { readonly by: "stream-field"; readonly field: string };

const api = "io.nats.jetstream.api.v1";
/** No stream of this name is ever made; requests about it are answered with "not found" where they are known. */
const noStream = "STREAMPROOF_NO_STREAM";

export const featureProbes: Readonly<Record<string, FeatureProbe>> = {
  "account-info": { by: "request", subject: "$JS.API.INFO", type: `${api}.account_info_response` },
  streams: { by: "request", subject: "$JS.API.STREAM.NAMES", type: `${api}.stream_names_response` },
  consumers: { by: "request", subject: `$JS.API.CONSUMER.INFO.${noStream}.C`, type: `${api}.consumer_info_response` },
  "message-get": {
    by: "request",
    subject: `$JS.API.STREAM.MSG.GET.${noStream}`,
    payload: '{"seq":1}',
    type: `${api}.stream_msg_get_response`,
  },
  "push-consumers": {
    by: "request",
    subject: `$JS.API.CONSUMER.CREATE.${noStream}.C`,
    payload: `{"stream_name":"${noStream}","config":{"name":"C","deliver_subject":"probe"}}`,
    type: `${api}.consumer_create_response`,
  },
  "direct-get": { by: "stream-field", field: "allow_direct" },
  "message-ttl": { by: "stream-field", field: "allow_msg_ttl" },
  "atomic-batch": { by: "stream-field", field: "allow_atomic" },
  "fast-batch": { by: "stream-field", field: "allow_batched" },
  counters: { by: "stream-field", field: "allow_msg_counter" },
  schedules: { by: "stream-field", field: "allow_msg_schedules" },
};

/** Why it is no feature; undefined when it is one. */
export function featureProblem(name: string): string | undefined {
  if (featureProbes[name] !== undefined) {
    return undefined;
  }
  const known = Object.keys(featureProbes);
  const near = nearest(name, known);
  return `unknown feature "${name}"; ${near === undefined ? `known: ${known.join(", ")}` : `did you mean "${near}"?`}`;
}
