/**
 * What every `StreamStore` must do, run by the tests of the memory and of the file stream. The heart is a model test: random operations
 * on the store and on a plain array, which must agree on everything that can be asked.
 */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { MessageView, StreamStore, Subject, SubjectFilter } from "./stream-store.ts";
import { compileFilter } from "./subject-filter.ts";

export interface ContractSubject {
  readonly stream: StreamStore;
  /** Ends a turn: for the file store a commit. */
  readonly turn: () => void;
  readonly dispose: () => void;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const subjectTexts = ["a", "a.b", "a.c", "a.b.c", "b.c", "x"];
const filterPatterns = [[], ["a"], ["a.*"], ["a.>"], ["*.c"], ["a.b", "x"], [">"], ["none"], ["*", "a.b.c"]];
const interned = new Map<string, Subject>();

export function subject(text: string): Subject {
  let known = interned.get(text);
  if (known === undefined) {
    known = { text, bytes: encoder.encode(text) };
    interned.set(text, known);
  }
  return known;
}

export function emptyView(): MessageView {
  return {
    sequence: 0,
    timeNs: 0n,
    subject: subject("none"),
    buffer: new Uint8Array(0),
    headersStart: 0,
    payloadStart: 0,
    payloadEnd: 0,
  };
}

export interface ModelMessage {
  readonly sequence: number;
  readonly subject: string;
  readonly headers: string;
  readonly payload: string;
  readonly timeNs: bigint;
}

/** The plain array that a store is compared with. */
export class StreamModel {
  messages: ModelMessage[] = [];
  last = 0;
  first = 0;
  lastTimeNs = 0n;

  append(message: Omit<ModelMessage, "sequence">): number {
    this.last += 1;
    this.messages.push({ ...message, sequence: this.last });
    this.lastTimeNs = message.timeNs;
    this.#settle();
    return this.last;
  }

  skip(timeNs: bigint): number {
    this.last += 1;
    this.lastTimeNs = timeNs;
    this.#settle();
    return this.last;
  }

  continueAt(sequence: number): number {
    const removed = this.removeBelow(this.last + 1);
    this.last = sequence - 1;
    this.first = sequence;
    return removed;
  }

  remove(sequence: number): boolean {
    return this.#removeWhere((message) => message.sequence === sequence) === 1;
  }

  removeBelow(sequence: number): number {
    const removed = this.#removeWhere((message) => message.sequence < sequence);
    if (this.messages.length === 0 && Math.min(sequence, this.last + 1) > this.first) {
      this.first = this.last + 1;
    }
    return removed;
  }

  purge(filter: SubjectFilter, below: number, keep: number): number {
    const matching = this.messages.filter((message) => message.sequence < below && filter.matches(message.subject));
    const doomed = new Set(matching.slice(0, Math.max(0, matching.length - keep)).map((message) => message.sequence));
    return this.#removeWhere((message) => doomed.has(message.sequence));
  }

  copy(): StreamModel {
    const copy = new StreamModel();
    copy.messages = [...this.messages];
    copy.last = this.last;
    copy.first = this.first;
    copy.lastTimeNs = this.lastTimeNs;
    return copy;
  }

  #removeWhere(doomed: (message: ModelMessage) => boolean): number {
    const before = this.messages.length;
    this.messages = this.messages.filter((message) => !doomed(message));
    if (this.messages.length < before) {
      this.#settle();
    }
    return before - this.messages.length;
  }

  #settle(): void {
    this.first = this.messages[0]?.sequence ?? this.last + 1;
  }
}

/** Everything a store can be asked, as plain data. */
export function describeStream(stream: StreamStore): unknown {
  const view = emptyView();
  const { bytes: _, ...state } = stream.state;
  const messages: ModelMessage[] = [];
  for (let sequence = 1; sequence <= stream.state.lastSequence; sequence += 1) {
    if (stream.read(sequence, view)) {
      messages.push({
        sequence: view.sequence,
        subject: view.subject.text,
        headers: decoder.decode(view.buffer.subarray(view.headersStart, view.payloadStart)),
        payload: decoder.decode(view.buffer.subarray(view.payloadStart, view.payloadEnd)),
        timeNs: view.timeNs,
      });
    }
  }
  return { state, messages, deleted: [...stream.deletedSequences()] };
}

export function describeModel(model: StreamModel): unknown {
  const [first] = model.messages;
  const stored = new Set(model.messages.map((message) => message.sequence));
  const deleted: number[] = [];
  for (let sequence = Math.max(1, model.first); sequence <= model.last; sequence += 1) {
    if (!stored.has(sequence)) {
      deleted.push(sequence);
    }
  }
  return {
    state: {
      messages: model.messages.length,
      firstSequence: model.first,
      lastSequence: model.last,
      firstTimeNs: first?.timeNs ?? 0n,
      lastTimeNs: model.lastTimeNs,
      subjects: new Set(model.messages.map((message) => message.subject)).size,
      deleted: deleted.length,
    },
    messages: model.messages,
    deleted,
  };
}

function compareSearches(stream: StreamStore, model: StreamModel, filters: readonly SubjectFilter[]): void {
  const probes = [1, model.first, Math.floor((model.first + model.last) / 2), model.last, model.last + 1];
  for (const filter of filters) {
    const matching = model.messages.filter((message) => filter.matches(message.subject)).map((message) => message.sequence);
    for (const from of probes) {
      const label = `${filter.patterns.join(",")} from ${from}`;
      expect([label, stream.nextMatching(filter, from)]).toEqual([label, matching.find((sequence) => sequence >= from) ?? 0]);
      expect([label, stream.previousMatching(filter, from)]).toEqual([label, matching.findLast((sequence) => sequence <= from) ?? 0]);
      expect([label, stream.countMatching(filter, from)]).toEqual([label, matching.filter((sequence) => sequence >= from).length]);
    }
    const states = [...stream.subjectStates(filter)].map((state) => state.subject.text).sort();
    const expected = [...new Set(model.messages.filter((message) => filter.matches(message.subject)).map((message) => message.subject))];
    expect(states).toEqual(expected.sort());
  }
  for (const text of subjectTexts) {
    const on = model.messages.filter((message) => message.subject === text).map((message) => message.sequence);
    const state = stream.subjectState(text);
    expect(state && [state.messages, state.firstSequence, state.lastSequence]).toEqual(
      on.length > 0 ? [on.length, on[0], on.at(-1)] : undefined,
    );
  }
  for (const message of model.messages) {
    const found = model.messages.find((other) => other.timeNs >= message.timeNs)?.sequence;
    expect(stream.sequenceAtTime(message.timeNs)).toBe(found);
    expect(stream.timeOf(message.sequence)).toBe(message.timeNs);
  }
  expect(stream.sequenceAtTime(model.lastTimeNs + 1_000_000n)).toBe(model.last + 1);
}

const operation = fc.oneof(
  { weight: 10, arbitrary: fc.record({ do: fc.constant("append"), subject: fc.nat(5), headers: fc.nat(40), payload: fc.nat(300) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("skip") }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("remove"), at: fc.nat(100), erase: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("remove-below"), at: fc.nat(120) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("purge"), filter: fc.nat(8), at: fc.nat(120), keep: fc.nat(4) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("continue-at"), gap: fc.nat(1_500) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("turn") }) },
);
export type Operation = Parameters<typeof applyOperation>[0]["operation"];
export const operations: fc.Arbitrary<Operation[]> = fc.array(operation, { maxLength: 80 });

/** Does one random operation to store and model, and compares what both answer. */
export function applyOperation(step: {
  operation:
    | { do: "append"; subject: number; headers: number; payload: number }
    | { do: "skip" }
    | { do: "remove"; at: number; erase: boolean }
    | { do: "remove-below"; at: number }
    | { do: "purge"; filter: number; at: number; keep: number }
    | { do: "continue-at"; gap: number }
    | { do: "turn" };
  stream: StreamStore;
  model: StreamModel;
  timeNs: bigint;
  turn: () => void;
}): void {
  const { operation, stream, model, timeNs } = step;
  // Percent of the stream, so that shrunk cases stay meaningful; over 100 aims past the end.
  const place = (at: number) => Math.max(1, Math.ceil(((model.last + 1) * at) / 100));
  switch (operation.do) {
    case "append": {
      const text = subjectTexts[operation.subject] ?? "x";
      const headers = operation.headers < 20 ? "" : "h".repeat(operation.headers);
      const payload = `${model.last + 1}:`.padEnd(operation.payload, "p");
      const input = { subject: subject(text), headers: encoder.encode(headers), payload: encoder.encode(payload), timeNs };
      expect(stream.append(input)).toBe(model.append({ subject: text, headers, payload, timeNs }));
      return;
    }
    case "skip":
      expect(stream.skip(timeNs)).toBe(model.skip(timeNs));
      return;
    case "remove":
      expect(stream.remove(place(operation.at), { erase: operation.erase })).toBe(model.remove(place(operation.at)));
      return;
    case "remove-below":
      expect(stream.removeBelow(place(operation.at))).toBe(model.removeBelow(place(operation.at)));
      return;
    case "purge": {
      const filter = compileFilter(filterPatterns[operation.filter] ?? []);
      const below = place(operation.at);
      const everything = filter.patterns.length === 0 || filter.patterns.includes(">");
      const removed = stream.purge({ filter, below, keep: operation.keep });
      // An unfiltered purge also moves the first sequence of a stream that holds nothing.
      const expected = everything && operation.keep === 0 ? model.removeBelow(below) : model.purge(filter, below, operation.keep);
      expect(removed).toBe(expected);
      return;
    }
    case "continue-at": {
      const sequence = model.last + 2 + operation.gap;
      expect(stream.continueAt(sequence)).toBe(model.continueAt(sequence));
      return;
    }
    case "turn":
      step.turn();
  }
}

export function streamStoreContract(open: () => ContractSubject): void {
  function withStream(body: (stream: StreamStore, turn: () => void) => void): void {
    const opened = open();
    try {
      body(opened.stream, opened.turn);
    } finally {
      opened.dispose();
    }
  }
  const message = (text: string, payload: string, timeNs = 1n) => ({
    subject: subject(text),
    headers: new Uint8Array(0),
    payload: encoder.encode(payload),
    timeNs,
  });

  test("a new stream has first and last sequence 0", () => {
    withStream((stream) => {
      expect(stream.state).toMatchObject({ messages: 0, bytes: 0, firstSequence: 0, lastSequence: 0, deleted: 0, subjects: 0 });
    });
  });

  test("random operations leave the store equal to a plain array", () => {
    fc.assert(
      fc.property(operations, (steps) => {
        withStream((stream, turn) => {
          const model = new StreamModel();
          const filters = filterPatterns.map((patterns) => compileFilter(patterns));
          let timeNs = 1_700_000_000_000_000_000n;
          for (const operation of steps) {
            timeNs += 1_000n;
            applyOperation({ operation, stream, model, timeNs, turn });
          }
          expect(describeStream(stream)).toEqual(describeModel(model));
          compareSearches(stream, model, filters);
          turn();
          expect(describeStream(stream)).toEqual(describeModel(model));
        });
      }),
      { numRuns: 150 },
    );
  });

  test("a filter compiled once follows the stream through appends and removals", () => {
    withStream((stream) => {
      const model = new StreamModel();
      const filters = filterPatterns.map((patterns) => compileFilter(patterns));
      for (let round = 0; round < 60; round += 1) {
        const text = subjectTexts[(round * 7) % 6] ?? "x";
        stream.append(message(text, String(round), BigInt(round + 1)));
        model.append({ subject: text, headers: "", payload: String(round), timeNs: BigInt(round + 1) });
        if (round % 3 === 0) {
          const victim = Math.floor(round / 2) + 1;
          expect(stream.remove(victim)).toBe(model.remove(victim));
        }
        compareSearches(stream, model, filters);
      }
    });
  });

  test("times never fall, also when the clock goes back", () => {
    withStream((stream, turn) => {
      const times = [100n, 40n, 90n, 101n];
      const sequences = times.map((timeNs) => stream.append(message("a", "x", timeNs)));
      expect(sequences.map((sequence) => stream.timeOf(sequence))).toEqual([100n, 100n, 100n, 101n]);
      stream.skip(50n);
      expect(stream.state.lastTimeNs).toBe(101n);
      stream.purge({});
      turn();
      stream.append(message("a", "x", 60n));
      expect(stream.timeOf(6)).toBe(101n);
      expect(stream.sequenceAtTime(101n)).toBe(6);
    });
  });

  test("an emptied stream keeps its last sequence and goes on behind it", () => {
    withStream((stream) => {
      for (const payload of ["one", "two", "three"]) {
        stream.append(message("a", payload));
      }
      expect(stream.purge({})).toBe(3);
      expect(stream.state).toMatchObject({ messages: 0, firstSequence: 4, lastSequence: 3, bytes: 0 });
      expect(stream.append(message("a", "four"))).toBe(4);
    });
  });

  test("a stream goes on far behind its last sequence, whatever the distance", () => {
    withStream((stream, turn) => {
      stream.append(message("a", "one", 5n));
      const far = 2 ** 51;
      expect(stream.continueAt(far)).toBe(1);
      expect(stream.state).toMatchObject({
        messages: 0,
        firstSequence: far,
        lastSequence: far - 1,
        lastTimeNs: 5n,
        deleted: 0,
        subjects: 0,
      });
      expect(stream.append(message("b", "two", 6n))).toBe(far);
      turn();
      expect(stream.state).toMatchObject({ messages: 1, firstSequence: far, lastSequence: far });
      expect([
        stream.nextMatching(compileFilter([]), 1),
        stream.previousMatching(compileFilter([]), far),
        stream.sequenceAtTime(6n),
      ]).toEqual([far, far, far]);
    });
  });

  test("a stream of many chunks forgets the chunks that were emptied", () => {
    withStream((stream, turn) => {
      for (let at = 0; at < 5_000; at += 1) {
        stream.append(message(at === 10 ? "kept" : `key.${at % 7}`, "x".repeat(20), BigInt(at)));
        if (at % 500 === 0) {
          turn();
        }
      }
      expect(stream.purge({ filter: compileFilter(["key.*"]), keep: 1 })).toBe(4_998);
      expect(stream.state).toMatchObject({ messages: 2, firstSequence: 11, lastSequence: 5_000, deleted: 4_988 });
      expect(stream.nextMatching(compileFilter(["key.>"]), 1)).toBe(5_000);
      expect(stream.previousMatching(compileFilter(["kept"]), 5_000)).toBe(11);
      expect(stream.countMatching(compileFilter([]), 12)).toBe(1);
    });
  });

  test("accounted bytes return to zero when everything is removed", () => {
    withStream((stream) => {
      const sequence = stream.append({ ...message("a.b", "payload"), headers: encoder.encode("NATS/1.0\r\nA: b\r\n\r\n") });
      const expected = stream.storage === "memory" ? 3 + 18 + 7 + 16 : 3 + 7 + 30 + 4 + 18;
      expect(stream.sizeOf(sequence)).toBe(expected);
      expect(stream.state.bytes).toBe(expected);
      stream.remove(sequence);
      expect(stream.state.bytes).toBe(0);
    });
  });
}
