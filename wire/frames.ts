/** Bytes of the frames a client sends. Every argument that could break out of its frame is refused; malformed frames are sent as raw bytes. */
import { WireError } from "./errors.ts";
import { Headers } from "./headers.ts";

export interface OutgoingMessage {
  readonly subject: string;
  readonly reply?: string;
  /** Raw bytes are sent as they are: the caller's own block, also a malformed one. */
  readonly headers?: Headers | Uint8Array;
  readonly payload?: Uint8Array | string;
}

/** What is sent in CONNECT; a field left out keeps the server's default, which is not the client's. */
export type ConnectFields = Readonly<Record<string, string | number | boolean>>;

export const pingFrame: Uint8Array = Buffer.from("PING\r\n");
export const pongFrame: Uint8Array = Buffer.from("PONG\r\n");

const lineEnd = "\r\n";
const empty = new Uint8Array(0);

export function connectFrame(fields: ConnectFields): Uint8Array {
  return Buffer.from(`CONNECT ${JSON.stringify(fields)}${lineEnd}`);
}

/** PUB, or HPUB when there are headers (an empty header block counts as one). */
export function publishFrame(message: OutgoingMessage): Uint8Array {
  const { subject, reply, payload = empty } = message;
  checkToken("subject", subject);
  if (reply !== undefined) {
    checkToken("reply", reply);
  }
  const headers = headerBytes(message.headers);
  const payloadSize = typeof payload === "string" ? Buffer.byteLength(payload) : payload.byteLength;
  const names = reply === undefined ? subject : `${subject} ${reply}`;
  const line =
    headers === undefined
      ? `PUB ${names} ${payloadSize}${lineEnd}`
      : `HPUB ${names} ${headers.byteLength} ${headers.byteLength + payloadSize}${lineEnd}`;
  return assemble({ line, headers: headers ?? empty, payload, payloadSize });
}

export function subscribeFrame(options: { subject: string; queue?: string | undefined; sid: string }): Uint8Array {
  checkToken("subject", options.subject);
  if (options.queue === undefined) {
    return Buffer.from(`SUB ${options.subject} ${options.sid}${lineEnd}`);
  }
  checkToken("queue", options.queue);
  return Buffer.from(`SUB ${options.subject} ${options.queue} ${options.sid}${lineEnd}`);
}

export function unsubscribeFrame(sid: string, max?: number): Uint8Array {
  return Buffer.from(max === undefined ? `UNSUB ${sid}${lineEnd}` : `UNSUB ${sid} ${max}${lineEnd}`);
}

function headerBytes(headers: Headers | Uint8Array | undefined): Uint8Array | undefined {
  return headers instanceof Headers ? headers.encode() : headers;
}

function assemble(parts: { line: string; headers: Uint8Array; payload: Uint8Array | string; payloadSize: number }): Uint8Array {
  const { line, headers, payload, payloadSize } = parts;
  const lineSize = Buffer.byteLength(line);
  const frame = Buffer.allocUnsafe(lineSize + headers.byteLength + payloadSize + lineEnd.length);
  frame.write(line, 0, lineSize, "utf8");
  frame.set(headers, lineSize);
  const payloadAt = lineSize + headers.byteLength;
  if (typeof payload === "string") {
    frame.write(payload, payloadAt, payloadSize, "utf8");
  } else {
    frame.set(payload, payloadAt);
  }
  frame[payloadAt + payloadSize] = 13;
  frame[payloadAt + payloadSize + 1] = 10;
  return frame;
}

function checkToken(what: string, value: string): void {
  if (value === "" || /[ \t\r\n]/.test(value)) {
    throw new WireError("WIRE_ARGUMENT_INVALID", `${what} ${JSON.stringify(value)} is empty or holds a blank or line break`);
  }
}
