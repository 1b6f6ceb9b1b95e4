/** Header blocks with a line more or less. The rest of the message stays as it is; each edit makes one new buffer. */
import type { MessageParts } from "./message-writer.ts";

const EMPTY_BLOCK = "NATS/1.0\r\n\r\n";

/** With `name: value` as the last line. */
export function addedHeader(message: MessageParts, name: string, value: string): MessageParts {
  const block = blockOf(message);
  const head = block === "" ? "NATS/1.0\r\n" : block.slice(0, -2);
  return withBlock(message, `${head}${name}: ${value}\r\n\r\n`);
}

/** Without the first line of that name; a block that held nothing else becomes none. */
export function removedHeader(message: MessageParts, name: string): MessageParts {
  const block = blockOf(message);
  const at = block.indexOf(`\r\n${name}:`);
  if (at < 0) {
    return message;
  }
  const end = block.indexOf("\r\n", at + 2);
  const rest = block.slice(0, at) + block.slice(end);
  return withBlock(message, rest === EMPTY_BLOCK ? "" : rest);
}

/** Latin-1 keeps every byte. */
function blockOf({ buffer, headersStart, payloadStart }: MessageParts): string {
  return Buffer.from(buffer.buffer, buffer.byteOffset + headersStart, payloadStart - headersStart).toString("latin1");
}

function withBlock(message: MessageParts, block: string): MessageParts {
  const headers = Buffer.from(block, "latin1");
  const buffer = Buffer.concat([headers, message.buffer.subarray(message.payloadStart, message.payloadEnd)]);
  return { subject: message.subject, buffer, headersStart: 0, payloadStart: headers.length, payloadEnd: buffer.length };
}
