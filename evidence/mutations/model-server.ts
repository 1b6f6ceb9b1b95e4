/**
 * A server without faults, and clients that use it at once: the source of sound histories. An operation has three moments, asked, applied and answered,
 * and others come in between; a client's operations are applied in the order they were asked. A crash leaves everything unanswered that is on its way, and
 * applies some of it.
 */
import type { CompletionEvent, Operation } from "../history/events.ts";
import { HistoryWriter } from "../history/history-writer.ts";
import { ModelConsumer } from "./model-consumer.ts";
import { ModelStream, wrongLastSequence } from "./model-stream.ts";

type Answer = Omit<CompletionEvent, "type" | "at" | "id" | "error"> | { readonly error: NonNullable<CompletionEvent["error"]> };

interface OnItsWay {
  readonly id: number;
  readonly process: number;
  readonly op: Operation;
  answer: Answer | undefined;
  /** The client gave up waiting. */
  isGivenUp: boolean;
}

/** 2026-01-01 in nanoseconds: the model's clock begins there. */
const beginNs = 1_767_225_600_000_000_000n;

export class ModelServer {
  readonly writer: HistoryWriter;
  readonly streams = new Map<string, ModelStream>();
  readonly consumers = new Map<string, ModelConsumer>();
  readonly #configs = new Map<string, string>();
  readonly #asked = new Set<string>();
  readonly #onTheirWay: OnItsWay[] = [];
  #clock = 0;
  #epoch = 0;

  constructor() {
    this.writer = new HistoryWriter({ now: () => (this.#clock += 1) });
    this.writer.run({ workload: "model", target: "model server", seed: 1, settings: {} });
  }

  now = (): number => this.#clock;

  wait(ms: number): void {
    this.#clock += ms;
  }

  /** Asks, applies and answers at once. */
  perform(process: number, op: Operation): void {
    this.ask(process, op);
    this.settleAll();
  }

  ask(process: number, op: Operation): void {
    const id = this.writer.invoke(process, op);
    const isSilent = op.kind === "nak" || op.kind === "term" || op.kind === "in-progress" || (op.kind === "ack" && !op.confirmed);
    if (isSilent) {
      this.writer.info(id, "not confirmed");
    }
    if (op.kind === "create-stream") {
      this.#asked.add(op.stream);
    }
    this.#onTheirWay.push({ id, process, op, answer: undefined, isGivenUp: isSilent });
  }

  /** Processes that have something on its way. */
  get busy(): number[] {
    return [...new Set(this.#onTheirWay.map((each) => each.process))];
  }

  /** Applies the next operation of a client, or answers its oldest applied one. */
  advance(process: number, how: "apply" | "answer"): void {
    const ofClient = this.#onTheirWay.filter((each) => each.process === process);
    const next = ofClient.find((each) => (each.answer === undefined) === (how === "apply"));
    if (next === undefined) {
      return;
    }
    if (how === "apply") {
      next.answer = this.#apply(next.op);
      if (next.isGivenUp) {
        this.#remove(next);
      }
    } else if (next === ofClient[0]) {
      this.#answer(next);
    }
  }

  /** The client waits no longer for its oldest operation, which may still be applied. */
  giveUp(process: number): void {
    const next = this.#onTheirWay.find((each) => each.process === process && !each.isGivenUp);
    if (next !== undefined) {
      next.isGivenUp = true;
      this.writer.info(next.id, "disconnected");
      if (next.answer !== undefined) {
        this.#remove(next);
      }
    }
  }

  settleAll(): void {
    for (const each of this.#onTheirWay.slice()) {
      each.answer ??= this.#apply(each.op);
      this.#answer(each);
    }
  }

  /** `applies` decides for each operation that was not yet applied; a client's later ones go with its first that is not. */
  crash(applies: () => boolean): void {
    const ended = new Set<number>();
    for (const each of this.#onTheirWay.slice()) {
      if (each.answer === undefined && !ended.has(each.process) && applies()) {
        this.#apply(each.op);
      } else if (each.answer === undefined) {
        ended.add(each.process);
      }
      this.#remove(each);
    }
    this.writer.abandonOpen("disconnected");
    this.writer.fault("kill9", { happened: true, summary: "pid 10 gone, 11 answers", details: { pid: 10 } });
    this.#epoch += 1;
    this.writer.epoch(this.#epoch, 3);
  }

  deliver(process: number, name: string): string | undefined {
    const consumer = this.consumers.get(name);
    const delivery = consumer?.next();
    if (consumer === undefined || delivery === undefined) {
      return undefined;
    }
    const { seq, ...seen } = this.#seen(delivery.message);
    const { consumerSeq, delivered, pending } = delivery;
    const stream = consumer.stream.name;
    this.writer.delivery({ process, stream, consumer: name, seq, ...seen, consumerSeq: String(consumerSeq), delivered, pending });
    return seq;
  }

  /** Reads every stream that was ever asked for. */
  readBack(): void {
    for (const name of this.#asked) {
      const stream = this.streams.get(name);
      if (stream === undefined) {
        this.writer.readEnd({ stream: name, complete: false, missing: true });
        continue;
      }
      const figures = stream.figures();
      stream.messages.forEach((message) => this.writer.read({ stream: name, ...this.#seen(message) }));
      const config = this.#configs.get(name);
      this.writer.readEnd({ stream: name, complete: true, ...figures, ...(config === undefined ? {} : { config }) });
    }
  }

  readConsumers(): void {
    for (const consumer of this.consumers.values()) {
      const about = { stream: consumer.stream.name, consumer: consumer.name };
      this.writer.consumerRead({ ...about, ...consumer.figures(), quiet: true, redelivered: consumer.left.map(String) });
    }
  }

  #seen(message: { seq: number; subject: string; digest: string; atMs: number }) {
    const time = String(beginNs + BigInt(message.atMs) * 1_000_000n);
    return { seq: String(message.seq), subject: message.subject, digest: message.digest, time };
  }

  #remove(each: OnItsWay): void {
    this.#onTheirWay.splice(this.#onTheirWay.indexOf(each), 1);
  }

  #answer(each: OnItsWay): void {
    this.#remove(each);
    if (each.isGivenUp || each.answer === undefined) {
      return;
    }
    if ("error" in each.answer) {
      this.writer.fail(each.id, each.answer.error);
    } else {
      this.writer.ok(each.id, each.answer);
    }
  }

  #apply(op: Operation): Answer {
    switch (op.kind) {
      case "create-stream":
      case "update-stream":
      case "delete-stream":
        return this.#changeStream(op);
      case "create-consumer": {
        const stream = this.streams.get(op.stream) ?? new ModelStream(op.stream, {}, this.now);
        this.consumers.set(op.consumer, new ModelConsumer(op.consumer, stream, { ...op.settings, now: this.now }));
        return {};
      }
      case "delete-consumer":
        this.consumers.delete(op.consumer);
        return {};
      case "consumer-info": {
        const state = this.consumers.get(op.consumer)?.figures();
        return state === undefined ? { absent: true } : { state };
      }
      case "ack":
      case "term":
        this.consumers.get(op.consumer)?.settle(Number(op.seq));
        return {};
      case "nak":
        this.consumers.get(op.consumer)?.nak(Number(op.seq));
        return {};
      case "in-progress":
        return {};
      default:
        return this.#applyToStream(op);
    }
  }

  #changeStream(op: Extract<Operation, { kind: "create-stream" | "update-stream" | "delete-stream" }>): Answer {
    if (op.kind === "delete-stream") {
      this.streams.delete(op.stream);
      return {};
    }
    if (op.kind === "create-stream") {
      this.streams.set(op.stream, new ModelStream(op.stream, op.limits ?? {}, this.now));
    }
    if (op.config !== undefined) {
      this.#configs.set(op.stream, op.config);
    }
    return {};
  }

  #applyToStream(
    op: Extract<Operation, { kind: "publish" | "publish-batch" | "get" | "stream-info" | "purge" | "delete-message" }>,
  ): Answer {
    const stream = this.streams.get(op.stream);
    if (stream === undefined) {
      return { error: { code: 404, errCode: 10_059, description: "stream not found" } };
    }
    switch (op.kind) {
      case "publish":
      case "publish-batch": {
        const done = stream.publish(op.kind === "publish" ? [op] : op.messages);
        if ("refused" in done) {
          return { error: { code: 400, errCode: wrongLastSequence, description: done.refused } };
        }
        return { seq: String(done.seq), ...(done.duplicate ? { duplicate: true } : {}) };
      }
      case "get": {
        const bySeq = stream.messages.find((message) => String(message.seq) === op.seq);
        const found = op.seq === undefined ? stream.lastOf(op.subject ?? ">") : bySeq;
        return found === undefined ? { absent: true } : { message: this.#seen(found) };
      }
      case "stream-info":
        return { figures: stream.figures() };
      case "purge":
        return { purged: stream.purge(op) };
      default:
        if (!stream.messages.some((message) => String(message.seq) === op.seq)) {
          return { error: { code: 500, errCode: 10_057, description: "no message found" } };
        }
        stream.remove((message) => String(message.seq) === op.seq);
        return {};
    }
  }
}
