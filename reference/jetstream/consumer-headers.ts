/** Headers that a consumer adds to what it delivers. */
import type { Delivery } from "../broker/service.ts";

const emptyBlock = new TextEncoder().encode("NATS/1.0\r\n\r\n");
const encoder = new TextEncoder();
const lineEnd = 2;

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** Replaces the payload by a header that tells its size. */
export function headersOnly(delivery: Writable<Delivery>): void {
  const size = delivery.payloadEnd - delivery.payloadStart;
  addHeader(delivery, `Nats-Msg-Size: ${size}`, { keepPayload: false });
}

export function addHeader(delivery: Writable<Delivery>, line: string, { keepPayload }: { keepPayload: boolean }): void {
  const given = delivery.buffer.subarray(delivery.headersStart, delivery.payloadStart);
  const block = given.length === 0 ? emptyBlock : given;
  const added = encoder.encode(`${line}\r\n\r\n`);
  const payload = keepPayload ? delivery.buffer.subarray(delivery.payloadStart, delivery.payloadEnd) : undefined;
  const headersLength = block.length - lineEnd + added.length;
  const buffer = new Uint8Array(headersLength + (payload?.length ?? 0));
  buffer.set(block.subarray(0, block.length - lineEnd));
  buffer.set(added, block.length - lineEnd);
  if (payload !== undefined) {
    buffer.set(payload, headersLength);
  }
  delivery.buffer = buffer;
  delivery.headersStart = 0;
  delivery.payloadStart = headersLength;
  delivery.payloadEnd = buffer.length;
}
