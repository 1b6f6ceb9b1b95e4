/** A stream in the world: its subscriptions for publishes and direct gets, and the timer that lets messages grow old. */
import type { InboundMessage, ServiceSubscription } from "../broker/service.ts";
import type { Timer } from "../ports.ts";
import { serveDirectGets } from "./direct-get.ts";
import { MessageIds } from "./message-ids.ts";
import { Publisher, type StorageBudget } from "./publish.ts";
import type { TurnWork } from "./seams.ts";
import type { Stream } from "./stream.ts";
import type { StreamConfig } from "./stream-config.ts";

/** Expiry runs at most this often. */
const EXPIRY_INTERVAL_MS = 250;
/** Longer waits are cut into pieces; timers count milliseconds in 31 bits. */
const WAIT_MAX_MS = 86_400_000;
const NS_PER_MS = 1_000_000n;

export class StreamService implements TurnWork {
  readonly stream: Stream;
  readonly ids: MessageIds;
  readonly #publisher: Publisher;
  readonly #subscriptions = new Map<string, ServiceSubscription>();
  #stopDirectGets: (() => void) | undefined;
  #expiry: Timer | undefined;
  #isClosed = false;

  constructor(stream: Stream, budget: StorageBudget) {
    this.stream = stream;
    const windowNs = Number(stream.config.duplicate_window);
    this.ids = new MessageIds({ windowNs, seed: stream.context.random.below(2 ** 32) });
    this.#publisher = new Publisher({ stream, ids: this.ids, budget });
  }

  restoreLastMessageId(id: string): void {
    this.#publisher.restoreLastMessageId(id);
  }

  /** Begins to take publishes. Called once, after recovery has filled in ids and consumers. */
  start(): void {
    this.#subscribe(this.stream.config);
    this.#scheduleExpiry(0n);
  }

  /** Applies a checked configuration to a running stream. */
  update(config: StreamConfig): void {
    this.stream.configure(config);
    this.stream.stored.setMessageIdWindow(BigInt(config.duplicate_window));
    this.ids.setWindow(Number(config.duplicate_window), Number(this.stream.context.clock.nowNs()));
    this.#publisher.reconfigured();
    this.#subscribe(config);
    this.#expiry?.cancel();
    this.#expiry = undefined;
    this.#scheduleExpiry(0n);
  }

  stop(): void {
    this.#isClosed = true;
    this.#expiry?.cancel();
    this.#publisher.close();
    this.#stopDirectGets?.();
    for (const subscription of this.#subscriptions.values()) {
      subscription.unsubscribe();
    }
    this.#subscriptions.clear();
  }

  /** The turn's part of expiry: removal belongs to the epoch that is about to be committed. */
  step(): void {
    if (this.#isClosed) {
      return;
    }
    const { clock } = this.stream.context;
    this.ids.dropOld(Number(clock.nowNs()));
    this.#scheduleExpiry(this.stream.expire(clock.nowNs()));
  }

  #subscribe(config: StreamConfig): void {
    const { account } = this.stream.context;
    for (const [subject, subscription] of this.#subscriptions) {
      if (!config.subjects.includes(subject)) {
        subscription.unsubscribe();
        this.#subscriptions.delete(subject);
      }
    }
    const receive = (message: InboundMessage) => this.#publisher.receive(message);
    for (const subject of config.subjects) {
      if (!this.#subscriptions.has(subject)) {
        this.#subscriptions.set(subject, account.subscribe(subject, receive));
      }
    }
    if (config.allow_direct && this.#stopDirectGets === undefined) {
      this.#stopDirectGets = serveDirectGets(this.stream);
    } else if (!config.allow_direct) {
      this.#stopDirectGets?.();
      this.#stopDirectGets = undefined;
    }
  }

  /** Wakes when the oldest message has reached its age; with no message, one full age from now, so that publishing need not set timers. */
  #scheduleExpiry(oldestNs: bigint): void {
    const { clock } = this.stream.context;
    const { ageNs } = this.stream.limits;
    if (ageNs <= 0n || this.#isClosed) {
      return;
    }
    const oldest = oldestNs === 0n ? this.#oldest() : oldestNs;
    const waitMs = Number((oldest + ageNs - clock.nowNs()) / NS_PER_MS) + 1;
    this.#expiry = clock.setTimer(Math.min(Math.max(waitMs, EXPIRY_INTERVAL_MS), WAIT_MAX_MS), () => {
      this.stream.context.markReady(this);
    });
  }

  #oldest(): bigint {
    const { state } = this.stream.messages;
    return state.messages === 0 ? this.stream.context.clock.nowNs() : state.firstTimeNs;
  }
}
