/**
 * What may rightly have removed an acknowledged message: deletes, purges, rollups and limits of the run, acknowledged or unanswered. A removal that was
 * over before the publish began explains nothing.
 *
 * The answer has three values. `unknown` is given where a limit applies whose arithmetic the history does not hold (`maxBytes` without the
 * sizes of the messages): such a missing message is neither a loss nor explained.
 */
import type { StreamLimits } from "./events.ts";
import type { History } from "./history.ts";
import { type AcknowledgedPublish, mayHaveHappened, type OperationOf, type OperationRecord, precedes } from "./operation-record.ts";
import { PublishOrder } from "./publish-order.ts";
import { Settlements } from "./settlements.ts";
import { subjectMatches } from "./subject-filter.ts";

export type Explanation = "no" | "unknown" | { readonly by: string };

export class Removals {
  readonly #history: History;
  readonly #deletes: ReadonlyMap<string, readonly OperationRecord[]>;
  readonly #purges: ReadonlyMap<string, readonly OperationRecord<OperationOf<"purge">>[]>;
  readonly #settlements: Settlements;
  readonly #limits = new Map<string, readonly StreamLimits[]>();
  /** By stream and subject; by stream and no subject what replaces the whole stream. */
  readonly #rollups: ReadonlyMap<string, readonly OperationRecord<OperationOf<"publish">>[]>;
  readonly #orders = new Map<string, PublishOrder>();

  constructor(history: History) {
    this.#history = history;
    this.#deletes = Map.groupBy(history.of("delete-message").filter(mayHaveHappened), (each) => keyOf(each.op.stream, each.op.seq));
    this.#purges = Map.groupBy(history.of("purge").filter(mayHaveHappened), (each) => each.op.stream);
    this.#settlements = new Settlements(history);
    const rollups = history
      .of("publish")
      .filter((each) => each.op.rollup !== undefined && each.duplicate !== true && mayHaveHappened(each));
    this.#rollups = Map.groupBy(rollups, (each) => keyOf(each.op.stream, each.op.rollup === "all" ? "" : each.op.subject));
  }

  explain(ack: AcknowledgedPublish): Explanation {
    const byRequest = this.#byDelete(ack) ?? this.#byStreamDelete(ack) ?? this.#byPurge(ack) ?? this.#byRollup(ack);
    if (byRequest !== undefined) {
      return { by: byRequest };
    }
    return this.#byLimits(ack);
  }

  #byDelete(ack: AcknowledgedPublish): string | undefined {
    const found = this.#deletes.get(keyOf(ack.op.stream, ack.seq))?.find((each) => !precedes(each, ack));
    return found === undefined ? undefined : `delete of message ${ack.seq}`;
  }

  #byStreamDelete(ack: AcknowledgedPublish): string | undefined {
    return streamDeleteAfter(this.#history, ack) ? `delete of stream ${ack.op.stream}` : undefined;
  }

  #byPurge(ack: AcknowledgedPublish): string | undefined {
    const found = this.#purges.get(ack.op.stream)?.find((purge) => !precedes(purge, ack) && this.#covers(purge, ack));
    return found === undefined ? undefined : `purge of stream ${ack.op.stream}`;
  }

  #covers(purge: OperationRecord<OperationOf<"purge">>, ack: AcknowledgedPublish): boolean {
    const { stream, filter, below, keep } = purge.op;
    if (stream !== ack.op.stream || (filter !== undefined && !subjectMatches(filter, ack.op.subject))) {
      return false;
    }
    if (below !== undefined) {
      return BigInt(ack.seq) < BigInt(below);
    }
    return keep === undefined || this.#order(stream, filter).countBehind(ack) >= keep;
  }

  #byRollup(ack: AcknowledgedPublish): string | undefined {
    const { stream, subject } = ack.op;
    const rollups = [...(this.#rollups.get(keyOf(stream, subject)) ?? []), ...(this.#rollups.get(keyOf(stream, "")) ?? [])];
    const isLater = ({ seq }: OperationRecord): boolean => seq === undefined || BigInt(seq) > BigInt(ack.seq);
    const found = rollups.find((each) => each.id !== ack.id && !precedes(each, ack) && isLater(each));
    return found === undefined ? undefined : `rollup of ${subject}`;
  }

  #byLimits(ack: AcknowledgedPublish): Explanation {
    if (ack.op.ttlMs !== undefined && this.#ageMs(ack) >= ack.op.ttlMs) {
      return { by: `message TTL ${ack.op.ttlMs} ms` };
    }
    let unknown = false;
    for (const limits of this.#limitsOf(ack.op.stream)) {
      const answer = this.#byLimit(limits, ack);
      if (typeof answer === "object") {
        return answer;
      }
      unknown ||= answer === "unknown";
    }
    return unknown ? "unknown" : "no";
  }

  #byLimit(limits: StreamLimits, ack: AcknowledgedPublish): Explanation {
    if (limits.maxAgeMs !== undefined && this.#ageMs(ack) >= limits.maxAgeMs) {
      return { by: `max_age ${limits.maxAgeMs} ms` };
    }
    const { retention = "limits" } = limits;
    if (retention !== "limits" && this.#settlements.mayHaveRemoved(ack, retention)) {
      return { by: `${retention} retention` };
    }
    return limits.discard === "new" ? this.#byLimitPerSubject(limits, ack) : this.#byCount(limits, ack);
  }

  /** `discard: new` still removes the oldest of a subject. */
  #byLimitPerSubject(limits: StreamLimits, ack: AcknowledgedPublish): Explanation {
    const most = limits.maxMessagesPerSubject;
    if (most === undefined || this.#order(ack.op.stream, ack.op.subject).countBehind(ack) < most) {
      return "no";
    }
    return { by: `max_msgs_per_subject ${most}` };
  }

  #byCount(limits: StreamLimits, ack: AcknowledgedPublish): Explanation {
    const perSubject = this.#byLimitPerSubject(limits, ack);
    if (perSubject !== "no") {
      return perSubject;
    }
    const order = this.#order(ack.op.stream);
    if (limits.maxMessages !== undefined && order.countBehind(ack) >= limits.maxMessages) {
      return { by: `max_msgs ${limits.maxMessages}` };
    }
    if (limits.maxBytes === undefined) {
      return "no";
    }
    const bytes = order.bytesFrom(ack);
    if (bytes === undefined) {
      return "unknown";
    }
    return bytes > limits.maxBytes ? { by: `max_bytes ${limits.maxBytes}` } : "no";
  }

  #limitsOf(stream: string): readonly StreamLimits[] {
    const limits = this.#limits.get(stream) ?? limitsOf(this.#history, stream);
    this.#limits.set(stream, limits);
    return limits;
  }

  #order(stream: string, filter?: string): PublishOrder {
    const key = JSON.stringify([stream, filter]);
    const known = this.#orders.get(key);
    if (known !== undefined) {
      return known;
    }
    const matches = (subject: string): boolean => filter === undefined || subjectMatches(filter, subject);
    const order = new PublishOrder(this.#history.of("publish").filter((each) => each.op.stream === stream && matches(each.op.subject)));
    this.#orders.set(key, order);
    return order;
  }

  #ageMs(ack: AcknowledgedPublish): number {
    const readAt = this.#history.lastReadBack(ack.op.stream)?.end?.at ?? this.#history.events.at(-1)?.at ?? ack.invokedAt;
    return readAt - ack.invokedAt;
  }
}

/** A delete of the message's stream that may have come after the operation, so that a later stream of the name is another one. */
export function streamDeleteAfter(history: History, record: OperationRecord): boolean {
  return history
    .of("delete-stream")
    .some((each) => each.op.stream === record.op.stream && mayHaveHappened(each) && !precedes(each, record));
}

/** Every set of limits the stream may have had. */
export function limitsOf(history: History, stream: string): StreamLimits[] {
  return [...history.of("create-stream"), ...history.of("update-stream")]
    .filter((each) => each.op.stream === stream && mayHaveHappened(each))
    .map((each) => each.op.limits)
    .filter((limits) => limits !== undefined);
}

function keyOf(stream: string, seq: string): string {
  return JSON.stringify([stream, seq]);
}
