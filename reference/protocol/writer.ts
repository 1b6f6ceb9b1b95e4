/**
 * Writes MSG and HMSG into an output buffer, digits and all as bytes. The caller has made room (`messageRoom`).
 */
import { CR, copyOctets, LF, SPACE, writeDecimal } from "./octets.ts";
import type { OutgoingMessage } from "./outgoing-message.ts";

/** An upper bound of what `writeMessage` needs, payload included: verb, three blanks, two sizes of at most ten digits, two line ends. */
export function messageRoom(message: OutgoingMessage, sid: Uint8Array): number {
  const texts = message.subjectEnd - message.subjectStart + (message.replyEnd - message.replyStart) + sid.length;
  return 40 + texts + (message.payloadEnd - message.headersStart);
}

/** `withHeaders` is false for a receiver that did not ask for them: it gets the payload alone. Returns the position behind the message. */
export function writeMessage(target: Buffer, start: number, message: OutgoingMessage, sid: Uint8Array, withHeaders: boolean): number {
  const hasHeaders = message.payloadStart > message.headersStart;
  const sendsHeaders = hasHeaders && withHeaders;
  let at = start;
  if (sendsHeaders) {
    target[at++] = 0x48;
  }
  target[at] = 0x4d;
  target[at + 1] = 0x53;
  target[at + 2] = 0x47;
  target[at + 3] = SPACE;
  at = copyOctets(target, at + 4, message.subjectOctets, message.subjectStart, message.subjectEnd);
  target[at++] = SPACE;
  at = copyOctets(target, at, sid, 0, sid.length);
  target[at++] = SPACE;
  if (message.replyEnd > message.replyStart) {
    at = copyOctets(target, at, message.replyOctets, message.replyStart, message.replyEnd);
    target[at++] = SPACE;
  }
  at = sendsHeaders ? writeBothSizes(target, at, message) : writeSize(target, at, message, hasHeaders);
  target[at] = CR;
  target[at + 1] = LF;
  const bodyStart = sendsHeaders ? message.headersStart : message.payloadStart;
  at = copyOctets(target, at + 2, message.buffer, bodyStart, message.payloadEnd);
  target[at] = CR;
  target[at + 1] = LF;
  return at + 2;
}

function writeBothSizes(target: Buffer, start: number, message: OutgoingMessage): number {
  if (message.sizeEnd > message.sizeStart) {
    const at = copyOctets(target, start, message.buffer, message.headerSizeStart, message.headerSizeEnd);
    target[at] = SPACE;
    return copyOctets(target, at + 1, message.buffer, message.sizeStart, message.sizeEnd);
  }
  const at = writeDecimal(target, start, message.payloadStart - message.headersStart);
  target[at] = SPACE;
  return writeDecimal(target, at + 1, message.payloadEnd - message.headersStart);
}

function writeSize(target: Buffer, start: number, message: OutgoingMessage, headersCut: boolean): number {
  if (message.sizeEnd > message.sizeStart && !headersCut) {
    return copyOctets(target, start, message.buffer, message.sizeStart, message.sizeEnd);
  }
  return writeDecimal(target, start, message.payloadEnd - message.payloadStart);
}
