/** Single header values of a request, read where speed does not matter. Names are exact, the first line counts. */
import type { InboundMessage } from "../broker/service.ts";

/** The value of the header in the message, empty when missing. */
export function headerValue(message: InboundMessage, name: string): string {
  if (message.payloadStart <= message.headersStart) {
    return "";
  }
  return headerIn(message.buffer.subarray(message.headersStart, message.payloadStart), name);
}

/** The same for a header block (`NATS/1.0\r\n…`). */
export function headerIn(block: Uint8Array, name: string): string {
  const text = Buffer.from(block.buffer, block.byteOffset, block.byteLength).toString("utf8");
  const at = text.indexOf(`\r\n${name}:`);
  if (at < 0) {
    return "";
  }
  const start = at + name.length + 3;
  const end = text.indexOf("\r\n", start);
  return text.slice(start, end < 0 ? text.length : end).replace(/^ +/, "");
}
