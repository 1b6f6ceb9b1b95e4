/**
 * Everything a history tells about one consumer: what it was asked to be, what it delivered, what it was told about messages, what it said about
 * itself. A consumer that was deleted, or whose stream was, or that was asked for twice with different settings, is not one story: it has no
 * `settings`, and nothing that depends on them is judged.
 */
import type { ConsumerFigures, ConsumerReadEvent, ConsumerSettings, DeliveryEvent } from "./events.ts";
import type { History } from "./history.ts";
import { mayHaveHappened, type OperationOf, type OperationRecord } from "./operation-record.ts";
import { compareSequences } from "./sequence-order.ts";
import { subjectMatches } from "./subject-filter.ts";

export type Ack = OperationRecord<OperationOf<"ack">>;
export type Creation = OperationRecord<OperationOf<"create-consumer">>;

export interface PlacedDelivery {
  readonly event: DeliveryEvent;
  readonly position: number;
  /** How many lives of the server had begun. */
  readonly epoch: number;
}

/** The state of a consumer, and the stretch of the history in which it was so. */
export interface ConsumerLook {
  readonly figures: ConsumerFigures;
  readonly begin: number;
  readonly end: number;
}

export class ConsumerStory {
  readonly stream: string;
  readonly consumer: string;
  readonly settings: ConsumerSettings | undefined;
  readonly creation: Creation | undefined;
  readonly deliveries: readonly PlacedDelivery[];
  readonly acks: readonly Ack[];
  readonly naks: readonly OperationRecord<OperationOf<"nak">>[];
  readonly terms: readonly OperationRecord<OperationOf<"term">>[];
  readonly looks: readonly ConsumerLook[];
  readonly read: ConsumerReadEvent | undefined;
  readonly #settled: ReadonlySet<string>;
  readonly #confirmed: ReadonlySet<string>;
  /** With the policy `all`: what lies at or below these is settled, maybe, and for sure. */
  readonly #settledUpTo: string;
  readonly #confirmedUpTo: string;

  constructor(history: History, about: { readonly stream: string; readonly consumer: string }) {
    const isOurs = (each: OperationRecord<OperationOf<"ack" | "nak" | "term" | "create-consumer" | "delete-consumer" | "consumer-info">>) =>
      each.op.stream === about.stream && each.op.consumer === about.consumer;
    this.stream = about.stream;
    this.consumer = about.consumer;
    const creations = history.of("create-consumer").filter((each) => isOurs(each) && mayHaveHappened(each));
    const isReplaced =
      history.of("delete-consumer").some((each) => isOurs(each) && mayHaveHappened(each)) ||
      history.of("delete-stream").some((each) => each.op.stream === about.stream && mayHaveHappened(each));
    const settings = new Set(creations.map((each) => JSON.stringify(each.op.settings)));
    this.creation = creations.find((each) => each.outcome === "ok");
    this.settings = isReplaced || settings.size !== 1 ? undefined : this.creation?.op.settings;
    this.deliveries = history.deliveries.filter(({ event }) => event.stream === about.stream && event.consumer === about.consumer);
    this.acks = history.of("ack").filter((each) => isOurs(each) && mayHaveHappened(each));
    this.naks = history.of("nak").filter((each) => isOurs(each) && mayHaveHappened(each));
    this.terms = history.of("term").filter((each) => isOurs(each) && mayHaveHappened(each));
    this.read = history.consumerRead(about.stream, about.consumer);
    this.looks = [...looksOfReads(history, about), ...looksOfInfos(history.of("consumer-info").filter(isOurs))];
    const confirmed = this.acks.filter((each) => each.op.confirmed && each.outcome === "ok");
    this.#settled = new Set([...this.acks, ...this.terms].map((each) => each.op.seq));
    this.#confirmed = new Set(confirmed.map((each) => each.op.seq));
    this.#settledUpTo = this.settings?.ackPolicy === "all" ? highest(this.acks) : "0";
    this.#confirmedUpTo = this.settings?.ackPolicy === "all" ? highest(confirmed) : "0";
  }

  /** Whether the consumer delivers what has this subject. */
  wants(subject: string): boolean {
    const filters = this.settings?.filters;
    return filters === undefined || filters.some((filter) => subjectMatches(filter, subject));
  }

  /** Acknowledged or ended, or maybe so. */
  maySettle(seq: string): boolean {
    return this.#settled.has(seq) || compareSequences(seq, this.#settledUpTo) <= 0;
  }

  /** The server answered the acknowledgement. */
  isConfirmed(seq: string): boolean {
    return this.#confirmed.has(seq) || compareSequences(seq, this.#confirmedUpTo) <= 0;
  }
}

/** Every consumer that an operation, a delivery or a read names. */
export function consumerStories(history: History): ConsumerStory[] {
  const names = new Map<string, { stream: string; consumer: string }>();
  const note = ({ stream, consumer }: { stream: string; consumer: string }): void => {
    names.set(`${stream} ${consumer}`, { stream, consumer });
  };
  for (const { op } of history.operations) {
    if ("consumer" in op) {
      note(op);
    }
  }
  history.deliveries.forEach(({ event }) => note(event));
  history.consumerReads().forEach(note);
  return [...names.values()].map((about) => new ConsumerStory(history, about));
}

function highest(acks: readonly Ack[]): string {
  return acks.reduce((most, { op }) => (compareSequences(op.seq, most) > 0 ? op.seq : most), "0");
}

function looksOfReads(history: History, about: { readonly stream: string; readonly consumer: string }): ConsumerLook[] {
  return history.events.flatMap((event, position) => {
    const isOurs = event.type === "consumer-read" && event.stream === about.stream && event.consumer === about.consumer;
    return isOurs && event.missing !== true ? [{ figures: event, begin: position, end: position }] : [];
  });
}

function looksOfInfos(infos: readonly OperationRecord<OperationOf<"consumer-info">>[]): ConsumerLook[] {
  return infos.flatMap(({ state, begin, end }) => (state === undefined ? [] : [{ figures: state, begin, end }]));
}
