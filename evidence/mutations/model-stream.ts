/** A stream that cannot be simpler: an array of messages. It never loses anything and applies one publish at a time. */
import type { PublishedMessage, StreamFigures, StreamLimits } from "../history/events.ts";
import { subjectMatches } from "../history/subject-filter.ts";

export interface ModelMessage {
  readonly seq: number;
  readonly subject: string;
  readonly digest: string;
  readonly msgId: string | undefined;
  readonly atMs: number;
  readonly ttlMs: number;
}

export type Stored = { readonly seq: number; readonly duplicate: boolean };
export interface Refused {
  readonly refused: string;
}

/** The official numbers of a wrong last sequence and a wrong last id. */
export const wrongLastSequence = 10_071;

export class ModelStream {
  readonly name: string;
  readonly limits: StreamLimits;
  readonly #now: () => number;
  #messages: ModelMessage[] = [];
  readonly #ids = new Map<string, { seq: number; atMs: number }>();
  last = 0;

  constructor(name: string, limits: StreamLimits, now: () => number) {
    this.name = name;
    this.limits = limits;
    this.#now = now;
  }

  get messages(): readonly ModelMessage[] {
    this.#messages = this.#messages.filter((message) => message.atMs + message.ttlMs > this.#now());
    return this.#messages;
  }

  lastOf(filter: string): ModelMessage | undefined {
    return this.messages.findLast((message) => subjectMatches(filter, message.subject));
  }

  /** All or none. */
  publish(messages: readonly PublishedMessage[]): Stored | Refused {
    const [first] = messages;
    const known = messages.length === 1 && first?.msgId !== undefined ? this.#original(first.msgId) : undefined;
    if (known !== undefined) {
      return { seq: known, duplicate: true };
    }
    const refused = messages.map((message) => this.#refusal(message)).find((reason) => reason !== undefined);
    if (refused !== undefined) {
      return { refused };
    }
    messages.forEach((message) => this.#store(message));
    return { seq: this.last, duplicate: false };
  }

  remove(removes: (message: ModelMessage) => boolean): void {
    this.#messages = this.messages.filter((message) => !removes(message));
  }

  purge(purge: { readonly filter?: string; readonly below?: string; readonly keep?: number }): number {
    const matching = this.messages.filter((message) => subjectMatches(purge.filter ?? ">", message.subject));
    const below = Number(purge.below ?? Number.POSITIVE_INFINITY);
    const gone = new Set(matching.slice(0, matching.length - (purge.keep ?? 0)).filter((message) => message.seq < below));
    this.remove((message) => gone.has(message));
    return gone.size;
  }

  figures(): StreamFigures {
    const { messages } = this;
    const first = messages[0]?.seq ?? this.last + 1;
    const bySubject = Map.groupBy(messages, (message) => message.subject);
    return {
      firstSeq: String(first),
      lastSeq: String(this.last),
      messages: messages.length,
      deleted: this.last - first + 1 - messages.length,
      subjects: bySubject.size,
      perSubject: Object.fromEntries([...bySubject].map(([subject, each]) => [subject, each.length])),
    };
  }

  #original(msgId: string): number | undefined {
    const known = this.#ids.get(msgId);
    const windowMs = this.limits.duplicateWindowMs ?? 120_000;
    return known !== undefined && this.#now() - known.atMs < windowMs ? known.seq : undefined;
  }

  #refusal(message: PublishedMessage): string | undefined {
    const { subject, expectLastSeq, expectLastSubjectSeq, expectLastSubjectFilter = subject, expectLastMsgId } = message;
    if (expectLastSeq !== undefined && expectLastSeq !== String(this.last)) {
      return `wrong last sequence: ${this.last}`;
    }
    const lastOfSubject = this.lastOf(expectLastSubjectFilter)?.seq ?? 0;
    if (expectLastSubjectSeq !== undefined && expectLastSubjectSeq !== String(lastOfSubject)) {
      return `wrong last sequence: ${lastOfSubject}`;
    }
    const lastId = this.#messages.at(-1)?.msgId;
    return expectLastMsgId !== undefined && expectLastMsgId !== lastId ? `wrong last msg ID: ${lastId}` : undefined;
  }

  #store({ subject, digest, msgId, rollup, ttlMs = Number.POSITIVE_INFINITY }: PublishedMessage): void {
    if (rollup !== undefined) {
      this.remove((message) => rollup === "all" || message.subject === subject);
    }
    this.last += 1;
    this.#messages.push({ seq: this.last, subject, digest, msgId, atMs: this.#now(), ttlMs });
    if (msgId !== undefined) {
      this.#ids.set(msgId, { seq: this.last, atMs: this.#now() });
    }
    const ofSubject = this.messages.filter((message) => message.subject === subject);
    const [oldest] = ofSubject;
    if (oldest !== undefined && ofSubject.length > (this.limits.maxMessagesPerSubject ?? Number.POSITIVE_INFINITY)) {
      this.remove((message) => message === oldest);
    }
  }
}
