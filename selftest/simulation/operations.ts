/**
 * What a simulated run is made of: a list of operations, plain data, drawn from a seed. An operation names streams, clients and messages by
 * small numbers that are resolved when it runs, so that any sublist is a run, too, and a failing list can be shrunk.
 */
import type { Random } from "../../reference/ports.ts";
import type { DiskCall } from "../../reference/sim/crashable-disk.ts";

export type Expectation = "sequence" | "subject-sequence" | "message-id" | "wrong-sequence";

/** One client request. `at` is a place in what exists then, in thousandths. */
export type Request =
  | { readonly do: "create-stream"; readonly stream: number; readonly limit: number; readonly limitedBy: "count" | "subject" | "refusal" }
  | { readonly do: "update-stream"; readonly stream: number; readonly limit: number }
  | { readonly do: "delete-stream"; readonly stream: number }
  | {
      readonly do: "publish";
      readonly stream: number;
      readonly subject: number;
      readonly content: number;
      readonly bytes: number;
      readonly id?: number;
      readonly expects?: Expectation;
      readonly silent?: boolean;
    }
  | { readonly do: "delete-message"; readonly stream: number; readonly at: number; readonly erase: boolean }
  | { readonly do: "purge"; readonly stream: number; readonly how: "all" | "keep" | "below" | "subject"; readonly at: number }
  | { readonly do: "get"; readonly stream: number; readonly at: number }
  | { readonly do: "create-consumer"; readonly stream: number; readonly consumer: number; readonly subject?: number }
  | { readonly do: "delete-consumer"; readonly stream: number; readonly consumer: number }
  | { readonly do: "pull"; readonly stream: number; readonly consumer: number; readonly batch: number; readonly waitMs: number }
  | { readonly do: "ack"; readonly delivery: number; readonly verb: "" | "-NAK" | "+TERM" | "+WPI"; readonly answered: boolean };

/** How a process or machine ends: `kill` keeps everything written, the others are power cuts with an adversary. */
export type Ending = { readonly keep: "kill" | "nothing" | "everything" | "random"; readonly seed: number };

export type Fault =
  /** The machine dies in the middle of the n-th disk call from here, or at once (0); then again during each recovery. */
  | { readonly do: "crash"; readonly call: number; readonly ending: Ending; readonly nested: readonly number[] }
  | { readonly do: "restart" }
  | { readonly do: "fail"; readonly call: DiskCall | "any"; readonly nth: number; readonly code: string; readonly forever: boolean }
  | { readonly do: "disk-full"; readonly freeBytes: number };

export type Operation =
  | { readonly do: "request"; readonly client: number; readonly request: Request; readonly pieces?: number }
  /** Sends that share of a request's bytes, in thousandths, and hangs up. */
  | { readonly do: "hang-up"; readonly client: number; readonly request: Request; readonly share: number }
  /** `calls`: the turn ends, but the disk gets no further than that many calls in the background; without it everything is waited for. */
  | { readonly do: "turn"; readonly calls?: number }
  | { readonly do: "wait"; readonly ms: number }
  | Fault;

export const streamsMax = 3;
export const subjectsMax = 3;
export const consumersMax = 2;
export const clientsMax = 3;

/** On a slow disk a turn often ends before its commit does. */
export function drawOperations(random: Random, count: number, { isSlow = false }: { readonly isSlow?: boolean } = {}): Operation[] {
  const operations: Operation[] = [
    request(0, { do: "create-stream", stream: 0, limit: 0, limitedBy: "count" }),
    request(1, { do: "create-consumer", stream: 0, consumer: 0 }),
    { do: "turn" },
  ];
  for (let content = 1; operations.length < count; content += 1) {
    operations.push(drawOperation(random, content));
    if (random.below(3) > 0) {
      operations.push(isSlow && random.below(3) > 0 ? { do: "turn", calls: random.below(4) } : { do: "turn" });
    }
  }
  return operations;
}

function request(client: number, of: Request): Operation & { do: "request" } {
  return { do: "request", client, request: of };
}

function drawOperation(random: Random, content: number): Operation {
  const dice = random.below(100);
  if (dice < 84) {
    const drawn = request(random.below(clientsMax), drawRequest(random, content));
    return random.below(8) === 0 ? { ...drawn, pieces: 1 + random.below(40) } : drawn;
  }
  if (dice < 88) {
    return { do: "wait", ms: random.below(3) === 0 ? random.below(40_000) : random.below(400) };
  }
  if (dice < 91) {
    return { do: "hang-up", client: random.below(clientsMax), request: drawRequest(random, content), share: random.below(1001) };
  }
  return drawFault(random);
}

function drawRequest(random: Random, content: number): Request {
  // The first stream has most of the traffic, so that histories grow long.
  const stream = random.below(3) > 0 ? 0 : random.below(streamsMax);
  const at = random.below(1001);
  const consumer = random.below(consumersMax);
  const dice = random.below(100);
  if (dice < 38) {
    return drawPublish(random, stream, content);
  }
  if (dice < 46) {
    return { do: "delete-message", stream, at, erase: random.below(2) === 0 };
  }
  if (dice < 52) {
    return { do: "purge", stream, how: pick(random, ["all", "keep", "below", "subject"]), at };
  }
  if (dice < 57) {
    return { do: "get", stream, at };
  }
  if (dice < 68) {
    return { do: "pull", stream, consumer, batch: 1 + random.below(6), waitMs: random.below(4) === 0 ? 3_000 : 0 };
  }
  if (dice < 84) {
    const verb = random.below(3) > 0 ? "" : pick(random, ["-NAK", "+TERM", "+WPI"] as const);
    return { do: "ack", delivery: random.below(1000), verb, answered: random.below(3) > 0 };
  }
  if (dice < 90) {
    const subject = random.below(2) === 0 ? {} : { subject: random.below(subjectsMax) };
    return { do: "create-consumer", stream, consumer, ...subject };
  }
  if (dice < 92) {
    return { do: "delete-consumer", stream, consumer };
  }
  if (dice < 95) {
    return { do: "update-stream", stream, limit: drawLimit(random) };
  }
  return dice < 98
    ? { do: "create-stream", stream, limit: drawLimit(random), limitedBy: pick(random, ["count", "subject", "refusal"]) }
    : { do: "delete-stream", stream };
}

/** 0 is no limit. */
function drawLimit(random: Random): number {
  return random.below(2) === 0 ? 0 : 1 + random.below(12);
}

function drawPublish(random: Random, stream: number, content: number): Request {
  const dice = random.below(8);
  return {
    do: "publish",
    stream,
    subject: random.below(subjectsMax),
    content,
    bytes: random.below(12) === 0 ? random.below(3000) : random.below(120),
    ...(random.below(3) === 0 ? { id: random.below(12) } : {}),
    ...(dice < 4 ? { expects: pick(random, ["sequence", "subject-sequence", "message-id", "wrong-sequence"] as const) } : {}),
    ...(dice === 7 ? { silent: true } : {}),
  };
}

function drawFault(random: Random): Fault {
  const dice = random.below(12);
  if (dice < 6) {
    return {
      do: "crash",
      call: random.below(30),
      ending: drawEnding(random),
      nested: Array.from({ length: Math.max(0, random.below(6) - 2) }, () => 1 + random.below(30)),
    };
  }
  if (dice < 8) {
    return { do: "restart" };
  }
  if (dice === 8) {
    return { do: "disk-full", freeBytes: random.below(4) === 0 ? 2 ** 40 : random.below(6000) };
  }
  return {
    do: "fail",
    call: pick(random, ["any", "write", "sync", "sync", "open", "syncDirectory", "unlink", "rename", "truncate"] as const),
    nth: 1 + random.below(8),
    code: pick(random, ["EIO", "ENOSPC"] as const),
    forever: random.below(4) === 0,
  };
}

function drawEnding(random: Random): Ending {
  return { keep: pick(random, ["kill", "nothing", "everything", "random"] as const), seed: 1 + random.below(1_000_000) };
}

function pick<T>(random: Random, from: readonly T[]): T {
  const chosen = from[random.below(from.length)];
  if (chosen === undefined) {
    throw new Error("nothing to pick from");
  }
  return chosen;
}
