/**
 * Random histories of one register, from a seed: clients write, compare and set, and read at once; some get no answer. About half are then broken in one
 * place, in ways that may or may not leave an order: that is for the two searches to agree on.
 */
import type { RegisterAction, RegisterOperation } from "../../evidence/linearizability/register.ts";
import { randomFrom } from "../../evidence/mutations/sound-history.ts";

interface Pending {
  readonly begin: number;
  readonly kind: "write" | "read";
  readonly value: string;
  readonly expected: number | undefined;
  readonly takesEffect: boolean;
  /** Whether the client hears of it. */
  readonly isAnswered: boolean;
  effect: RegisterAction | undefined;
}

export function randomRegisterHistory(seed: number): RegisterOperation[] {
  const random = randomFrom(~seed);
  const operations = soundRegisterHistory(seed);
  return resolved(random() < 0.4 ? operations : broken(operations, random));
}

/** What a register without faults gives; there is an order of it for sure. */
export function soundRegisterHistory(seed: number): RegisterOperation[] {
  const random = randomFrom(seed);
  const run = new RegisterRun(random);
  const steps = 10 + Math.floor(random() * 90);
  for (let now = 0; now < steps; now += 1) {
    run.step(now);
  }
  return resolved(run.finish(steps));
}

class RegisterRun {
  readonly #random: () => number;
  readonly #clients: (Pending | undefined)[];
  readonly #done: RegisterOperation[] = [];
  #current = { revision: 0, value: "" };
  #sequence = 0;
  #values = 0;
  #known = 0;

  constructor(random: () => number) {
    this.#random = random;
    this.#clients = Array.from({ length: 2 + Math.floor(random() * 4) }, () => undefined);
  }

  step(now: number): void {
    const client = Math.floor(this.#random() * this.#clients.length);
    const pending = this.#clients[client];
    if (pending === undefined) {
      this.#clients[client] = this.#begin(now);
    } else if (pending.effect === undefined) {
      pending.effect = this.#apply(pending);
    } else {
      this.#end(pending, now);
      this.#clients[client] = undefined;
    }
  }

  finish(now: number): RegisterOperation[] {
    for (const pending of this.#clients) {
      if (pending !== undefined) {
        pending.effect ??= this.#apply(pending);
        this.#end(pending, now);
      }
    }
    return this.#done;
  }

  #begin(now: number): Pending {
    const draw = this.#random();
    this.#values += 1;
    // Other keys of the stream take sequences, too.
    this.#sequence += this.#random() < 0.3 ? 1 : 0;
    const isConditional = draw < 0.5;
    const expected = this.#random() < 0.7 ? this.#known : this.#random() < 0.5 ? 0 : Math.floor(this.#random() * (this.#sequence + 2));
    const isAnswered = this.#random() < 0.8;
    return {
      begin: now,
      kind: draw < 0.7 ? "write" : "read",
      value: `v${this.#values}`,
      expected: isConditional ? expected : undefined,
      takesEffect: isAnswered || this.#random() < 0.5,
      isAnswered,
      effect: undefined,
    };
  }

  #apply({ kind, value, expected, takesEffect, isAnswered }: Pending): RegisterAction {
    if (kind === "read") {
      this.#known = this.#current.revision;
      return { kind, ...this.#current };
    }
    const isRefused = expected !== undefined && expected !== this.#current.revision;
    if (!isRefused && takesEffect) {
      this.#sequence += 1;
      this.#current = { revision: this.#sequence, value };
      this.#known = this.#sequence;
    }
    if (isRefused && isAnswered) {
      return { kind: "refused", expected };
    }
    const revision = isAnswered ? this.#current.revision : undefined;
    return { kind, value, revision, expected, isFree: false, isOptional: !isAnswered };
  }

  #end({ begin, effect, isAnswered, kind }: Pending, now: number): void {
    if (effect === undefined || (kind === "read" && !isAnswered)) {
      return;
    }
    const end = isAnswered ? now : this.#random() < 0.5 ? Number.POSITIVE_INFINITY : now + Math.floor(this.#random() * 20);
    this.#done.push({ begin, end, action: effect });
  }
}

/** What nobody saw has no revision, and a condition on a revision that nobody is known to have may be about it. */
function resolved(operations: readonly RegisterOperation[]): RegisterOperation[] {
  const seen = new Map<string, number>();
  for (const { action } of operations) {
    if (action.kind === "read") {
      seen.set(action.value, action.revision);
    }
  }
  const placed = operations.map((operation) => {
    const { action } = operation;
    const revision = action.kind === "write" && action.isOptional ? seen.get(action.value) : undefined;
    return revision === undefined ? operation : { ...operation, action: { ...action, revision, isOptional: false } };
  }) as RegisterOperation[];
  const taken = new Set(placed.flatMap(({ action }) => (action.kind === "refused" ? [] : [action.revision])));
  return placed.map((operation) => {
    const { action } = operation;
    const isFree = action.kind === "write" && action.expected !== undefined && !taken.has(action.expected);
    return isFree ? { ...operation, action: { ...action, isFree } } : operation;
  });
}

function broken(operations: readonly RegisterOperation[], random: () => number): RegisterOperation[] {
  const at = Math.floor(random() * operations.length);
  const other = operations[Math.floor(random() * operations.length)];
  return operations.map((operation, index) => (index === at ? brokenOne(operation, other, random()) : operation));
}

function brokenOne(operation: RegisterOperation, other: RegisterOperation | undefined, draw: number): RegisterOperation {
  const { action } = operation;
  if (action.kind === "read" && other?.action.kind === "write" && other.action.revision !== undefined) {
    return { ...operation, action: { kind: "read", revision: other.action.revision, value: other.action.value } };
  }
  if (action.kind === "write" && draw < 0.5) {
    return { ...operation, action: { ...action, expected: (action.expected ?? 1) + (draw < 0.25 ? 1 : -1) } };
  }
  if (action.kind === "write" && action.expected !== undefined) {
    return { ...operation, action: { kind: "refused", expected: action.expected } };
  }
  return { ...operation, begin: operation.begin + 15, end: operation.end + 15 };
}

/** One line for the Go program. */
export function exportedHistory(operations: readonly RegisterOperation[]): string {
  const lines = operations.map(({ begin, end, action }) => ({ begin, ...(end === Number.POSITIVE_INFINITY ? {} : { end }), ...action }));
  return JSON.stringify(lines);
}
