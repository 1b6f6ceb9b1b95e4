/** A message as `expect` sees it. `reply` keeps the server's own subject, because an acknowledgement goes there. */
import type { Message } from "../../wire/message.ts";
import type { Names } from "../runner/names.ts";

export interface MessageValue {
  readonly subject: string;
  readonly data: string;
  /** One value as text, several as a list; absent without headers. */
  readonly headers?: unknown;
  readonly reply?: string;
  readonly status?: number;
  readonly description?: string;
  /** From the acknowledgement subject of a delivered message. */
  readonly seq?: number | string;
  readonly consumer_seq?: number | string;
  readonly deliveries?: number;
  readonly pending?: number | string;
}

export function messageValue(message: Message, names: Names): MessageValue {
  const { headers, status } = message;
  return {
    subject: names.strip(message.subject),
    data: names.strip(message.text()),
    ...(headers === undefined || headers.size === 0 ? {} : { headers: names.strip(headerRecord(headers)) }),
    ...(message.reply === undefined ? {} : { reply: message.reply, ...deliveryOf(message.reply) }),
    ...(status === undefined ? {} : { status: status.code, description: status.description }),
  };
}

export function headerRecord(headers: Iterable<readonly [string, string]>): Record<string, string | string[]> {
  const record: Record<string, string | string[]> = {};
  for (const [key, value] of headers) {
    const before = record[key];
    record[key] = before === undefined ? value : [...(Array.isArray(before) ? before : [before]), value];
  }
  return record;
}

/** `$JS.ACK.<stream>.<consumer>.<deliveries>.<stream seq>.<consumer seq>.<time>.<pending>`; the longer form has domain and account first (ADR-15). */
export function deliveryOf(reply: string): Pick<MessageValue, "seq" | "consumer_seq" | "deliveries" | "pending"> {
  const tokens = reply.split(".");
  if (tokens[0] !== "$JS" || tokens[1] !== "ACK" || (tokens.length !== 9 && tokens.length < 11)) {
    return {};
  }
  const [deliveries, seq, consumerSeq, , pending] = tokens.slice(tokens.length === 9 ? 4 : 6);
  return { deliveries: Number(deliveries), seq: exact(seq), consumer_seq: exact(consumerSeq), pending: exact(pending) };
}

function exact(text = ""): number | string {
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : text;
}
