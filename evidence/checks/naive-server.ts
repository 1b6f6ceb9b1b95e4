/**
 * A server that cannot be simpler and never loses anything, driven to write a history: the oracle of the checks' properties. Every check passes on what
 * it writes; a test then spoils the history in one known way, and the check must say so. Time is a counter.
 */
import type { HistoryEvent, StreamLimits } from "../history/events.ts";
import { History } from "../history/history.ts";
import { HistoryWriter } from "../history/history-writer.ts";

export interface NaivePublish {
  readonly process?: number;
  readonly subject?: string;
  readonly msgId?: string;
  readonly digest?: string;
  readonly bytes?: number;
  /** Names the last sequence, of the stream or of the subject, as it is. */
  readonly expect?: "stream" | "subject";
  /** How it ends for the client; an unanswered publish is stored or not. */
  readonly answer?: "ok" | "fail" | "stored-unanswered" | "dropped-unanswered";
}

interface Stored {
  readonly seq: number;
  readonly subject: string;
  readonly digest: string;
}

export class NaiveServer {
  readonly writer: HistoryWriter;
  readonly stream: string;
  #messages: Stored[] = [];
  #lastSeq = 0;
  readonly #ids = new Map<string, Stored>();
  readonly #confirmed = new Map<string, Set<string>>();
  #epoch = 0;
  #bodies = 0;

  constructor(options: { stream?: string; limits?: StreamLimits } = {}) {
    let clock = 0;
    this.stream = options.stream ?? "S";
    this.writer = new HistoryWriter({ now: () => (clock += 1) });
    this.writer.run({ workload: "naive", target: "naive server", seed: 1, settings: {} });
    const { limits } = options;
    this.writer.ok(this.writer.invoke(0, { kind: "create-stream", stream: this.stream, ...(limits === undefined ? {} : { limits }) }));
  }

  get sequences(): readonly string[] {
    return this.#messages.map((message) => String(message.seq));
  }

  publish(publish: NaivePublish = {}): void {
    const { process = 1, subject = "s.a", answer = "ok", msgId, bytes } = publish;
    this.#bodies += 1;
    const digest = publish.digest ?? `digest-${this.#bodies}`;
    const { stream } = this;
    const optional = {
      ...(msgId === undefined ? {} : { msgId }),
      ...(bytes === undefined ? {} : { bytes }),
      ...this.#expectation(publish.expect, subject),
    };
    const id = this.writer.invoke(process, { kind: "publish", stream, subject, digest, ...optional });
    if (answer === "fail") {
      this.writer.fail(id, { code: 503, description: "refused" });
      return;
    }
    if (answer === "dropped-unanswered") {
      this.writer.info(id, "timeout");
      return;
    }
    const known = msgId === undefined ? undefined : this.#ids.get(msgId);
    const stored = known ?? this.#store({ subject, digest, msgId });
    if (answer === "stored-unanswered") {
      this.writer.info(id, "timeout");
      return;
    }
    this.writer.ok(id, { seq: String(stored.seq), ...(known === undefined ? {} : { duplicate: true }) });
  }

  deleteMessage(seq: string): void {
    this.writer.ok(this.writer.invoke(0, { kind: "delete-message", stream: this.stream, seq }));
    this.#messages = this.#messages.filter((message) => String(message.seq) !== seq);
  }

  purge(below?: string): void {
    this.writer.ok(this.writer.invoke(0, { kind: "purge", stream: this.stream, ...(below === undefined ? {} : { below }) }));
    this.#messages = below === undefined ? [] : this.#messages.filter((message) => BigInt(message.seq) >= BigInt(below));
  }

  recreate(): void {
    this.writer.ok(this.writer.invoke(0, { kind: "delete-stream", stream: this.stream }));
    this.writer.ok(this.writer.invoke(0, { kind: "create-stream", stream: this.stream }));
    this.#messages = [];
    this.#ids.clear();
    this.#confirmed.clear();
    this.#lastSeq = 0;
  }

  confirm(consumer: string, seq: string): void {
    const known = this.#confirmed.get(consumer);
    if (known === undefined) {
      this.writer.ok(this.writer.invoke(0, { kind: "create-consumer", stream: this.stream, consumer }));
    }
    this.#confirmed.set(consumer, (known ?? new Set()).add(seq));
    this.writer.ok(this.writer.invoke(2, { kind: "ack", stream: this.stream, consumer, seq, confirmed: true }));
  }

  crash(): void {
    this.writer.fault("kill9", { happened: true, summary: "pid 10 gone, 11 answers", details: { pid: 10 } });
    this.#epoch += 1;
    this.writer.epoch(this.#epoch, 3);
  }

  /** Reads every message back, as before a fault. */
  observe(): void {
    const { stream } = this;
    for (const { seq, subject, digest } of this.#messages) {
      this.writer.read({ stream, seq: String(seq), subject, digest });
    }
    const firstSeq = String(this.#messages[0]?.seq ?? this.#lastSeq + 1);
    this.writer.readEnd({ stream, complete: true, firstSeq, lastSeq: String(this.#lastSeq), messages: this.#messages.length });
  }

  /** Reads everything back, consumers too, and gives the finished history. */
  finish(): History {
    const { stream } = this;
    this.observe();
    for (const [consumer, confirmed] of this.#confirmed) {
      let floor = 0;
      while (confirmed.has(String(floor + 1))) {
        floor += 1;
      }
      this.writer.consumerRead({ stream, consumer, ackFloorSeq: String(floor), redelivered: [] });
    }
    return this.writer.history();
  }

  #expectation(expect: NaivePublish["expect"], subject: string): { expectLastSeq?: string; expectLastSubjectSeq?: string } {
    if (expect === undefined) {
      return {};
    }
    const last = this.#messages.findLast((message) => message.subject === subject)?.seq ?? 0;
    return expect === "stream" ? { expectLastSeq: String(this.#lastSeq) } : { expectLastSubjectSeq: String(last) };
  }

  #store(message: { subject: string; digest: string; msgId: string | undefined }): Stored {
    this.#lastSeq += 1;
    const stored = { seq: this.#lastSeq, subject: message.subject, digest: message.digest };
    this.#messages.push(stored);
    if (message.msgId !== undefined) {
      this.#ids.set(message.msgId, stored);
    }
    return stored;
  }
}

/** The same history with each event changed or left out. */
export function spoil(history: History, change: (event: HistoryEvent) => HistoryEvent | undefined): History {
  return History.of(history.events.map(change).filter((event) => event !== undefined));
}
