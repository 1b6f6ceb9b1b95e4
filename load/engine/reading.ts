/**
 * Pull and push in both models. Closed: stored messages are read as fast as they come, in passes. Open: a schedule publishes, the consumer
 * follows, and an operation is one message from its intended publish to its arrival, on one clock.
 */
import type { Connection } from "../../wire/connection.ts";
import { Puller } from "../drivers/puller.ts";
import { Pusher } from "../drivers/pusher.ts";
import type { Reader } from "../drivers/reader.ts";
import type { LoadProfile } from "../schema/profile.ts";
import type { Accounting } from "./accounting.ts";
import type { Flow, FlowContext } from "./flow.ts";
import { preload } from "./preload.ts";
import { OpenPublishing } from "./publishing.ts";
import type { Clocks } from "./recorder.ts";

/** Two pull requests outstanding, so that one is always open while the next is on its way. */
const openRequests = 2;

export class ClosedReading implements Flow {
  readonly #context: FlowContext;
  readonly #readers: readonly Reader[];
  #preloaded = 0;
  readonly #requests: number;

  constructor(context: FlowContext, requests: number) {
    this.#context = context;
    this.#requests = requests;
    this.#readers = context.connections.map((connection, index) => {
      return makeReader(context, { connection, index, requests, passMessages: context.preload, publishedCount: () => context.preload });
    });
    for (const reader of this.#readers) {
      reader.onDelivery = reader.answersRequests
        ? ({ requestedMs, receivedMs }) => context.recorder.completed(requestedMs, requestedMs, receivedMs)
        : ({ receivedMs }) => context.recorder.arrived(receivedMs);
    }
  }

  get failed(): Promise<never> {
    return Promise.race(this.#readers.map((reader) => reader.failed));
  }

  async prepare(): Promise<void> {
    const { connections, subject, payloadBytes, seed, run, preload: count } = this.#context;
    const [connection] = connections;
    if (connection === undefined) {
      throw new Error("reading needs a connection");
    }
    await preload({ connection, subject, payloadBytes, seed, run, count });
    this.#preloaded = count;
    for (const reader of this.#readers) {
      await reader.prepare();
    }
  }

  start(): void {
    for (const reader of this.#readers) {
      reader.start();
    }
  }

  stop(): void {
    for (const reader of this.#readers) {
      reader.stop();
    }
  }

  halt(): void {
    this.stop();
  }

  get inFlight(): number {
    return this.#requests;
  }

  get isDrained(): boolean {
    // What still arrives changes no account: holes are counted below the highest delivered sequence.
    return true;
  }

  get errorCount(): number {
    return this.#readers.reduce((sum, reader) => sum + reader.check.errorCount, 0);
  }

  async unsettled(): Promise<number> {
    const counts = await Promise.all(this.#readers.map((reader) => reader.unsettled()));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  account(accounting: Accounting): void {
    accounting.published += this.#preloaded;
    accounting.acknowledged += this.#preloaded;
    for (const reader of this.#readers) {
      accountFor(reader, accounting);
    }
  }
}

export class OpenReading implements Flow {
  readonly #publishing: OpenPublishing;
  readonly #reader: Reader;
  readonly failed: Promise<never>;

  constructor(context: FlowContext, arrival: LoadProfile["arrivals"]["open"]) {
    const [publishConnection, readConnection] = context.connections;
    if (publishConnection === undefined || readConnection === undefined) {
      throw new Error("an open model needs two connections to read what it publishes");
    }
    const { recorder } = context;
    // An operation ends at its delivery; the publish's own answer is only a sign of life.
    const publishSide: Clocks = {
      completed: () => undefined,
      arrived: () => undefined,
      sent: (intendedMs, nowMs, waited) => recorder.sent(intendedMs, nowMs, waited),
      neverSent: (intendedMs) => recorder.neverSent(intendedMs),
    };
    this.#publishing = new OpenPublishing({ ...context, connections: [publishConnection], recorder: publishSide }, arrival);
    this.#reader = makeReader(context, {
      connection: readConnection,
      index: 0,
      requests: openRequests,
      passMessages: undefined,
      publishedCount: () => this.#publishing.published,
    });
    this.#reader.onDelivery = ({ intendedMs, sentMs, receivedMs }) => recorder.completed(intendedMs, sentMs, receivedMs);
    this.failed = this.#reader.failed;
  }

  async prepare(): Promise<void> {
    await this.#reader.prepare();
  }

  start(): void {
    this.#reader.start();
    this.#publishing.start();
  }

  stop(): void {
    this.#publishing.stop();
  }

  halt(): void {
    this.#publishing.halt();
  }

  get inFlight(): number {
    return this.#publishing.inFlight;
  }

  get isDrained(): boolean {
    return this.#publishing.isDrained && this.#reader.check.delivered >= this.#publishing.acknowledged;
  }

  get errorCount(): number {
    return this.#publishing.errorCount + this.#reader.check.errorCount;
  }

  unsettled(): Promise<number> {
    return this.#reader.unsettled();
  }

  account(accounting: Accounting): void {
    this.#reader.stop();
    this.#publishing.account(accounting);
    accountFor(this.#reader, accounting);
    const undelivered = accounting.acknowledged - accounting.delivered + accounting.duplicated;
    // Holes are already counted; a missing tail has no later message to show it.
    accounting.lost = Math.max(accounting.lost, undelivered);
  }
}

function makeReader(
  context: FlowContext,
  own: {
    connection: Connection;
    index: number;
    requests: number;
    passMessages: number | undefined;
    publishedCount: () => number;
  },
): Reader {
  const { index, requests, ...reading } = own;
  const { stream, run, pull, push } = context;
  const shared = { ...reading, stream, run, consumer: `reader_${index}` };
  return push === undefined ? new Puller({ ...shared, ...pull, requests }) : new Pusher({ ...shared, ordered: push.ordered });
}

function accountFor({ check }: Reader, accounting: Accounting): void {
  check.finish();
  accounting.delivered += check.delivered;
  accounting.duplicated += check.duplicated;
  accounting.outOfOrder += check.outOfOrder;
  accounting.lost += check.lost;
  for (const [kind, count] of check.errors) {
    accounting.addError(kind, count);
  }
}
