/**
 * The model over the events of one run: what was acknowledged, what was read back last, what may have removed a message.
 *
 * An unanswered operation may or may not have happened; nothing here decides it. The last read-back of a stream is the one that counts, so a
 * history may hold several of them, one after each fault.
 */
import type { ConsumerReadEvent, DeliveryEvent, EpochEvent, FaultEvent, HistoryEvent, Operation, RunEvent } from "./events.ts";
import {
  type AcknowledgedPublish,
  isAcknowledgedPublish,
  type OperationOf,
  type OperationRecord,
  recordOperations,
} from "./operation-record.ts";
import { type ReadBack, readBacksOf, type StoredMessage } from "./read-back.ts";

export class History {
  readonly events: readonly HistoryEvent[];
  readonly run: RunEvent | undefined;
  /** In the order they began. */
  readonly operations: readonly OperationRecord[];
  readonly faults: readonly FaultEvent[];
  readonly epochs: readonly EpochEvent[];
  /** In the order of their arrival; `epoch` is how many lives of the server had begun. */
  readonly deliveries: readonly { readonly event: DeliveryEvent; readonly position: number; readonly epoch: number }[];
  readonly #readBacks: ReadonlyMap<string, readonly ReadBack[]>;
  readonly #acknowledged: readonly AcknowledgedPublish[];
  readonly #acknowledgedOf: ReadonlyMap<string, readonly AcknowledgedPublish[]>;
  readonly #owners: ReadonlyMap<string, readonly AcknowledgedPublish[]>;
  readonly #consumerReads: ReadonlyMap<string, ConsumerReadEvent>;
  readonly #byKind: ReadonlyMap<Operation["kind"], readonly OperationRecord[]>;

  private constructor(events: readonly HistoryEvent[]) {
    this.events = events;
    this.run = events.find((event) => event.type === "run");
    this.operations = recordOperations(events);
    this.faults = events.filter((event) => event.type === "fault");
    this.epochs = events.filter((event) => event.type === "epoch");
    this.deliveries = deliveriesOf(events);
    this.#readBacks = readBacksOf(events);
    this.#acknowledged = this.operations.filter(isAcknowledgedPublish).sort((a, b) => a.end - b.end);
    this.#acknowledgedOf = Map.groupBy(this.#acknowledged, (ack) => ack.op.stream);
    const originals = this.#acknowledged.filter((ack) => ack.duplicate !== true);
    this.#owners = Map.groupBy(originals, (ack) => placeKey(ack.op.stream, ack.seq));
    const reads = events.filter((event) => event.type === "consumer-read");
    this.#consumerReads = new Map(reads.map((event) => [placeKey(event.stream, event.consumer), event]));
    this.#byKind = Map.groupBy(this.operations, (record) => record.op.kind);
  }

  static of(events: readonly HistoryEvent[]): History {
    return new History(events);
  }

  /** Acknowledged publishes in the order of their acknowledgements, duplicates included. */
  acknowledged(stream?: string): readonly AcknowledgedPublish[] {
    return stream === undefined ? this.#acknowledged : (this.#acknowledgedOf.get(stream) ?? []);
  }

  /** Publishes that were acknowledged at this sequence as new; more than one when the sequence was given again. */
  ownersOf(stream: string, seq: string): readonly AcknowledgedPublish[] {
    return this.#owners.get(placeKey(stream, seq)) ?? [];
  }

  /** Operations of one kind, in the order they began, whatever their outcome. */
  of<Kind extends Operation["kind"]>(kind: Kind): readonly OperationRecord<OperationOf<Kind>>[] {
    const isKind = (record: OperationRecord): record is OperationRecord<OperationOf<Kind>> => record.op.kind === kind;
    return this.#byKind.get(kind)?.filter(isKind) ?? [];
  }

  /** Every stream that an operation or a read names. */
  get streams(): readonly string[] {
    return [...new Set([...this.operations.map((record) => record.op.stream), ...this.#readBacks.keys()])].sort();
  }

  /** What the last read-back of the stream found, by sequence. Empty when the stream is missing or was not read. */
  readBack(stream: string): ReadonlyMap<string, StoredMessage> {
    return this.lastReadBack(stream)?.messages ?? new Map<string, StoredMessage>();
  }

  lastReadBack(stream: string): ReadBack | undefined {
    return this.#readBacks.get(stream)?.at(-1);
  }

  readBacks(stream: string): readonly ReadBack[] {
    return this.#readBacks.get(stream) ?? [];
  }

  /** Each stream with an acknowledged change was read to its end after the last change and the last fault. */
  get readBackComplete(): boolean {
    return this.whyReadBackIncomplete() === undefined;
  }

  whyReadBackIncomplete(): string | undefined {
    const lastFault = this.events.findLastIndex((event) => event.type === "fault");
    for (const [stream, changed] of this.#lastChanges()) {
      const last = this.lastReadBack(stream);
      if (last === undefined) {
        return `stream ${stream} was not read back`;
      }
      if (!last.complete) {
        return `the final read-back of stream ${stream} did not reach the last sequence`;
      }
      if (last.position < lastFault) {
        return `stream ${stream} was not read back after the last fault`;
      }
      if (last.position < changed) {
        return `stream ${stream} was changed after it was read back`;
      }
    }
    return undefined;
  }

  /** The last word of each consumer that was read back. */
  consumerReads(): readonly ConsumerReadEvent[] {
    return [...this.#consumerReads.values()];
  }

  consumerRead(stream: string, consumer: string): ConsumerReadEvent | undefined {
    return this.#consumerReads.get(placeKey(stream, consumer));
  }

  #lastChanges(): Map<string, number> {
    const changes = new Map<string, number>();
    for (const record of this.operations) {
      if (record.outcome === "ok" && changesStream.has(record.op.kind)) {
        changes.set(record.op.stream, Math.max(changes.get(record.op.stream) ?? -1, record.end));
      }
    }
    return changes;
  }
}

function deliveriesOf(events: readonly HistoryEvent[]): History["deliveries"] {
  let epoch = 0;
  return events.flatMap((event, position) => {
    epoch += event.type === "epoch" ? 1 : 0;
    return event.type === "delivery" ? [{ event, position, epoch }] : [];
  });
}

/** What leaves a trace that a read-back of the stream, or a look for it, must show. */
const changesStream: ReadonlySet<Operation["kind"]> = new Set([
  "publish",
  "publish-batch",
  "create-stream",
  "update-stream",
  "delete-stream",
  "purge",
  "delete-message",
  "create-consumer",
  "delete-consumer",
] as const);

/** Names hold no spaces in NATS, so a space keeps the two apart. */
function placeKey(stream: string, place: string): string {
  return `${stream} ${place}`;
}
