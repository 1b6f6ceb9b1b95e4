/** What the consumer requests have in common: finding the consumer, and the shape of their answers. */
import { Consumer } from "../consumer.ts";
import { type ApiError, apiErrors } from "../errors.ts";
import type { HostStream } from "../seams.ts";
import { apiLevel } from "../stream-config.ts";
import type { ApiCall } from "./endpoint.ts";

/** The consumer that the subject's first two tokens name. */
export function findConsumer({ account, tokens: [stream = "", name = ""] }: ApiCall): Consumer | ApiError {
  const host = account.streams.get(stream);
  if (host === undefined) {
    return apiErrors.streamNotFound;
  }
  const consumer = host.consumers.get(name);
  return consumer instanceof Consumer ? consumer : apiErrors.consumerNotFound;
}

/** CREATE, INFO and RESET add to the stored metadata what this server is; LIST does not. */
export function answeredConsumer({ account }: ApiCall, consumer: Consumer): Record<string, unknown> {
  return consumer.info({ "_nats.ver": account.server.version, "_nats.level": String(apiLevel) });
}

/** All consumers of a stream, by name. */
export function consumersOf(host: HostStream): Consumer[] {
  const consumers: Consumer[] = [];
  for (const consumer of host.consumers.values()) {
    if (consumer instanceof Consumer) {
      consumers.push(consumer);
    }
  }
  return consumers.sort((a, b) => (a.name < b.name ? -1 : 1));
}
