/**
 * Whether acknowledgements may have removed a message from a stream that keeps messages only until they are acknowledged. A work queue needs one, an
 * interest stream one of each consumer that wants the message and was certainly there when it was published.
 */
import type { StreamLimits } from "./events.ts";
import type { History } from "./history.ts";
import { type AcknowledgedPublish, mayHaveHappened, type OperationOf, type OperationRecord, precedes } from "./operation-record.ts";
import { compareSequences } from "./sequence-order.ts";
import { subjectMatches } from "./subject-filter.ts";

type Creation = OperationRecord<OperationOf<"create-consumer">>;

export class Settlements {
  /** Consumers that may have settled a message, by stream and sequence. */
  readonly #consumers = new Map<string, Set<string>>();
  /** Of consumers whose acknowledgement covers everything below it: the highest one, by stream and consumer. */
  readonly #upTo = new Map<string, string>();
  readonly #created: readonly Creation[];
  readonly #deleted: ReadonlySet<string>;

  constructor(history: History) {
    this.#created = history.of("create-consumer").filter(mayHaveHappened);
    this.#deleted = new Set(
      history
        .of("delete-consumer")
        .filter(mayHaveHappened)
        .map(({ op }) => keyOf(op.stream, op.consumer)),
    );
    const covering = new Set(
      this.#created.filter(({ op }) => op.settings?.ackPolicy === "all").map(({ op }) => keyOf(op.stream, op.consumer)),
    );
    for (const { op } of [...history.of("ack"), ...history.of("term")].filter(mayHaveHappened)) {
      const key = keyOf(op.stream, op.seq);
      this.#consumers.set(key, (this.#consumers.get(key) ?? new Set()).add(op.consumer));
      const consumer = keyOf(op.stream, op.consumer);
      const highest = this.#upTo.get(consumer) ?? "0";
      if (covering.has(consumer) && compareSequences(op.seq, highest) > 0) {
        this.#upTo.set(consumer, op.seq);
      }
    }
  }

  mayHaveRemoved(ack: AcknowledgedPublish, retention: NonNullable<StreamLimits["retention"]>): boolean {
    const { stream } = ack.op;
    const ofStream = this.#created.filter(({ op }) => op.stream === stream);
    const isSettledBy = (consumer: string): boolean =>
      this.#consumers.get(keyOf(stream, ack.seq))?.has(consumer) === true ||
      compareSequences(ack.seq, this.#upTo.get(keyOf(stream, consumer)) ?? "0") <= 0;
    if (retention === "interest") {
      return ofStream.filter((creation) => this.#owes(creation, ack)).every(({ op }) => isSettledBy(op.consumer));
    }
    return this.#consumers.has(keyOf(stream, ack.seq)) || ofStream.some(({ op }) => isSettledBy(op.consumer));
  }

  /** For sure: it was there before, wants the subject, and nobody deleted it. */
  #owes(creation: Creation, ack: AcknowledgedPublish): boolean {
    const { stream, consumer, settings } = creation.op;
    const isThere = creation.outcome === "ok" && precedes(creation, ack) && !this.#deleted.has(keyOf(stream, consumer));
    const { filters } = settings ?? {};
    const wants = filters === undefined || filters.some((filter) => subjectMatches(filter, ack.op.subject));
    return settings !== undefined && settings.ackPolicy !== "none" && isThere && wants;
  }
}

function keyOf(stream: string, name: string): string {
  return `${stream} ${name}`;
}
