/**
 * What a server that never fails would hold: streams as maps of messages, nothing clever. A change is applied twice, once to the world as
 * asked for and once, when somebody saw it, to the world that must survive; what lies between may or may not be there after a crash.
 */

export const duplicateWindowMs = 20_000;

export interface StreamLimits {
  /** 0 is none. */
  readonly limit: number;
  readonly limitedBy: "count" | "subject" | "refusal";
}

/** A configuration does not say what would be limited if anything were. */
export function normalLimits({ limit, limitedBy }: StreamLimits): StreamLimits {
  return { limit, limitedBy: limit === 0 && limitedBy === "subject" ? "count" : limitedBy };
}

export interface ModelMessage {
  readonly subject: string;
  readonly payload: string;
  /** The header block as on the wire, "" when there is none. */
  readonly headers: string;
  readonly timeMs: number;
}

export interface ModelConsumer {
  /** Consumers with one name are told apart by when they were made. */
  readonly createdMs: number;
  readonly filter: string;
}

export class ModelStream {
  limits: StreamLimits;
  readonly createdMs: number;
  readonly messages = new Map<number, ModelMessage>();
  readonly ids = new Map<string, { readonly sequence: number; readonly timeMs: number }>();
  readonly consumers = new Map<string, ModelConsumer>();
  last = 0;
  lastId = "";

  constructor(limits: StreamLimits, createdMs: number) {
    this.limits = limits;
    this.createdMs = createdMs;
  }

  copy(): ModelStream {
    const copy = new ModelStream(this.limits, this.createdMs);
    copy.last = this.last;
    copy.lastId = this.lastId;
    this.messages.forEach((message, sequence) => copy.messages.set(sequence, message));
    this.ids.forEach((known, id) => copy.ids.set(id, known));
    this.consumers.forEach((consumer, name) => copy.consumers.set(name, consumer));
    return copy;
  }

  sequencesOn(subject: string): number[] {
    return [...this.messages].filter(([, message]) => message.subject === subject).map(([sequence]) => sequence);
  }

  lastOn(subject: string): number {
    return this.sequencesOn(subject).at(-1) ?? 0;
  }

  enforce(): void {
    const { limit, limitedBy } = this.limits;
    // A stream that refuses new messages never takes old ones away.
    if (limit === 0 || limitedBy === "refusal") {
      return;
    }
    if (limitedBy === "count") {
      this.drop([...this.messages.keys()].slice(0, Math.max(0, this.messages.size - limit)));
      return;
    }
    for (const subject of new Set([...this.messages.values()].map((message) => message.subject))) {
      const all = this.sequencesOn(subject);
      this.drop(all.slice(0, Math.max(0, all.length - limit)));
    }
  }

  drop(sequences: readonly number[]): void {
    for (const sequence of sequences) {
      this.messages.delete(sequence);
    }
  }
}

export type World = Map<string, ModelStream>;

/** After a restart the id of the last message is known only as long as ids are: that is what the official server does, too. */
export function restartWorld(world: World, nowMs: number): void {
  for (const stream of world.values()) {
    const known = stream.ids.get(stream.lastId);
    const isKnown = known?.sequence === stream.last && stream.messages.has(stream.last) && nowMs - known.timeMs < duplicateWindowMs;
    stream.lastId = isKnown ? stream.lastId : "";
  }
}

export function copyWorld(world: World): World {
  return new Map([...world].map(([name, stream]) => [name, stream.copy()]));
}

/** A request with everything resolved, as it stands on the wire. */
export type Change = { readonly stream: string; readonly nowMs: number } & (
  | { readonly kind: "create-stream"; readonly limits: StreamLimits }
  | { readonly kind: "update-stream"; readonly limits: StreamLimits }
  | { readonly kind: "delete-stream" }
  | {
      readonly kind: "publish";
      readonly message: ModelMessage;
      readonly id?: string;
      readonly lastSequence?: number;
      readonly lastSubjectSequence?: number;
      readonly lastId?: string;
    }
  | { readonly kind: "delete-message"; readonly sequence: number }
  | { readonly kind: "purge"; readonly filter?: string; readonly below?: number; readonly keep?: number }
  | { readonly kind: "get"; readonly sequence: number }
  | { readonly kind: "create-consumer"; readonly consumer: string; readonly filter: string }
  | { readonly kind: "delete-consumer"; readonly consumer: string }
  | { readonly kind: "other" }
);

/** What the server must answer; "any" where that is the consumer's business. */
export type Answer = string;

export const errorOf = {
  streamNotFound: "error 10059",
  streamExists: "error 10058",
  consumerNotFound: "error 10014",
  consumerExists: "error 10148",
  noMessage: "error 10037",
  wrongSequence: "error 10071",
  wrongId: "error 10070",
  storeFailed: "error 10077",
} as const;

export function applyChange(world: World, change: Change): Answer {
  const stream = world.get(change.stream);
  if (change.kind === "create-stream") {
    return createStream(world, stream, change);
  }
  if (change.kind === "other") {
    return "any";
  }
  if (stream === undefined) {
    return change.kind === "publish" ? "status 503" : errorOf.streamNotFound;
  }
  switch (change.kind) {
    case "update-stream":
      stream.limits = normalLimits({ ...stream.limits, limit: change.limits.limit });
      stream.enforce();
      return "ok";
    case "delete-stream":
      world.delete(change.stream);
      return "ok";
    case "publish":
      return publish(stream, change);
    case "delete-message":
      return stream.messages.delete(change.sequence) ? "ok" : "missing";
    case "purge":
      return purge(stream, change);
    case "get":
      return describeMessage(change.sequence, stream.messages.get(change.sequence));
    case "create-consumer":
      return createConsumer(stream, change);
    default:
      return stream.consumers.delete(change.consumer) ? "ok" : errorOf.consumerNotFound;
  }
}

export function describeMessage(sequence: number, message: ModelMessage | undefined): string {
  return message === undefined
    ? errorOf.noMessage
    : `${sequence} ${message.subject} at ${message.timeMs} ${JSON.stringify(message.headers)} ${message.payload}`;
}

function createStream(world: World, existing: ModelStream | undefined, change: Change & { kind: "create-stream" }): Answer {
  if (existing !== undefined) {
    const { limit, limitedBy } = existing.limits;
    const isSame = limit === change.limits.limit && limitedBy === change.limits.limitedBy;
    return isSame ? "ok" : errorOf.streamExists;
  }
  world.set(change.stream, new ModelStream(change.limits, change.nowMs));
  return "ok";
}

function createConsumer(stream: ModelStream, change: Change & { kind: "create-consumer" }): Answer {
  const existing = stream.consumers.get(change.consumer);
  if (existing !== undefined) {
    return existing.filter === change.filter ? "ok" : errorOf.consumerExists;
  }
  stream.consumers.set(change.consumer, { createdMs: change.nowMs, filter: change.filter });
  return "ok";
}

function publish(stream: ModelStream, change: Change & { kind: "publish" }): Answer {
  const { message, id, nowMs } = change;
  if (change.lastSubjectSequence !== undefined && change.lastSubjectSequence !== stream.lastOn(message.subject)) {
    return errorOf.wrongSequence;
  }
  if (change.lastSequence !== undefined && change.lastSequence !== stream.last) {
    return errorOf.wrongSequence;
  }
  const known = id === undefined ? undefined : stream.ids.get(id);
  if (known !== undefined && nowMs - known.timeMs < duplicateWindowMs) {
    return `duplicate of ${known.sequence}`;
  }
  if (change.lastId !== undefined && change.lastId !== stream.lastId) {
    return errorOf.wrongId;
  }
  if (stream.limits.limitedBy === "refusal" && stream.limits.limit > 0 && stream.messages.size >= stream.limits.limit) {
    return errorOf.storeFailed;
  }
  stream.last += 1;
  stream.messages.set(stream.last, message);
  stream.lastId = id ?? "";
  if (id !== undefined) {
    stream.ids.set(id, { sequence: stream.last, timeMs: nowMs });
  }
  const sequence = stream.last;
  stream.enforce();
  return `stored as ${sequence}`;
}

function purge(stream: ModelStream, { filter, below, keep }: Change & { kind: "purge" }): Answer {
  let matching = [...stream.messages.keys()].filter(
    (sequence) => filter === undefined || stream.messages.get(sequence)?.subject === filter,
  );
  if (below !== undefined) {
    matching = matching.filter((sequence) => sequence < below);
  }
  if (keep !== undefined) {
    matching = matching.slice(0, Math.max(0, matching.length - keep));
  }
  stream.drop(matching);
  return `purged ${matching.length}`;
}

/** Everything readable, as text: two worlds that read alike are alike. */
export function describeWorld(world: World): string[] {
  return [...world.keys()].sort().flatMap((name) => {
    const stream = world.get(name);
    if (stream === undefined) {
      return [];
    }
    const first = Math.min(...stream.messages.keys());
    const range = stream.messages.size === 0 ? "empty" : `from ${first}`;
    const { limit, limitedBy } = stream.limits;
    return [
      `stream ${name} of ${stream.createdMs} limit ${limit} ${limitedBy}: ${stream.messages.size} messages ${range}, last ${stream.last}`,
      ...[...stream.consumers.keys()].sort().map((consumer) => {
        const { createdMs, filter } = stream.consumers.get(consumer) ?? { createdMs: 0, filter: "" };
        return `consumer ${name}/${consumer} of ${createdMs} on ${filter}`;
      }),
      ...[...stream.messages].map(([sequence, message]) => `message ${name} ${describeMessage(sequence, message)}`),
    ];
  });
}
