/** JetStream of one account: its streams, limits, usage and API. */
import type { HostStream, JetStreamContext } from "./seams.ts";

export interface JetStreamAccount {
  readonly context: JetStreamContext;
  readonly streams: ReadonlyMap<string, HostStream>;
}
