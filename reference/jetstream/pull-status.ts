/** The status lines that end or accompany pull requests, as header blocks. Their texts are part of the protocol. */
import type { Int64 } from "./json/decode.ts";

const encoder = new TextEncoder();

export function statusLine(line: string): Uint8Array {
  return encoder.encode(`NATS/1.0 ${line}\r\n\r\n`);
}

function statusWithHeaders(line: string, headers: readonly (readonly [string, string | Int64])[]): Uint8Array {
  const block = headers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return encoder.encode(`NATS/1.0 ${line}\r\n${block}\r\n`);
}

/** What a request still asked for when it ended. */
export interface Unserved {
  readonly messages: number;
  readonly bytes: number;
}

function endLine(line: string): (left: Unserved) => Uint8Array {
  return ({ messages, bytes }) =>
    statusWithHeaders(line, [
      ["Nats-Pending-Messages", messages],
      ["Nats-Pending-Bytes", bytes],
    ]);
}

export const requestTimeout = endLine("408 Request Timeout");
export const messageTooLarge = endLine("409 Message Size Exceeds MaxBytes");
export const batchCompleted = endLine("409 Batch Completed");
export const wrongPinId = endLine("423 Nats-Wrong-Pin-Id");

export const noMessages = statusLine("404 No Messages");
export const requestsPending = statusLine("408 Requests Pending");
export const exceededMaxWaiting = statusLine("409 Exceeded MaxWaiting");
export const pushBased = statusLine("409 Consumer is push based");
export const consumerDeleted = statusLine("409 Consumer Deleted");
export const requiredApiLevel = statusLine("412 Required Api Level");
export const pinIdMismatch = statusLine("423 Nats-Pin-Id mismatch");

/** The sequences of the last delivery, as clients see them. */
export interface LastSequences {
  readonly consumer: number;
  readonly stream: Int64;
}

/**
 * Heartbeats tell the last delivery, so that a client notices what it has missed. `stalledOn` is the flow control request that has no
 * answer yet, so that a client can answer one that it has lost.
 */
export function idleHeartbeat(last: LastSequences, stalledOn = ""): Uint8Array {
  const headers: [string, string | Int64][] = [
    ["Nats-Last-Consumer", last.consumer],
    ["Nats-Last-Stream", last.stream],
  ];
  if (stalledOn !== "") {
    headers.push(["Nats-Consumer-Stalled", stalledOn]);
  }
  return statusWithHeaders("100 Idle Heartbeat", headers);
}
