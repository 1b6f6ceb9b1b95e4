/**
 * Whether operations on one register can be put in an order that respects real time and that a register allows: the search of Wing and Gong with the memory
 * of Lowe. Entries (call and return of each operation) lie in a linked list. A call that the state allows is taken out with its return and the search
 * goes on at the beginning; a return that is reached means that its operation should have been taken before, so the last decision is undone. A set of
 * taken operations with a state that was there before is not tried again. An optional operation whose return is reached did not happen.
 *
 * The search is exponential at worst. `stepsMax` bounds it; beyond that the answer is `unknown`, never a guess.
 */
import { emptyRegister, type RegisterOperation, type RegisterState, stateKey, step } from "./register.ts";

export type Linearizability =
  | { readonly verdict: "linearizable" }
  | { readonly verdict: "unknown"; readonly steps: number }
  /** Where the longest order that was found ends: nothing could be put between it and the end of `blocked`. */
  | { readonly verdict: "not-linearizable"; readonly taken: readonly RegisterOperation[]; readonly blocked: RegisterOperation };

export const stepsMaxDefault = 2_000_000;

interface Entry {
  readonly index: number;
  readonly operation: RegisterOperation;
  /** The return of a call; a return has none. */
  readonly match: Entry | undefined;
  previous: Entry | undefined;
  next: Entry | undefined;
}

interface Decision {
  readonly call: Entry;
  readonly state: RegisterState;
  /** Taken as one that did not happen, at its return. */
  readonly isDropped: boolean;
}

export function linearize(operations: readonly RegisterOperation[], stepsMax = stepsMaxDefault): Linearizability {
  return new Search(operations).run(stepsMax);
}

class Search {
  readonly #head: Entry;
  readonly #calls = new Map<number, Entry>();
  readonly #taken: Uint32Array;
  readonly #seen = new Map<string, Uint32Array[]>();
  readonly #decisions: Decision[] = [];
  #state = emptyRegister;
  #longest: { readonly taken: readonly RegisterOperation[]; readonly blocked: RegisterOperation } | undefined;

  constructor(operations: readonly RegisterOperation[]) {
    this.#head = linkedEntries(operations, this.#calls);
    this.#taken = new Uint32Array(Math.ceil(operations.length / 32));
  }

  run(stepsMax: number): Linearizability {
    let entry = this.#head.next;
    for (let steps = 0; entry !== undefined; steps += 1) {
      if (steps >= stepsMax) {
        return { verdict: "unknown", steps };
      }
      if (this.#tries(entry)) {
        entry = this.#head.next;
      } else if (entry.match !== undefined) {
        entry = entry.next;
      } else {
        this.#remember(entry.operation);
        entry = this.#undo();
        if (entry === undefined) {
          return { verdict: "not-linearizable", taken: [], ...this.#longest, blocked: this.#longest?.blocked ?? firstOf(this.#head) };
        }
      }
    }
    return { verdict: "linearizable" };
  }

  /** Takes the operation if the state allows it and this was not tried before. At the return of an optional one: takes it as not happened. */
  #tries(entry: Entry): boolean {
    const isDropped = entry.match === undefined;
    const { action } = entry.operation;
    const isOptional = action.kind === "write" && action.isOptional;
    const after = isDropped ? (isOptional ? this.#state : undefined) : step(this.#state, action);
    if (after === undefined || !this.#isNew(entry.index, after)) {
      return false;
    }
    const call = this.#calls.get(entry.index) ?? entry;
    this.#decisions.push({ call, state: this.#state, isDropped });
    this.#state = after;
    this.#flip(entry.index);
    lift(call);
    return true;
  }

  /** The entry to go on with, or undefined when no decision is left. A drop was the last choice at its place. */
  #undo(): Entry | undefined {
    for (let last = this.#decisions.pop(); last !== undefined; last = this.#decisions.pop()) {
      this.#state = last.state;
      this.#flip(last.call.index);
      putBack(last.call);
      if (!last.isDropped) {
        return last.call.next;
      }
    }
    return undefined;
  }

  #isNew(index: number, after: RegisterState): boolean {
    this.#flip(index);
    const taken = this.#taken.slice();
    this.#flip(index);
    const key = `${hashOf(taken)} ${stateKey(after)}`;
    const known = this.#seen.get(key) ?? [];
    if (known.some((each) => each.every((word, at) => word === taken[at]))) {
      return false;
    }
    known.push(taken);
    this.#seen.set(key, known);
    return true;
  }

  #flip(index: number): void {
    const word = index >>> 5;
    this.#taken[word] = (this.#taken[word] ?? 0) ^ (1 << (index & 31));
  }

  #remember(blocked: RegisterOperation): void {
    if (this.#longest === undefined || this.#decisions.length > this.#longest.taken.length) {
      const happened = this.#decisions.filter((each) => !each.isDropped);
      this.#longest = { taken: happened.map((each) => each.call.operation), blocked };
    }
  }
}

/** In the order of time; what begins when another ends may have come before it. */
function linkedEntries(operations: readonly RegisterOperation[], calls: Map<number, Entry>): Entry {
  const placed = operations.flatMap((operation, index) => {
    const back: Entry = { index, operation, match: undefined, previous: undefined, next: undefined };
    const call: Entry = { index, operation, match: back, previous: undefined, next: undefined };
    calls.set(index, call);
    return [
      { at: operation.begin, order: 0, entry: call },
      { at: operation.end, order: 1, entry: back },
    ];
  });
  placed.sort((a, b) => compare(a.at, b.at) || a.order - b.order || a.entry.index - b.entry.index);
  const head: Entry = {
    index: -1,
    operation: { begin: 0, end: 0, action: { kind: "refused", expected: -1 } },
    match: undefined,
    previous: undefined,
    next: undefined,
  };
  let last = head;
  for (const { entry } of placed) {
    last.next = entry;
    entry.previous = last;
    last = entry;
  }
  return head;
}

/** Differences of infinities are no numbers. */
function compare(a: number, b: number): number {
  return a < b ? -1 : Number(a > b);
}

function lift(call: Entry): void {
  for (const entry of [call, call.match]) {
    if (entry?.previous !== undefined) {
      entry.previous.next = entry.next;
    }
    if (entry?.next !== undefined) {
      entry.next.previous = entry.previous;
    }
  }
}

/** The opposite of `lift`, in the opposite order. */
function putBack(call: Entry): void {
  for (const entry of [call.match, call]) {
    if (entry?.previous !== undefined) {
      entry.previous.next = entry;
    }
    if (entry?.next !== undefined) {
      entry.next.previous = entry;
    }
  }
}

function hashOf(words: Uint32Array): number {
  return words.reduce((hash, word) => Math.imul(hash ^ word, 0x01000193) >>> 0, 0x811c9dc5);
}

function firstOf(head: Entry): RegisterOperation {
  return head.next?.operation ?? head.operation;
}
