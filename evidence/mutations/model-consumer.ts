/** A pull consumer of a model stream, with explicit acknowledgements: what it delivered, how often, and what is still owed. */
import type { ConsumerFigures, ConsumerSettings } from "../history/events.ts";
import { subjectMatches } from "../history/subject-filter.ts";
import type { ModelMessage, ModelStream } from "./model-stream.ts";

export const ackWaitMs = 600;

interface Owed {
  delivered: number;
  dueAtMs: number;
}

export interface ModelDelivery {
  readonly message: ModelMessage;
  readonly consumerSeq: number;
  readonly delivered: number;
  readonly pending: number;
}

export class ModelConsumer {
  readonly name: string;
  readonly stream: ModelStream;
  readonly settings: ConsumerSettings;
  readonly #now: () => number;
  readonly #owed = new Map<number, Owed>();
  #reached = 0;
  #consumerSeq = 0;

  constructor(name: string, stream: ModelStream, options: { filters?: readonly string[]; now: () => number }) {
    this.name = name;
    this.stream = stream;
    this.#now = options.now;
    this.settings = {
      ackPolicy: "explicit",
      ackWaitMs,
      deliver: "all",
      ...(options.filters === undefined ? {} : { filters: options.filters }),
    };
  }

  /** The oldest that is due again, else the next one. */
  next(): ModelDelivery | undefined {
    const owed = this.#stillOwed();
    const due = owed.find((message) => (this.#owed.get(message.seq)?.dueAtMs ?? 0) <= this.#now());
    const message = due ?? this.#ahead()[0];
    if (message === undefined) {
      return undefined;
    }
    const delivered = (this.#owed.get(message.seq)?.delivered ?? 0) + 1;
    this.#owed.set(message.seq, { delivered, dueAtMs: this.#now() + ackWaitMs });
    this.#reached = Math.max(this.#reached, message.seq);
    this.#consumerSeq += 1;
    return { message, consumerSeq: this.#consumerSeq, delivered, pending: this.#ahead().length };
  }

  settle(seq: number): void {
    this.#owed.delete(seq);
    if (this.stream.limits.retention === "workqueue") {
      this.stream.remove((message) => message.seq === seq);
    }
  }

  nak(seq: number): void {
    const owed = this.#owed.get(seq);
    if (owed !== undefined) {
      owed.dueAtMs = this.#now();
    }
  }

  /** Everything that would come if it were asked for long enough. */
  get left(): readonly number[] {
    return [...this.#stillOwed(), ...this.#ahead()].map((message) => message.seq);
  }

  figures(): ConsumerFigures {
    const owed = this.#stillOwed();
    const again = owed.filter((message) => (this.#owed.get(message.seq)?.delivered ?? 0) > 1);
    return {
      ackFloorSeq: String((owed[0]?.seq ?? this.#reached + 1) - 1),
      deliveredSeq: String(this.#reached),
      deliveredConsumerSeq: String(this.#consumerSeq),
      pending: this.#ahead().length,
      ackPending: owed.length,
      redeliveredPending: again.length,
    };
  }

  #stillOwed(): ModelMessage[] {
    return this.stream.messages.filter((message) => this.#owed.has(message.seq));
  }

  #ahead(): ModelMessage[] {
    const filters = this.settings.filters ?? [">"];
    return this.stream.messages.filter(
      (message) => message.seq > this.#reached && filters.some((filter) => subjectMatches(filter, message.subject)),
    );
  }
}
