/**
 * Writes a history while a run goes on: hands out operation ids, stamps every event from one monotonic clock, and passes each as one NDJSON
 * line to a sink. Asking for something impossible (ending an operation twice) is the caller's bug and throws.
 */
import { EventOrder } from "./event-order.ts";
import type {
  CompletionEvent,
  ConsumerReadEvent,
  DeliveryEvent,
  FaultEvidence,
  HistoryEvent,
  Operation,
  ReadEndEvent,
  ReadEvent,
  RunEvent,
} from "./events.ts";
import { History } from "./history.ts";
import { HistoryError } from "./history-error.ts";

/** Takes whole lines, newline included. A stream, a file (`HistoryFile`) or an array's `push` will do. */
export interface HistorySink {
  write(line: string): unknown;
}

export interface HistoryWriterOptions {
  readonly sink?: HistorySink;
  /** Milliseconds on a clock that never goes back; only differences count. */
  readonly now?: () => number;
}

/** An event as the caller gives it: the writer adds `at`. */
type Unstamped<Event extends HistoryEvent> = Event extends HistoryEvent ? Omit<Event, "at"> : never;
type ErrorOf = NonNullable<CompletionEvent["error"]>;

export class HistoryWriter {
  readonly #sink: HistorySink | undefined;
  readonly #now: () => number;
  readonly #startedAt: number;
  readonly #order = new EventOrder();
  readonly #events: HistoryEvent[] = [];
  #at = 0;
  #nextId = 1;

  constructor(options: HistoryWriterOptions = {}) {
    this.#sink = options.sink;
    this.#now = options.now ?? (() => performance.now());
    this.#startedAt = this.#now();
  }

  run(about: Omit<RunEvent, "type" | "at" | "schema">): void {
    this.append({ type: "run", schema: 1, ...about });
  }

  /** Records that `process` asks for `op`, before the first byte is sent. Returns the operation's id. */
  invoke(process: number, op: Operation): number {
    const id = this.#nextId;
    this.#nextId += 1;
    this.append({ type: "invoke", id, process, op });
    return id;
  }

  /** The server said yes. A publish gives the acknowledged sequence, a get what it found. */
  ok(id: number, reply: Omit<CompletionEvent, "type" | "at" | "id" | "error"> = {}): void {
    this.append({ type: "ok", id, ...reply });
  }

  /** The server said no: it did not happen. */
  fail(id: number, error: ErrorOf): void {
    this.append({ type: "fail", id, error });
  }

  /** No answer: it may or may not have happened. `reason` is `timeout`, `disconnected`, `no-responders`. */
  info(id: number, reason: string): void {
    this.append({ type: "info", id, error: { description: reason } });
  }

  /** Ends every operation that is still open as unknown, as after a cut of all connections. Returns how many there were. */
  abandonOpen(reason: string): number {
    const open = this.#order.open();
    for (const id of open) {
      this.info(id, reason);
    }
    return open.length;
  }

  fault(fault: string, evidence: FaultEvidence): void {
    this.append({ type: "fault", fault, evidence });
  }

  epoch(epoch: number, readyAfterMs: number): void {
    this.append({ type: "epoch", epoch, readyAfterMs });
  }

  read(message: Omit<ReadEvent, "type" | "at">): void {
    this.append({ type: "read", ...message });
  }

  readEnd(end: Omit<ReadEndEvent, "type" | "at">): void {
    this.append({ type: "read-end", ...end });
  }

  delivery(delivery: Omit<DeliveryEvent, "type" | "at">): void {
    this.append({ type: "delivery", ...delivery });
  }

  consumerRead(read: Omit<ConsumerReadEvent, "type" | "at">): void {
    this.append({ type: "consumer-read", ...read });
  }

  note(text: string): void {
    this.append({ type: "note", text });
  }

  append(event: Unstamped<HistoryEvent>): void {
    const stamped: HistoryEvent = { ...event, at: this.#stamp() };
    const reason = this.#order.refuse(stamped);
    if (reason !== undefined) {
      throw new HistoryError(`event ${this.#events.length + 1}: ${reason}`);
    }
    this.#events.push(stamped);
    this.#sink?.write(`${JSON.stringify(stamped)}\n`);
  }

  /** The model over what was written so far; later events are not part of it. */
  history(): History {
    return History.of(this.#events.slice());
  }

  /** Microsecond steps keep the lines short and order what happened within one millisecond. */
  #stamp(): number {
    const elapsed = Math.round((this.#now() - this.#startedAt) * 1000) / 1000;
    this.#at = Math.max(this.#at, elapsed);
    return this.#at;
  }
}
