/**
 * The headers of a publish that concern the stream, found in one pass over the block without making strings of the others. Names
 * are compared exactly and the first line of a name counts, as on the official server. One object is reused for all messages.
 */

/** Where a value stands in the message's buffer; `end` is 0 when the header is missing. */
export interface HeaderRange {
  start: number;
  end: number;
}

/** What the stream looks at, with the official names. */
const NAMES = {
  messageId: "Nats-Msg-Id",
  expectedStream: "Nats-Expected-Stream",
  expectedLastSequence: "Nats-Expected-Last-Sequence",
  expectedLastSubjectSequence: "Nats-Expected-Last-Subject-Sequence",
  expectedLastSubjectSequenceSubject: "Nats-Expected-Last-Subject-Sequence-Subject",
  expectedLastMessageId: "Nats-Expected-Last-Msg-Id",
  rollup: "Nats-Rollup",
  timeToLive: "Nats-TTL",
  increment: "Nats-Incr",
  batchId: "Nats-Batch-Id",
  batchSequence: "Nats-Batch-Sequence",
  batchCommit: "Nats-Batch-Commit",
  requiredApiLevel: "Nats-Required-Api-Level",
  schedule: "Nats-Schedule",
  scheduleNext: "Nats-Schedule-Next",
  scheduler: "Nats-Scheduler",
  source: "Nats-Stream-Source",
} as const;

type HeaderName = keyof typeof NAMES;

interface Named {
  readonly key: HeaderName;
  readonly bytes: Uint8Array;
}

const NAMED: readonly Named[] = Object.entries(NAMES).map(([key, name]) => ({
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the entries of NAMES have its keys
  key: key as HeaderName,
  bytes: Buffer.from(name),
}));
/** The colon behind a name tells its length; of each length there are few. */
const BY_LENGTH: readonly (readonly Named[])[] = Array.from(
  { length: Math.max(...NAMED.map(({ bytes }) => bytes.length)) + 1 },
  (_, length) => NAMED.filter(({ bytes }) => bytes.length === length),
);
/** Every known name begins with this, so other headers are passed over by their first bytes. */
const PREFIX = Buffer.from("Nats-");
const COLON = 0x3a;
const SPACE = 0x20;
const CR = 0x0d;
const LF = 0x0a;

export class PublishHeaders {
  #buffer: Uint8Array = PREFIX;
  readonly #ranges: Record<HeaderName, HeaderRange>;
  readonly #messageId: HeaderRange;
  /** The ranges that hold something of this message. */
  readonly #taken: HeaderRange[] = [];

  constructor() {
    const range = (): HeaderRange => ({ start: 0, end: 0 });
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- built from the same keys
    this.#ranges = Object.fromEntries(NAMED.map(({ key }) => [key, range()])) as Record<HeaderName, HeaderRange>;
    this.#messageId = this.#ranges.messageId;
  }

  /** Reads the block `buffer[start..end)`. False when no known header is in it. */
  scan(buffer: Uint8Array, start: number, end: number): boolean {
    this.#buffer = buffer;
    while (this.#taken.length > 0) {
      this.#taken.pop()!.end = 0;
    }
    let line = lineAfter(buffer, start, end);
    while (line < end) {
      line = startsWith(buffer, line, PREFIX, end) ? this.#take(line, end) : lineAfter(buffer, line, end);
    }
    return this.#taken.length > 0;
  }

  /** The usual publish with headers: nothing else in it concerns the stream. */
  get isMessageIdOnly(): boolean {
    return this.#taken.length === 1 && this.#messageId.end > 0;
  }

  /** Where the `Nats-Msg-Id` is, undefined when there is none. Faster than asking by name. */
  get messageId(): HeaderRange | undefined {
    return this.#messageId.end > this.#messageId.start ? this.#messageId : undefined;
  }

  has(name: HeaderName): boolean {
    return this.#ranges[name].end > this.#ranges[name].start;
  }

  /** The line is there, even if its value is empty. */
  isPresent(name: HeaderName): boolean {
    return this.#ranges[name].end > 0;
  }

  range(name: HeaderName): HeaderRange {
    return this.#ranges[name];
  }

  /** The value, empty when the header is missing. */
  text(name: HeaderName): string {
    const { start, end } = this.#ranges[name];
    return end > start ? Buffer.from(this.#buffer.buffer, this.#buffer.byteOffset + start, end - start).toString("utf8") : "";
  }

  /** Returns where the next line begins. */
  #take(line: number, end: number): number {
    const buffer = this.#buffer;
    let colon = line + PREFIX.length;
    const last = Math.min(end, line + BY_LENGTH.length);
    while (colon < last && buffer[colon] !== COLON) {
      colon += 1;
    }
    for (const { key, bytes } of BY_LENGTH[colon - line] ?? []) {
      const range = this.#ranges[key];
      if (range.end === 0 && buffer[colon] === COLON && startsWith(buffer, line, bytes, end)) {
        range.start = colon + 1;
        while (range.start < end && buffer[range.start] === SPACE) {
          range.start += 1;
        }
        range.end = lineEnd(buffer, range.start, end);
        this.#taken.push(range);
        return Math.min(range.end + 2, end);
      }
    }
    return lineAfter(buffer, line, end);
  }
}

function startsWith(buffer: Uint8Array, at: number, bytes: Uint8Array, end: number): boolean {
  if (at + bytes.length > end) {
    return false;
  }
  for (let index = 0; index < bytes.length; index += 1) {
    if (buffer[at + index] !== bytes[index]) {
      return false;
    }
  }
  return true;
}

/** Where the line from `at` ends: the position of its CR LF, or `end`. */
function lineEnd(buffer: Uint8Array, at: number, end: number): number {
  for (let index = at; index + 1 < end; index += 1) {
    if (buffer[index] === CR && buffer[index + 1] === LF) {
      return index;
    }
  }
  return end;
}

function lineAfter(buffer: Uint8Array, at: number, end: number): number {
  return Math.min(lineEnd(buffer, at, end) + 2, end);
}

/** Decimal digits as a number; -1 for anything else. */
export function digitsOf(text: string): number {
  return /^\d+$/.test(text) ? Number(text) : -1;
}
