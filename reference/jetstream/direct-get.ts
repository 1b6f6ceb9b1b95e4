/**
 * Direct gets (ADR-31): raw messages with `Nats-*` headers instead of JSON, served by subscriptions in the queue group that mirrors may
 * join. Failures are status lines.
 */
import type { InboundMessage } from "../broker/service.ts";
import type { MessageView } from "../store/stream-store.ts";
import { isLevelTooHigh } from "./api/required-level.ts";
import { readBatch, readLastOfEach } from "./direct-get-batch.ts";
import { decodeJson, type Int64 } from "./json/decode.ts";
import { formatTime } from "./json/time.ts";
import { emptyView, findMessage, lostInstead, shownEpoch } from "./message-lookup.ts";
import { hasConflict, isAsked, type MessageRequest, messageRequestShape } from "./message-request.ts";
import type { Stream } from "./stream.ts";

const QUEUE = "_sys_";
const NOTHING = new Uint8Array(0);
const STATUS_LINE_BYTES = "NATS/1.0\r\n".length;

/** Serves both forms until the returned function is called. */
export function serveDirectGets(stream: Stream): () => void {
  const { account } = stream.context;
  const prefix = `$JS.API.DIRECT.GET.${stream.name}`;
  const subscriptions = [
    account.subscribe(prefix, (message) => new DirectGet(stream, message).bySelector(), { queue: QUEUE }),
    account.subscribe(`${prefix}.>`, (message) => new DirectGet(stream, message).bySubject(prefix.length + 1), { queue: QUEUE }),
  ];
  return () => {
    for (const subscription of subscriptions) {
      subscription.unsubscribe();
    }
  };
}

/** One request and its answers. */
export class DirectGet {
  readonly stream: Stream;
  readonly #message: InboundMessage;
  readonly #reply: string | undefined;

  constructor(stream: Stream, message: InboundMessage) {
    this.stream = stream;
    this.#message = message;
    this.#reply = message.replyText();
  }

  bySelector(): void {
    const request = this.#request();
    if (request === undefined) {
      return;
    }
    const isEmpty = !(isAsked(request.seq) || isAsked(request.last_by_subj) || isAsked(request.next_by_subj) || hasMultiple(request));
    if (isEmpty && request.start_time === undefined) {
      this.status("408 Empty Request");
    } else if (hasConflict(request) || hasBatchConflict(request)) {
      this.status("408 Bad Request");
    } else if (hasMultiple(request)) {
      readLastOfEach(this, request);
    } else if ((request.batch ?? 0) > 0) {
      readBatch(this, request);
    } else {
      this.#single(request);
    }
  }

  /** The subject stands behind `prefixLength` characters of the request's own subject. */
  bySubject(prefixLength: number): void {
    const subject = this.#message.subject.text.slice(prefixLength);
    const request = this.#message.payloadEnd > this.#message.payloadStart ? this.#request() : this.#checkedLevel({});
    if (request === undefined) {
      return;
    }
    if (hasSelector(request)) {
      this.status("408 Bad Request");
      return;
    }
    this.#single({ ...request, last_by_subj: subject });
  }

  /** A status without message. */
  status(line: string, headers: Readonly<Record<string, Int64>> = {}): void {
    const more = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    this.#send(Buffer.from(`NATS/1.0 ${line}\r\n${more.join("")}\r\n`), NOTHING);
  }

  /** A message that was stored and can't be read any more: ours, the official server would say "not found". */
  damaged(sequence: number): void {
    this.status("500 Message Damaged", { "Nats-Sequence": this.stream.sequences.shown(sequence) });
  }

  /** A stored message; `more` are headers beside the four that name it, `epoch` is what it shows if that is less than everything. */
  deliver(view: MessageView, { bare, more = {}, epoch }: { bare: boolean; more?: Readonly<Record<string, Int64>>; epoch?: number }): void {
    const payload = view.buffer.subarray(view.payloadStart, view.payloadEnd);
    if (bare) {
      this.#send(undefined, payload, epoch);
      return;
    }
    const added = {
      "Nats-Stream": this.stream.name,
      "Nats-Subject": view.subject.text,
      "Nats-Sequence": this.stream.sequences.shown(view.sequence),
      "Nats-Time-Stamp": formatTime(view.timeNs),
      ...more,
    };
    const lines = Object.entries(added).map(([name, value]) => `${name}: ${value}\r\n`);
    const own = Buffer.from(view.buffer.subarray(view.headersStart, view.payloadStart));
    const head = own.length === 0 ? Buffer.from("NATS/1.0\r\n") : own.subarray(0, own.length - 2);
    this.#send(
      Buffer.concat([head.subarray(0, STATUS_LINE_BYTES), head.subarray(STATUS_LINE_BYTES), Buffer.from(`${lines.join("")}\r\n`)]),
      payload,
      epoch,
    );
  }

  #single(request: MessageRequest): void {
    const view = emptyView();
    const sequence = findMessage(this.stream, request);
    if (sequence === 0 || !this.stream.messages.read(sequence, view)) {
      this.#notFound(lostInstead(this.stream, request));
      return;
    }
    this.deliver(view, { bare: request.no_hdr === true, epoch: shownEpoch(this.stream, request, sequence) });
  }

  #notFound(lost: number): void {
    if (lost === 0) {
      this.status("404 Message Not Found");
    } else {
      this.damaged(lost);
    }
  }

  /** undefined when a status has told why there is none. */
  #request(): MessageRequest | undefined {
    const { buffer, payloadStart, payloadEnd } = this.#message;
    if (this.#checkedLevel({}) === undefined) {
      return undefined;
    }
    if (payloadEnd === payloadStart) {
      this.status("408 Empty Request");
      return undefined;
    }
    const text = Buffer.from(buffer.buffer, buffer.byteOffset + payloadStart, payloadEnd - payloadStart).toString("utf8");
    const result = decodeJson(text, messageRequestShape, { strict: false });
    if ("invalid" in result) {
      this.status("408 Malformed Request");
      return undefined;
    }
    return result.value;
  }

  #checkedLevel(request: MessageRequest): MessageRequest | undefined {
    if (isLevelTooHigh(this.#message)) {
      this.status("412 Required Api Level");
      return undefined;
    }
    return request;
  }

  #send(headers: Uint8Array | undefined, payload: Uint8Array, epoch = this.stream.context.store.epoch): void {
    if (this.#reply === undefined) {
      return;
    }
    this.stream.context.account.publish({ subject: this.#reply, ...(headers === undefined ? {} : { headers }), payload, epoch });
  }
}

function hasMultiple({ multi_last }: MessageRequest): boolean {
  return multi_last !== undefined && multi_last.length > 0;
}

function hasBatchConflict(request: MessageRequest): boolean {
  const byLast = isAsked(request.last_by_subj);
  return (
    (byLast && ((request.batch ?? 0) > 0 || hasMultiple(request))) ||
    (isAsked(request.next_by_subj) && hasMultiple(request)) ||
    (isAsked(request.up_to_seq) && request.up_to_time !== undefined)
  );
}

function hasSelector(request: MessageRequest): boolean {
  const { seq, last_by_subj, next_by_subj, batch, up_to_seq } = request;
  return [seq, last_by_subj, next_by_subj, batch, up_to_seq].some(isAsked) || hasMultiple(request) || hasTime(request);
}

function hasTime({ start_time, up_to_time }: MessageRequest): boolean {
  return start_time !== undefined || up_to_time !== undefined;
}
