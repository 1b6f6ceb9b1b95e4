/** Publish in both models. Closed: each answer lets the next message go. Open: a schedule decides, the server has no say. */
import { Publisher } from "../drivers/publisher.ts";
import type { LoadProfile } from "../schema/profile.ts";
import { type Accounting, SequenceCheck } from "./accounting.ts";
import { type Flow, type FlowContext, neverFails } from "./flow.ts";
import { type Pacer, startPacer } from "./pacer.ts";
import { Schedule } from "./schedule.ts";

type Open = LoadProfile["arrivals"]["open"];

abstract class Publishing implements Flow {
  readonly failed = neverFails();
  protected readonly context: FlowContext;
  protected readonly publishers: readonly Publisher[];
  protected stopped = false;
  readonly #acknowledged = new SequenceCheck();
  readonly #errors = new Map<string, number>();

  constructor(context: FlowContext, window: number) {
    this.context = context;
    this.publishers = context.connections.map((connection, index) => {
      const { subject, payloadBytes, messageIds, seed, run } = context;
      const acknowledged = this.#acknowledged;
      const own = { seed: seed + index, run: run + index };
      return new Publisher({ connection, subject, payloadBytes, messageIds, window, ...own, acknowledged });
    });
    for (const publisher of this.publishers) {
      publisher.onAnswer = (answer) => {
        if (answer.error !== undefined) {
          this.#errors.set(answer.error, (this.#errors.get(answer.error) ?? 0) + 1);
        }
        context.recorder.completed(answer.intendedMs, answer.sentMs, answer.receivedMs);
        this.onRoom(publisher, answer.receivedMs);
      };
    }
  }

  prepare(): Promise<void> {
    return Promise.resolve();
  }

  abstract start(): void;

  stop(): void {
    this.stopped = true;
  }

  halt(): void {
    this.stopped = true;
  }

  get inFlight(): number {
    return this.publishers.reduce((sum, publisher) => sum + publisher.inFlight, 0);
  }

  get published(): number {
    return this.publishers.reduce((sum, publisher) => sum + publisher.published, 0);
  }

  get acknowledged(): number {
    return this.publishers.reduce((sum, publisher) => sum + publisher.acknowledged, 0);
  }

  get isDrained(): boolean {
    return this.inFlight === 0;
  }

  get errorCount(): number {
    return this.#errors.values().reduce((sum, count) => sum + count, 0);
  }

  unsettled(): Promise<number> {
    return Promise.resolve(0);
  }

  account(accounting: Accounting): void {
    accounting.published += this.published;
    accounting.acknowledged += this.acknowledged;
    for (const publisher of this.publishers) {
      accounting.duplicated += publisher.duplicated;
    }
    // One sequence given to two messages: one of them can't be there.
    accounting.duplicated += this.#acknowledged.duplicated;
    for (const [kind, count] of this.#errors) {
      accounting.addError(kind, count);
    }
    if (this.inFlight > 0) {
      accounting.addError("no-answer", this.inFlight);
    }
  }

  /** A publisher has room for another message. */
  protected abstract onRoom(publisher: Publisher, nowMs: number): void;
}

export class ClosedPublishing extends Publishing {
  start(): void {
    const now = performance.now();
    for (const publisher of this.publishers) {
      while (publisher.hasRoom) {
        publisher.publish(now);
      }
    }
  }

  protected onRoom(publisher: Publisher, nowMs: number): void {
    if (!this.stopped) {
      publisher.publish(nowMs);
    }
  }
}

export class OpenPublishing extends Publishing {
  readonly #arrival: Open;
  #schedule: Schedule | undefined;
  #pacer: Pacer | undefined;
  /** Operations due up to this moment found the window full. */
  #fullUntilMs = Number.NEGATIVE_INFINITY;
  #stopMs = Number.POSITIVE_INFINITY;
  #nextPublisher = 0;

  constructor(context: FlowContext, arrival: Open) {
    super(context, Math.max(1, Math.floor(arrival.maxInFlight / context.connections.length)));
    this.#arrival = arrival;
  }

  start(): void {
    const { shape, rate } = this.#arrival;
    this.#schedule = new Schedule({ shape, perSecond: rate, startMs: performance.now(), seed: this.context.seed });
    const schedule = this.#schedule;
    this.#pacer = startPacer(() => this.#sendDue(schedule));
  }

  /** What was due before this moment is still sent: skipping it would hide the worst of a stall. */
  override stop(): void {
    super.stop();
    this.#stopMs = Math.min(this.#stopMs, performance.now());
  }

  override halt(): void {
    this.stop();
    this.#pacer?.stop();
    while (this.#schedule !== undefined && this.#schedule.nextMs <= this.#stopMs) {
      this.context.recorder.neverSent(this.#schedule.take());
    }
  }

  override get isDrained(): boolean {
    return super.isDrained && (this.#schedule === undefined || this.#schedule.nextMs > this.#stopMs);
  }

  protected onRoom(): void {
    // The schedule alone decides; its next turn finds the room.
  }

  #sendDue(schedule: Schedule): number {
    const now = performance.now();
    while (schedule.nextMs <= Math.min(now, this.#stopMs)) {
      const publisher = this.#publisherWithRoom();
      if (publisher === undefined) {
        this.#fullUntilMs = now;
        break;
      }
      const intended = schedule.take();
      this.context.recorder.sent(intended, now, intended <= this.#fullUntilMs);
      publisher.publish(intended);
    }
    for (const publisher of this.publishers) {
      publisher.send();
    }
    if (schedule.nextMs > this.#stopMs) {
      this.#pacer?.stop();
    }
    return schedule.nextMs;
  }

  #publisherWithRoom(): Publisher | undefined {
    for (let tried = 0; tried < this.publishers.length; tried++) {
      const publisher = this.publishers[this.#nextPublisher]!;
      this.#nextPublisher = (this.#nextPublisher + 1) % this.publishers.length;
      if (publisher.hasRoom) {
        return publisher;
      }
    }
    return undefined;
  }
}
