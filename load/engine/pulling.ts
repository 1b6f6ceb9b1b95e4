/**
 * Pull in both models. Closed: stored messages are read as fast as they come, in passes. Open: a schedule publishes, the consumer follows,
 * and an operation is one message from its intended publish to its arrival, on one clock.
 */
import type { Connection } from "../../wire/connection.ts";
import { Publisher } from "../drivers/publisher.ts";
import { Puller } from "../drivers/puller.ts";
import type { LoadProfile } from "../schema/profile.ts";
import { type Accounting, SequenceCheck } from "./accounting.ts";
import type { Flow, FlowContext } from "./flow.ts";
import { OpenPublishing } from "./publishing.ts";
import type { Clocks } from "./recorder.ts";

const preloadWindow = 1000;
const preloadMaxMs = 30_000;
/** Two pull requests outstanding, so that one is always open while the next is on its way. */
const openRequests = 2;

export class ClosedPulling implements Flow {
  readonly #context: FlowContext;
  readonly #pullers: readonly Puller[];
  readonly #preloaded = { published: 0, acknowledged: 0 };
  readonly #requests: number;

  constructor(context: FlowContext, requests: number) {
    this.#context = context;
    this.#requests = requests;
    this.#pullers = context.connections.map((connection, index) => {
      return makePuller(context, { connection, index, requests, passMessages: context.preload, publishedCount: () => context.preload });
    });
    for (const puller of this.#pullers) {
      puller.onDelivery = ({ requestedMs, receivedMs }) => context.recorder.completed(requestedMs, requestedMs, receivedMs);
    }
  }

  get failed(): Promise<never> {
    return Promise.race(this.#pullers.map((puller) => puller.failed));
  }

  async prepare(): Promise<void> {
    await this.#preload();
    for (const puller of this.#pullers) {
      await puller.prepare();
    }
  }

  start(): void {
    for (const puller of this.#pullers) {
      puller.start();
    }
  }

  stop(): void {
    for (const puller of this.#pullers) {
      puller.stop();
    }
  }

  halt(): void {
    this.stop();
  }

  get inFlight(): number {
    return this.#requests;
  }

  get isDrained(): boolean {
    // What a stopped pull still delivers changes no account: holes are counted below the highest delivered sequence.
    return true;
  }

  get errorCount(): number {
    return this.#pullers.reduce((sum, puller) => sum + countErrors(puller), 0);
  }

  account(accounting: Accounting): void {
    accounting.published += this.#preloaded.published;
    accounting.acknowledged += this.#preloaded.acknowledged;
    for (const puller of this.#pullers) {
      accountFor(puller, accounting);
    }
  }

  /** Publishes what the passes will read. */
  async #preload(): Promise<void> {
    const { connections, subject, payloadBytes, seed, run, preload } = this.#context;
    const [connection] = connections;
    if (connection === undefined) {
      throw new Error("a pull needs a connection");
    }
    const acknowledged = new SequenceCheck();
    const message = { subject, payloadBytes, messageIds: false, seed, run };
    const publisher = new Publisher({ connection, window: preloadWindow, ...message, acknowledged });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = setTimeout(() => {
      reject(new Error(`only ${publisher.acknowledged} of ${preload} messages were acknowledged within ${preloadMaxMs / 1000} s`));
    }, preloadMaxMs);
    const fill = () => {
      while (publisher.published < preload && publisher.hasRoom) {
        publisher.publish(performance.now());
      }
    };
    publisher.onAnswer = ({ error }) => {
      if (error !== undefined) {
        reject(new Error(`the server refused a publish before the measurement with error ${error}`));
      }
      fill();
      if (publisher.acknowledged === preload) {
        resolve();
      }
    };
    void connection.closed.then((reason) => reject(reason.error));
    fill();
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      this.#preloaded.published = publisher.published;
      this.#preloaded.acknowledged = publisher.acknowledged;
    }
  }
}

export class OpenPulling implements Flow {
  readonly #publishing: OpenPublishing;
  readonly #puller: Puller;
  readonly failed: Promise<never>;

  constructor(context: FlowContext, arrival: LoadProfile["arrivals"]["open"]) {
    const [publishConnection, pullConnection] = context.connections;
    if (publishConnection === undefined || pullConnection === undefined) {
      throw new Error("an open pull needs two connections");
    }
    const { recorder } = context;
    // An operation ends at its delivery; the publish's own answer is only a sign of life.
    const publishSide: Clocks = {
      completed: () => undefined,
      sent: (intendedMs, nowMs, waited) => recorder.sent(intendedMs, nowMs, waited),
      neverSent: (intendedMs) => recorder.neverSent(intendedMs),
    };
    this.#publishing = new OpenPublishing({ ...context, connections: [publishConnection], recorder: publishSide }, arrival);
    this.#puller = makePuller(context, {
      connection: pullConnection,
      index: 0,
      requests: openRequests,
      passMessages: undefined,
      publishedCount: () => this.#publishing.published,
    });
    this.#puller.onDelivery = ({ intendedMs, sentMs, receivedMs }) => recorder.completed(intendedMs, sentMs, receivedMs);
    this.failed = this.#puller.failed;
  }

  async prepare(): Promise<void> {
    await this.#puller.prepare();
  }

  start(): void {
    this.#puller.start();
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
    return this.#publishing.isDrained && this.#puller.delivered >= this.#publishing.acknowledged;
  }

  get errorCount(): number {
    return this.#publishing.errorCount + countErrors(this.#puller);
  }

  account(accounting: Accounting): void {
    this.#puller.stop();
    this.#publishing.account(accounting);
    accountFor(this.#puller, accounting);
    const undelivered = accounting.acknowledged - accounting.delivered + accounting.duplicated;
    // Holes are already counted; a missing tail has no later message to show it.
    accounting.lost = Math.max(accounting.lost, undelivered);
  }
}

function makePuller(
  context: FlowContext,
  own: {
    connection: Connection;
    index: number;
    requests: number;
    passMessages: number | undefined;
    publishedCount: () => number;
  },
): Puller {
  const { connection, index, requests, passMessages, publishedCount } = own;
  const { stream, run, pull } = context;
  const consumer = `puller_${index}`;
  return new Puller({ connection, stream, consumer, ack: pull.ack, batch: pull.batch, requests, run, passMessages, publishedCount });
}

function countErrors(puller: Puller): number {
  return puller.errors.values().reduce((sum, count) => sum + count, 0);
}

function accountFor(puller: Puller, accounting: Accounting): void {
  puller.finish();
  accounting.delivered += puller.delivered;
  accounting.duplicated += puller.duplicated;
  accounting.outOfOrder += puller.outOfOrder;
  accounting.lost += puller.lost;
  for (const [kind, count] of puller.errors) {
    accounting.addError(kind, count);
  }
}
