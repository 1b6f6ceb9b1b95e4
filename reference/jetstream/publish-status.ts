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
  const reply = buffer.subarray(message.replyStart, message.replyEnd);
  const headers = isBare ? [] : [buffer.subarray(headersStart, headersStart + VERSION_BYTES), buffer.subarray(lineEnd, payloadStart)];
  const stripped = Buffer.concat([reply, ...headers, buffer.subarray(payloadStart, payloadEnd)]);
  const newPayloadStart = stripped.length - (payloadEnd - payloadStart);
  return {
    subject: message.subject,
    account: message.account,
    client: message.client,
    buffer: stripped,
    replyStart: 0,
    replyEnd: reply.length,
    headersStart: reply.length,
    payloadStart: newPayloadStart,
    payloadEnd: stripped.length,
    replyText: () => message.replyText(),
  };
}
