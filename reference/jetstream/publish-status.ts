/** A header block that begins with a status (`NATS/1.0 503`) is stored without it; a block that held nothing else is stored as none. */
import type { InboundMessage } from "../broker/service.ts";

const VERSION_BYTES = "NATS/1.0".length;
const EMPTY_BLOCK_BYTES = "NATS/1.0\r\n\r\n".length;
const CR = 0x0d;

export function withoutStatus(message: InboundMessage): InboundMessage {
  const { buffer, headersStart, payloadStart, payloadEnd } = message;
  if (payloadStart === headersStart || buffer[headersStart + VERSION_BYTES] === CR) {
    return message;
  }
  const lineEnd = buffer.indexOf(CR, headersStart);
  const isBare = payloadStart - lineEnd + VERSION_BYTES <= EMPTY_BLOCK_BYTES;
  const subject = buffer.subarray(message.subjectStart, message.subjectEnd);
  const reply = buffer.subarray(message.replyStart, message.replyEnd);
  const headers = isBare ? [] : [buffer.subarray(headersStart, headersStart + VERSION_BYTES), buffer.subarray(lineEnd, payloadStart)];
  const stripped = Buffer.concat([subject, reply, ...headers, buffer.subarray(payloadStart, payloadEnd)]);
  const newPayloadStart = stripped.length - (payloadEnd - payloadStart);
  return {
    subject: message.subject,
    account: message.account,
    client: message.client,
    buffer: stripped,
    subjectStart: 0,
    subjectEnd: subject.length,
    replyStart: subject.length,
    replyEnd: subject.length + reply.length,
    headersStart: subject.length + reply.length,
    payloadStart: newPayloadStart,
    payloadEnd: stripped.length,
    replyText: () => message.replyText(),
  };
}
