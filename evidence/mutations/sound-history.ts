/**
 * Sound histories for the checks: drawn from a seed, of clients that use every operation at once on a model server that has no faults. Every check passes on
 * each of them (`mutations.test.ts`), and each mutation starts from one.
 */
import type { Operation, PublishedMessage } from "../history/events.ts";
import type { History } from "../history/history.ts";
import { ackWaitMs } from "./model-consumer.ts";
import { ModelServer } from "./model-server.ts";

export const soundStreams = { plain: "S", keys: "K", queue: "Q" } as const;

/** mulberry32 */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export function soundHistory(seed: number, steps = 160): History {
  const run = new SoundRun(seed);
  for (let step = 0; step < steps; step += 1) {
    run.step();
  }
  return run.finish();
}

/** Clients 1 to 3 publish to the stream, 4 and 5 use the keys, 6 administers, 7 and 8 consume. */
class SoundRun {
  readonly #server = new ModelServer();
  readonly #random: () => number;
  readonly #unacknowledged: { consumer: "C" | "W"; stream: string; seq: string; process: number }[] = [];
  readonly #lastSeen = new Map<string, string>();
  #bodies = 0;
  #versions = 0;
  #sideStreams = 0;

  constructor(seed: number) {
    this.#random = randomFrom(seed);
    const { plain, keys, queue } = soundStreams;
    const server = this.#server;
    server.perform(6, { kind: "create-stream", stream: plain, limits: {}, config: "version 0" });
    server.perform(6, { kind: "create-stream", stream: keys, limits: {} });
    server.perform(6, { kind: "create-stream", stream: queue, limits: { retention: "workqueue" } });
    const settings = { ackPolicy: "explicit", ackWaitMs, deliver: "all" } as const;
    server.perform(7, { kind: "create-consumer", stream: plain, consumer: "C", settings: { ...settings, filters: ["s.a", "s.b"] } });
    server.perform(8, { kind: "create-consumer", stream: queue, consumer: "W", settings });
  }

  step(): void {
    const draw = this.#random();
    if (draw < 0.36) {
      this.#ask();
    } else if (draw < 0.84) {
      this.#advance();
    } else if (draw < 0.97) {
      this.#consume();
    } else if (draw < 0.985) {
      this.#server.wait(ackWaitMs);
    } else {
      this.#disturb();
    }
  }

  /** A little of everything at the end, so that every history feeds every check; then quiet, and the read-back. */
  finish(): History {
    const server = this.#server;
    const { plain, keys, queue } = soundStreams;
    server.settleAll();
    for (const subject of ["s.a", "s.a", "s.b"]) {
      server.perform(1, { kind: "publish", stream: plain, ...this.#body(subject), msgId: `last-${this.#bodies}` });
      server.perform(2, { kind: "publish", stream: queue, ...this.#body("q.a") });
    }
    const last = server.streams.get(plain)?.last ?? 0;
    server.perform(3, { kind: "publish", stream: plain, ...this.#body("s.b"), expectLastSeq: String(last) });
    server.perform(3, {
      kind: "publish-batch",
      stream: plain,
      batch: "last",
      messages: [this.#body("s.a"), this.#body("s.b"), this.#body("s.a")],
    });
    this.#writeKey(4, "k.last", "0");
    this.#writeKey(5, "k.last", String(server.streams.get(keys)?.last));
    server.perform(4, { kind: "get", stream: keys, subject: "k.last" });
    server.perform(4, { kind: "get", stream: plain, subject: "s.b" });
    for (let index = 0; index < 3; index += 1) {
      this.#deliver("C");
      this.#deliver("W");
    }
    for (const pending of this.#unacknowledged.splice(-4)) {
      server.perform(pending.process, {
        kind: "ack",
        stream: pending.stream,
        consumer: pending.consumer,
        seq: pending.seq,
        confirmed: true,
      });
    }
    server.perform(6, { kind: "consumer-info", stream: plain, consumer: "C" });
    server.perform(6, { kind: "stream-info", stream: plain });
    server.readBack();
    server.crash(() => true);
    server.perform(2, { kind: "publish", stream: plain, ...this.#body("s.a") });
    server.wait(4000);
    server.readBack();
    server.readConsumers();
    return server.writer.history();
  }

  #ask(): void {
    const process = this.#between(1, 6);
    if (process <= 3) {
      this.#server.ask(process, this.#publication());
    } else if (process <= 5) {
      this.#useKey(process);
    } else {
      this.#server.ask(process, this.#administration());
    }
  }

  #advance(): void {
    const { busy } = this.#server;
    const process = busy[this.#between(0, busy.length - 1)];
    if (process === undefined) {
      return;
    }
    if (this.#random() < 0.02) {
      this.#server.giveUp(process);
    } else {
      this.#server.advance(process, this.#random() < 0.5 ? "apply" : "answer");
    }
  }

  #disturb(): void {
    if (this.#random() < 0.5) {
      this.#server.crash(() => this.#random() < 0.5);
      return;
    }
    this.#server.settleAll();
    this.#server.readBack();
  }

  #publication(): Operation {
    const { plain, queue } = soundStreams;
    const draw = this.#random();
    const last = this.#server.streams.get(plain)?.last ?? 0;
    const subject = this.#random() < 0.5 ? "s.a" : "s.b";
    if (draw < 0.2) {
      return { kind: "publish", stream: queue, ...this.#body("q.a") };
    }
    if (draw < 0.4) {
      return { kind: "publish", stream: plain, ...this.#body(subject), msgId: `m${this.#between(1, 12)}` };
    }
    if (draw < 0.5) {
      return { kind: "publish", stream: plain, ...this.#body(subject), expectLastSeq: String(last) };
    }
    if (draw < 0.6) {
      const lastOfSubject = this.#server.streams.get(plain)?.lastOf("s.*")?.seq ?? 0;
      const condition = { expectLastSubjectSeq: String(lastOfSubject), expectLastSubjectFilter: "s.*" };
      return { kind: "publish", stream: plain, ...this.#body(subject), ...condition };
    }
    if (draw < 0.67) {
      const messages = Array.from({ length: this.#between(2, 4) }, () => this.#body(subject));
      return { kind: "publish-batch", stream: plain, batch: `b${this.#bodies}`, messages };
    }
    if (draw < 0.7) {
      return { kind: "publish", stream: plain, ...this.#body("s.r"), rollup: "subject" };
    }
    if (draw < 0.74) {
      return { kind: "publish", stream: plain, ...this.#body("s.t"), ttlMs: 30 };
    }
    return { kind: "publish", stream: plain, ...this.#body(subject) };
  }

  #useKey(process: number): void {
    const subject = `k.${this.#between(1, 3)}`;
    const draw = this.#random();
    if (draw < 0.4) {
      this.#server.ask(process, { kind: "get", stream: soundStreams.keys, subject, ...(draw < 0.2 ? { direct: true } : {}) });
    } else if (draw < 0.55) {
      this.#writeKey(process, subject, undefined);
    } else if (draw < 0.65) {
      this.#writeKey(process, subject, "0");
    } else {
      this.#writeKey(process, subject, this.#lastSeen.get(subject) ?? "0");
    }
    this.#lastSeen.set(subject, String(this.#server.streams.get(soundStreams.keys)?.lastOf(subject)?.seq ?? 0));
  }

  #writeKey(process: number, subject: string, expected: string | undefined): void {
    const marker = this.#random() < 0.2 ? ({ marker: "delete" } as const) : {};
    const condition = expected === undefined ? {} : { expectLastSubjectSeq: expected };
    this.#server.ask(process, { kind: "publish", stream: soundStreams.keys, ...this.#body(subject), ...condition, ...marker });
    if (subject === "k.last") {
      this.#server.settleAll();
    }
  }

  #administration(): Operation {
    const { plain: stream, keys } = soundStreams;
    const draw = this.#random();
    const seq = String(this.#between(1, Math.max(1, this.#server.streams.get(stream)?.last ?? 1)));
    if (draw < 0.3) {
      return { kind: "stream-info", stream };
    }
    if (draw < 0.45) {
      return { kind: "consumer-info", stream, consumer: "C" };
    }
    if (draw < 0.6) {
      return { kind: "delete-message", stream, seq };
    }
    if (draw < 0.65) {
      return { kind: "purge", stream, filter: "s.b", below: seq };
    }
    if (draw < 0.7) {
      return { kind: "get", stream: keys, seq };
    }
    if (draw < 0.85) {
      this.#versions += 1;
      return { kind: "update-stream", stream, limits: {}, config: `version ${this.#versions}` };
    }
    this.#sideStreams += draw < 0.93 ? 1 : 0;
    const side = `X${Math.max(1, this.#sideStreams)}`;
    return draw < 0.93 ? { kind: "create-stream", stream: side, config: side } : { kind: "get", stream, subject: "s.b" };
  }

  #consume(): void {
    const draw = this.#random();
    if (draw < 0.6 || this.#unacknowledged.length === 0) {
      this.#deliver(this.#random() < 0.7 ? "C" : "W");
      return;
    }
    const [pending] = this.#unacknowledged.splice(this.#between(0, this.#unacknowledged.length - 1), 1);
    if (pending !== undefined) {
      const { process, stream, consumer, seq } = pending;
      const isNak = draw < 0.7;
      const about = { stream, consumer, seq };
      this.#server.ask(process, isNak ? { kind: "nak", ...about } : { kind: "ack", ...about, confirmed: draw < 0.9 });
    }
  }

  #deliver(consumer: "C" | "W"): void {
    const process = consumer === "C" ? 7 : 8;
    const stream = consumer === "C" ? soundStreams.plain : soundStreams.queue;
    const seq = this.#server.deliver(process, consumer);
    const isKnown = this.#unacknowledged.some((each) => each.consumer === consumer && each.seq === seq);
    if (seq !== undefined && !isKnown) {
      this.#unacknowledged.push({ consumer, stream, seq, process });
    }
  }

  #body(subject: string): PublishedMessage {
    this.#bodies += 1;
    return { subject, digest: `digest-${this.#bodies}` };
  }

  #between(low: number, high: number): number {
    return low + Math.floor(this.#random() * (high - low + 1));
  }
}
