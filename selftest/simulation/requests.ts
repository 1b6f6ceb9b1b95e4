/** Requests as the bytes of the protocol, with the change they ask for. */
import { type Change, duplicateWindowMs, type ModelMessage, normalLimits, type StreamLimits, type World } from "./model.ts";
import type { Request } from "./operations.ts";

/** A message somebody was given by a consumer. */
export interface Delivery {
  readonly stream: string;
  readonly consumer: string;
  readonly sequence: number;
  readonly ackSubject: string;
}

export interface ResolvedRequest {
  readonly change: Change;
  /** Undefined when the server must not answer. */
  readonly isAnswered: boolean;
  /** Set when this is an acknowledgement. */
  readonly acknowledges?: { readonly delivery: Delivery; readonly isFinal: boolean };
  frame(reply: string): string;
}

export const streamName = (stream: number): string => `S${stream}`;
export const subjectOf = (stream: number, subject: number): string => `s${stream}.${"abc"[subject] ?? "z"}`;

export interface Situation {
  readonly world: World;
  readonly nowMs: number;
  readonly deliveries: readonly Delivery[];
}

/** Undefined when there is nothing to ask about, as an acknowledgement before the first delivery. */
export function resolveRequest(request: Request, situation: Situation): ResolvedRequest | undefined {
  if (request.do === "ack") {
    return resolveAck(request, situation);
  }
  if (request.do === "publish") {
    return resolvePublish(request, situation);
  }
  const { change, subject, body } = resolveApi(request, situation);
  return { change, isAnswered: change.kind !== "other", frame: (reply) => frameOf({ subject, reply, headers: "", payload: body }) };
}

export function frameOf({ subject, reply, headers, payload }: Record<"subject" | "reply" | "headers" | "payload", string>): string {
  const length = payload.length;
  return headers === ""
    ? `PUB ${subject} ${reply} ${length}\r\n${payload}\r\n`
    : `HPUB ${subject} ${reply} ${headers.length} ${headers.length + length}\r\n${headers}${payload}\r\n`;
}

export function streamConfig(stream: number, { limit, limitedBy }: StreamLimits): string {
  return JSON.stringify({
    name: streamName(stream),
    subjects: [`s${stream}.>`],
    duplicate_window: duplicateWindowMs * 1_000_000,
    max_msgs: limitedBy !== "subject" && limit > 0 ? limit : -1,
    max_msgs_per_subject: limitedBy === "subject" && limit > 0 ? limit : -1,
    discard: limitedBy === "refusal" ? "new" : "old",
  });
}

function resolveAck(request: Request & { do: "ack" }, { deliveries, nowMs }: Situation): ResolvedRequest | undefined {
  const delivery = deliveries.at(-1 - (request.delivery % Math.max(1, deliveries.length)));
  if (delivery === undefined) {
    return undefined;
  }
  return {
    change: { kind: "other", stream: delivery.stream, nowMs },
    isAnswered: false,
    acknowledges: { delivery, isFinal: request.verb === "" || request.verb === "+TERM" },
    frame: (reply) =>
      frameOf({ subject: delivery.ackSubject, reply: request.answered ? reply : "", headers: "", payload: request.verb || "+ACK" }),
  };
}

function resolvePublish(request: Request & { do: "publish" }, { world, nowMs }: Situation): ResolvedRequest {
  const stream = streamName(request.stream);
  const subject = subjectOf(request.stream, request.subject);
  const expected = expectationOf(request, world);
  const id = request.id === undefined ? undefined : `id-${request.id}`;
  const lines = [
    ...(id === undefined ? [] : [`Nats-Msg-Id: ${id}`]),
    ...(expected.lastSequence === undefined ? [] : [`Nats-Expected-Last-Sequence: ${expected.lastSequence}`]),
    ...(expected.lastSubjectSequence === undefined ? [] : [`Nats-Expected-Last-Subject-Sequence: ${expected.lastSubjectSequence}`]),
    ...(expected.lastId === undefined ? [] : [`Nats-Expected-Last-Msg-Id: ${expected.lastId}`]),
  ];
  const headers = lines.length === 0 ? "" : `NATS/1.0\r\n${lines.join("\r\n")}\r\n\r\n`;
  const payload = `content ${request.content} `.padEnd(request.bytes, "abcdefghij");
  const message: ModelMessage = { subject, payload, headers, timeMs: nowMs };
  const change: Change = { kind: "publish", stream, nowMs, message, ...(id === undefined ? {} : { id }), ...expected };
  const isAnswered = request.silent !== true;
  return { change, isAnswered, frame: (reply) => frameOf({ subject, reply: isAnswered ? reply : "", headers, payload }) };
}

/** What the publish expects is taken from the world as it is now: right, but for `wrong-sequence`. */
function expectationOf(
  request: Request & { do: "publish" },
  world: World,
): { lastSequence?: number; lastSubjectSequence?: number; lastId?: string } {
  const stream = world.get(streamName(request.stream));
  switch (request.expects) {
    case "sequence":
      return { lastSequence: stream?.last ?? 0 };
    case "wrong-sequence":
      return { lastSequence: (stream?.last ?? 0) + 7 };
    case "subject-sequence":
      return { lastSubjectSequence: stream?.lastOn(subjectOf(request.stream, request.subject)) ?? 0 };
    case "message-id":
      return stream === undefined || stream.lastId === "" ? {} : { lastId: stream.lastId };
    default:
      return {};
  }
}

interface ApiCall {
  readonly change: Change;
  readonly subject: string;
  readonly body: string;
}

function resolveApi(request: Exclude<Request, { do: "ack" | "publish" }>, { world, nowMs }: Situation): ApiCall {
  const stream = streamName(request.stream);
  const model = world.get(stream);
  const base = { stream, nowMs };
  const api = (verb: string): string => `$JS.API.${verb}.${stream}`;
  switch (request.do) {
    case "create-stream": {
      const limits = normalLimits(request);
      return { change: { ...base, kind: request.do, limits }, subject: api("STREAM.CREATE"), body: streamConfig(request.stream, limits) };
    }
    case "update-stream": {
      const limits: StreamLimits = { limit: request.limit, limitedBy: model?.limits.limitedBy ?? "count" };
      return { change: { ...base, kind: request.do, limits }, subject: api("STREAM.UPDATE"), body: streamConfig(request.stream, limits) };
    }
    case "delete-stream":
      return { change: { ...base, kind: request.do }, subject: api("STREAM.DELETE"), body: "" };
    case "delete-message": {
      const sequence = 1 + Math.floor((request.at * (model?.last ?? 0)) / 1000);
      const body = JSON.stringify({ seq: sequence, no_erase: !request.erase });
      return { change: { ...base, kind: request.do, sequence }, subject: api("STREAM.MSG.DELETE"), body };
    }
    case "purge":
      return resolvePurge(request, base, { last: model?.last ?? 0, subject: api("STREAM.PURGE") });
    case "get": {
      const sequence = 1 + Math.floor((request.at * (model?.last ?? 0)) / 1000);
      return { change: { ...base, kind: request.do, sequence }, subject: api("STREAM.MSG.GET"), body: JSON.stringify({ seq: sequence }) };
    }
    case "create-consumer": {
      const consumer = `C${request.consumer}`;
      const filter = request.subject === undefined ? "" : subjectOf(request.stream, request.subject);
      const config = { durable_name: consumer, ack_policy: "explicit", ack_wait: 2_000_000_000, filter_subject: filter };
      const body = JSON.stringify({ stream_name: stream, action: "create", config });
      return { change: { ...base, kind: request.do, consumer, filter }, subject: `${api("CONSUMER.DURABLE.CREATE")}.${consumer}`, body };
    }
    case "delete-consumer": {
      const consumer = `C${request.consumer}`;
      return { change: { ...base, kind: request.do, consumer }, subject: `${api("CONSUMER.DELETE")}.${consumer}`, body: "" };
    }
    default: {
      const waits = request.waitMs === 0 ? { no_wait: true } : { expires: request.waitMs * 1_000_000 };
      const body = JSON.stringify({ batch: request.batch, ...waits });
      return { change: { ...base, kind: "other" }, subject: `${api("CONSUMER.MSG.NEXT")}.C${request.consumer}`, body };
    }
  }
}

function resolvePurge(
  request: Request & { do: "purge" },
  base: { stream: string; nowMs: number },
  { last, subject }: { last: number; subject: string },
): ApiCall {
  const below = 1 + Math.floor((request.at * last) / 1000);
  const filter = subjectOf(request.stream, request.at % 3);
  const keep = 1 + (request.at % 5);
  const change = { ...base, kind: "purge" } as const;
  switch (request.how) {
    case "all":
      return { change, subject, body: "" };
    case "keep":
      return { change: { ...change, keep }, subject, body: JSON.stringify({ keep }) };
    case "below":
      return { change: { ...change, below }, subject, body: JSON.stringify({ seq: below }) };
    default:
      return { change: { ...change, filter }, subject, body: JSON.stringify({ filter }) };
  }
}
