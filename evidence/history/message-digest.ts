/**
 * Identifies a message's headers and payload in a history: the first 16 hex digits of SHA-256. Lengths are hashed before texts, so that no two
 * messages share the hashed bytes.
 */
import { createHash } from "node:crypto";

/** Headers that a direct get or a delivery adds: they say where the message lies, and were not published. */
const addedByServer = new Set([
  "nats-stream",
  "nats-subject",
  "nats-sequence",
  "nats-time-stamp",
  "nats-num-pending",
  "nats-last-sequence",
]);

export interface DigestedMessage {
  /** In the order of the wire, a name once for each of its values. */
  readonly headers?: Iterable<readonly [name: string, value: string]>;
  readonly payload: Uint8Array;
}

export function digestOf(message: DigestedMessage): string {
  const hash = createHash("sha256");
  for (const [name, value] of message.headers ?? []) {
    if (!addedByServer.has(name.toLowerCase())) {
      hash.update(`${Buffer.byteLength(name)}:${name}${Buffer.byteLength(value)}:${value}`);
    }
  }
  hash.update("\n").update(message.payload);
  return hash.digest("hex").slice(0, 16);
}
