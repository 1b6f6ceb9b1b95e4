/**
 * Where a push consumer delivers: its deliver subject, whether somebody is bound to it, and what holds deliveries back there (a slow reader,
 * flow control, the rate limit). It delivers only while somebody is bound; what is delivered and when is decided elsewhere.
 */
import type { Delivery, InboundMessage, InterestWatch, Route, ServiceSubscription } from "../broker/service.ts";
import type { ConsumerConfig } from "./consumer-config.ts";
import { idleHeartbeat, type LastSequences, statusLine } from "./pull-status.ts";
import { FlowWindow } from "./push-flow-window.ts";
import { RateLimit } from "./push-rate-limit.ts";
import type { HostStream, TurnWork } from "./seams.ts";

export interface OutletParts {
  readonly host: HostStream;
  readonly consumer: string;
  readonly config: ConsumerConfig;
  /** The consumer: stepped again when its receivers take more, or confirmed what they got. */
  readonly work: TurnWork;
  /** Somebody is bound now, or nobody any more. */
  readonly boundChanged: () => void;
}

/** What may leave at once under a rate limit, on a stream that sets no limit itself: a message of the server's default `max_payload`. */
const defaultBurstBytes = 1024 * 1024;
const flowControlRequest = statusLine("100 FlowControl Request");
const tokenLength = 4;
const tokenAlphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const nothing = new Uint8Array(0);

export class PushOutlet {
  /** When the rate limit lets the next message leave; infinite when it holds nothing back. */
  pacedDueMs = Number.POSITIVE_INFINITY;
  heartbeatDueMs = Number.POSITIVE_INFINITY;
  readonly #parts: OutletParts;
  readonly #flow: FlowWindow | undefined;
  readonly #flowPrefix: string;
  readonly #answers: ServiceSubscription | undefined;
  #heartbeatMs = 0;
  #rate: RateLimit | undefined;
  #bps = 0;
  #subject: string;
  #subjectLength: number;
  #group: string;
  #route: Route;
  #watch: InterestWatch;

  constructor(parts: OutletParts) {
    const { config, host } = parts;
    this.#parts = parts;
    this.#subject = config.deliver_subject;
    this.#subjectLength = Buffer.byteLength(this.#subject);
    this.#group = config.deliver_group;
    this.#route = host.context.account.route(this.#subject);
    this.#watch = this.#watchInterest();
    this.#flowPrefix = `$JS.FC.${host.name}.${parts.consumer}.`;
    if (config.flow_control) {
      this.#flow = new FlowWindow();
      this.#answers = host.context.account.subscribe(`${this.#flowPrefix}*`, (message) => this.#answered(message));
    }
    this.#limitRate(config);
    this.#heartbeatMs = Number(config.idle_heartbeat) / 1e6;
    this.#spoke(host.context.clock.nowMs());
  }

  /** Is somebody there who gets the deliveries? */
  get isBound(): boolean {
    return this.#watch.present;
  }

  get dueMs(): number {
    return Math.min(this.pacedDueMs, this.heartbeatDueMs);
  }

  /** A new step: whether the rate limit holds something back shows when it is tried. */
  goOn(): void {
    this.pacedDueMs = Number.POSITIVE_INFINITY;
  }

  /** Why no message may leave now. */
  obstacle(): "unrequested" | "crowded" | undefined {
    if (!this.#watch.present || this.#flow?.isStalled === true) {
      return "unrequested";
    }
    return this.#route.hasRoom?.(this.#parts.work) === false ? "crowded" : undefined;
  }

  /** Delivers one message; false when it has to wait for the rate limit, or nobody took it. */
  send(delivery: Delivery, bytes: number, nowMs: number): boolean {
    if (this.#rate !== undefined) {
      const dueMs = this.#rate.dueMs(bytes, nowMs);
      if (dueMs > nowMs) {
        this.pacedDueMs = dueMs;
        return false;
      }
    }
    if (!this.#route.deliver(delivery)) {
      return false;
    }
    this.#rate?.take(bytes);
    // Flow control counts what goes over the wire as the official server does: with the subject that carries it.
    if (this.#flow?.sent(bytes - delivery.subject.length + this.#subjectLength) === true) {
      this.#askForAnswer(this.#flow, delivery.epoch);
    }
    this.#spoke(nowMs);
    return true;
  }

  /** Sends a heartbeat when it has been silent for that long; one that nobody would hear is left out. */
  beat(last: LastSequences, nowMs: number): void {
    if (nowMs < this.heartbeatDueMs) {
      return;
    }
    this.#spoke(nowMs);
    if (this.isBound) {
      const { account, store } = this.#parts.host.context;
      const headers = idleHeartbeat(last, this.#flow?.asked);
      account.publish({ subject: this.#subject, headers, payload: nothing, epoch: store.epoch });
    }
  }

  /** Something was sent: the silence begins anew. */
  #spoke(nowMs: number): void {
    this.heartbeatDueMs = this.#heartbeatMs > 0 ? nowMs + this.#heartbeatMs : Number.POSITIVE_INFINITY;
  }

  /** Takes a checked configuration; true when deliveries go somewhere else from now on. Who is bound may be somebody else afterwards. */
  configure(config: ConsumerConfig): boolean {
    const isElsewhere = config.deliver_subject !== this.#subject;
    if (isElsewhere || config.deliver_group !== this.#group) {
      this.#subject = config.deliver_subject;
      this.#subjectLength = Buffer.byteLength(this.#subject);
      this.#group = config.deliver_group;
      this.#route = this.#parts.host.context.account.route(this.#subject);
      this.#watch.end();
      this.#watch = this.#watchInterest();
    }
    this.#limitRate(config);
    return isElsewhere;
  }

  close(): void {
    this.#watch.end();
    this.#answers?.unsubscribe();
  }

  #watchInterest(): InterestWatch {
    const { boundChanged, host } = this.#parts;
    const queue = this.#group === "" ? undefined : this.#group;
    return host.context.account.watch(this.#subject, { queue, changed: boundChanged });
  }

  #limitRate(config: ConsumerConfig): void {
    const bitsPerSecond = Number(config.rate_limit_bps);
    if (bitsPerSecond === this.#bps) {
      return;
    }
    this.#bps = bitsPerSecond;
    this.pacedDueMs = Number.POSITIVE_INFINITY;
    const { host } = this.#parts;
    const burstBytes = host.messageBytesMax ?? defaultBurstBytes;
    this.#rate = bitsPerSecond === 0 ? undefined : new RateLimit({ bitsPerSecond, burstBytes, nowMs: host.context.clock.nowMs() });
  }

  #askForAnswer(flow: FlowWindow, epoch: number): void {
    const { account, random } = this.#parts.host.context;
    const token = Array.from({ length: tokenLength }, () => tokenAlphabet[random.below(tokenAlphabet.length)]).join("");
    flow.ask(`${this.#flowPrefix}${token}`);
    account.publish({ subject: this.#subject, reply: flow.asked, headers: flowControlRequest, payload: nothing, epoch });
  }

  #answered({ subject }: InboundMessage): void {
    if (this.#flow?.answered(subject.text) === true) {
      this.#parts.host.context.markReady(this.#parts.work);
    }
  }
}
