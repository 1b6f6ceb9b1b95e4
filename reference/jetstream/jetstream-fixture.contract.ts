/** JetStream on a real broker account, a virtual clock and a store in memory or on a simulated disk: every request is answered within the call. */
import { BrokerAccount } from "../broker/account.ts";
import type { CrashableDisk } from "../sim/crashable-disk.ts";
import { SeededRandom } from "../sim/seeded-random.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";
import { openMemoryOnlyStore } from "../store/memory-store.ts";
import { openStore } from "../store/open-store.ts";
import type { RecoveredStream, Store } from "../store/stream-store.ts";
import { createJetStream, type JetStream, type JetStreamLimits } from "./index.ts";
import type { TurnWork } from "./seams.ts";

export interface Reply {
  readonly headers: string;
  readonly data: string;
}

export interface FixtureOptions {
  readonly domain?: string;
  readonly limits?: JetStreamLimits;
}

interface FixtureBase {
  /** What it has to do in the background is done when the turn ends. */
  readonly disk?: CrashableDisk;
  readonly clock: VirtualClock;
  readonly account: BrokerAccount;
  readonly store: Store;
  readonly recovered: readonly RecoveredStream[];
}

export class JetStreamFixture {
  readonly clock: VirtualClock;
  readonly account: BrokerAccount;
  readonly store: Store;
  readonly jetStream: JetStream;
  readonly #ready = new Set<TurnWork>();
  readonly #disk: CrashableDisk | undefined;
  #inbox = 0;

  constructor(options: FixtureOptions & { base?: FixtureBase } = {}) {
    const base = options.base ?? { clock: new VirtualClock(), account: newAccount(), store: openMemoryOnlyStore(), recovered: [] };
    this.clock = base.clock;
    this.account = base.account;
    this.store = base.store;
    this.#disk = base.disk;
    this.jetStream = createJetStream({
      account: this.account,
      clock: this.clock,
      random: new SeededRandom(2),
      store: this.store,
      recovered: base.recovered,
      domain: options.domain,
      server: { name: "fixture", version: "2.15.2" },
      limits: options.limits ?? {},
      markReady: (work) => void this.#ready.add(work),
    });
  }

  /** Opens what is on the disk; open it again after `kill` or `powerCut` of the disk for a restart. */
  static async onDisk(disk: CrashableDisk, options: FixtureOptions & { clock?: VirtualClock } = {}): Promise<JetStreamFixture> {
    const clock = options.clock ?? new VirtualClock();
    const account = newAccount();
    const random = new SeededRandom(3);
    const opened = await openStore({ directory: "/store", disk, clock, random, syncPolicy: "always" });
    return new JetStreamFixture({ ...options, base: { clock, account, store: opened.store, recovered: opened.streams, disk } });
  }

  /** Time passes; what timers marked ready runs, and the turn commits. */
  advance(ms: number): void {
    this.clock.advance(ms);
    do {
      for (const work of this.#ready) {
        this.#ready.delete(work);
        work.step();
      }
    } while (this.#disk?.proceed() === true);
    this.store.commit();
  }

  /** All replies to one request, in order. */
  requestAll(subject: string, data = "", headers?: Readonly<Record<string, string>>): readonly Reply[] {
    this.#inbox += 1;
    const reply = `_INBOX.${this.#inbox}`;
    const replies: Reply[] = [];
    const subscription = this.account.subscribe(reply, (message) => {
      const text = (start: number, end: number) => Buffer.from(message.buffer.subarray(start, end)).toString("utf8");
      replies.push({ headers: text(message.headersStart, message.payloadStart), data: text(message.payloadStart, message.payloadEnd) });
    });
    this.publish(subject, { data, reply, ...(headers === undefined ? {} : { headers }) });
    subscription.unsubscribe();
    this.store.commit();
    return replies;
  }

  publish(
    subject: string,
    { data = "", headers, reply }: { data?: string; headers?: Readonly<Record<string, string>>; reply?: string },
  ): void {
    const lines = Object.entries(headers ?? {}).map(([name, value]) => `${name}: ${value}\r\n`);
    this.account.publish({
      subject,
      ...(reply === undefined ? {} : { reply }),
      ...(headers === undefined ? {} : { headers: Buffer.from(`NATS/1.0\r\n${lines.join("")}\r\n`) }),
      payload: Buffer.from(data),
      epoch: 0,
    });
  }

  /** The reply's bytes as text; undefined when nobody answered. */
  request(subject: string, data = "", headers?: Readonly<Record<string, string>>): string | undefined {
    return this.requestAll(subject, data, headers)[0]?.data;
  }

  /** A request to `$JS.API.<subject>` and its parsed answer. */
  api(subject: string, body?: unknown): Answer {
    const text = this.request(`$JS.API.${subject}`, body === undefined ? "" : typeof body === "string" ? body : JSON.stringify(body));
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- tests name the fields they look at
    return JSON.parse(text ?? "{}") as Answer;
  }

  /** Publishes to a stream; the parsed PubAck. */
  send(subject: string, data = "", headers?: Readonly<Record<string, string>>): Answer {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as above
    return JSON.parse(this.request(subject, data, headers) ?? "{}") as Answer;
  }

  createStream(config: Readonly<Record<string, unknown>> & { name: string }): Answer {
    return this.api(`STREAM.CREATE.${config.name}`, { storage: "memory", ...config });
  }
}

function newAccount(): BrokerAccount {
  return new BrokerAccount("$G", new SeededRandom(1));
}

/** The fields of answers that tests look at. */
export interface Answer {
  readonly error?: { readonly code: number; readonly err_code: number; readonly description: string };
  readonly seq?: number;
  readonly duplicate?: boolean;
  readonly stream?: string;
  readonly success?: boolean;
  readonly purged?: number;
  readonly did_create?: boolean;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly state?: {
    readonly messages: number;
    readonly bytes: number;
    readonly first_seq: number;
    readonly last_seq: number;
    readonly last_ts: string;
    readonly subjects?: Readonly<Record<string, number>>;
    readonly num_deleted?: number;
    readonly deleted?: readonly number[];
    readonly consumer_count: number;
  };
  readonly message?: { readonly subject: string; readonly seq: number; readonly data?: string; readonly hdrs?: string };
  readonly streams?: readonly unknown[] | null;
  readonly total?: number;
  readonly api?: { readonly level: number; readonly total: number; readonly errors: number };
}
