/**
 * How a consumer's changes and its whole state stand in the store.
 *
 * A record is its number, then a sequence of entries. Records are numbered from 1; a base has the number of the last record that is part
 * of it, so that records which reach the store behind a snapshot that contains them already are passed over. Numbers are unsigned LEB128 (7 bits a byte, low bits first); `±` marks a zigzag difference
 * to the stream sequence of the entry before it in the same record, 0 at the start.
 *
 *   1 delivered      ±stream, count             that many new messages with consecutive stream and consumer sequences
 *   2 redelivered    ±stream, redeliveries      one redelivery, with the next consumer sequence
 *   3 acknowledged   ±stream, count             that many messages with consecutive stream sequences, in ascending order
 *   4 through        ±stream, consumer          everything up to that message (ack policy all)
 *   5 exhausted      ±stream, redeliveries      max_deliver was used up
 *   6 state          the whole state, see `writeState`: after a purge, a reset, and at the beginning
 *   7 definition     length, JSON               the configuration changed
 *
 * A base (the definition at creation and every snapshot) is a `definition` entry followed by a `state` entry, so there is one
 * reader for everything. Entries are replayed through the same methods of `ConsumerState` that made them.
 */
import { ByteReader, ByteWriter } from "./consumer-record-bytes.ts";
import type { ConsumerState, SequencePair } from "./consumer-state.ts";

const entry = { delivered: 1, redelivered: 2, acknowledged: 3, through: 4, exhausted: 5, state: 6, definition: 7 } as const;

/** Collects the changes of one turn; deliveries and acknowledgements of neighbours become one entry. */
export class ConsumerJournal {
  readonly #out = new ByteWriter();
  #previous = 0;
  #run: typeof entry.delivered | typeof entry.acknowledged | 0 = 0;
  #runStart = 0;
  #runLength = 0;
  #number: number;
  /** Records that a snapshot contains, but the store has not got yet. */
  #closed: Uint8Array[] = [];

  /** `number` is that of the last record there is. */
  constructor(number = 0) {
    this.#number = number;
  }

  delivered(streamSequence: number): void {
    this.#extend(entry.delivered, streamSequence);
  }

  acknowledged(streamSequence: number): void {
    this.#extend(entry.acknowledged, streamSequence);
  }

  redelivered(streamSequence: number, redeliveries: number): void {
    this.#single(entry.redelivered, streamSequence, redeliveries);
  }

  acknowledgedThrough(streamSequence: number, consumerSequence: number): void {
    this.#single(entry.through, streamSequence, consumerSequence);
  }

  exhausted(streamSequence: number, redeliveries: number): void {
    this.#single(entry.exhausted, streamSequence, redeliveries);
  }

  state(state: ConsumerState): void {
    this.#endRun();
    writeState(this.#out, state);
  }

  definition(json: string): void {
    this.#endRun();
    writeDefinition(this.#out, json);
  }

  get isEmpty(): boolean {
    return this.#run === 0 && this.#out.length === 0 && this.#closed.length === 0;
  }

  /** Bytes of the open record so far, its open run aside. */
  get length(): number {
    return this.#out.length;
  }

  /** Closes the open record, for a snapshot that contains it; its number. */
  cut(): number {
    this.#endRun();
    this.#previous = 0;
    if (this.#out.length > 0) {
      this.#number += 1;
      this.#closed.push(numbered(this.#number, this.#out.take()));
    }
    return this.#number;
  }

  /** The records of everything since the last call. */
  take(): readonly Uint8Array[] {
    this.cut();
    const records = this.#closed;
    this.#closed = [];
    return records;
  }

  #extend(kind: typeof entry.delivered | typeof entry.acknowledged, streamSequence: number): void {
    if (this.#run === kind && streamSequence === this.#runStart + this.#runLength) {
      this.#runLength += 1;
      return;
    }
    this.#endRun();
    this.#run = kind;
    this.#runStart = streamSequence;
    this.#runLength = 1;
  }

  #endRun(): void {
    if (this.#run === 0) {
      return;
    }
    const kind = this.#run;
    this.#run = 0;
    this.#write(kind, this.#runStart, this.#runLength);
    this.#previous = this.#runStart + this.#runLength - 1;
  }

  #single(kind: number, streamSequence: number, value: number): void {
    this.#endRun();
    this.#write(kind, streamSequence, value);
    this.#previous = streamSequence;
  }

  #write(kind: number, streamSequence: number, value: number): void {
    this.#out.byte(kind);
    this.#out.signed(streamSequence - this.#previous);
    this.#out.unsigned(value);
  }
}

function numbered(number: number, entries: Uint8Array): Uint8Array {
  const out = new ByteWriter();
  out.unsigned(number);
  out.bytes(entries);
  return out.take();
}

/** The base that replaces all records up to `number`. */
export function encodeBase(json: string, state: ConsumerState, number = 0): Uint8Array {
  const out = new ByteWriter();
  out.unsigned(number);
  writeDefinition(out, json);
  writeState(out, state);
  return out.take();
}

/** What a reader of records is told, besides the changes of the state. */
export interface RecordReader {
  /** Returns the state that the following entries change. */
  definition(json: string): ConsumerState;
}

export interface Replayed {
  readonly state: ConsumerState | undefined;
  /** Of the last record that is part of the state. */
  readonly number: number;
}

/** Replays one record or base. `sinceMs` is when the acknowledgement deadlines of its deliveries begin. */
export function replayRecord(
  record: Uint8Array,
  { before, reader, sinceMs }: { before: Replayed; reader: RecordReader; sinceMs: number },
): Replayed {
  const bytes = new ByteReader(record);
  const number = bytes.unsigned();
  let current = before.state;
  if (current !== undefined && number <= before.number) {
    return before;
  }
  let previous = 0;
  while (!bytes.atEnd) {
    const kind = bytes.byte();
    if (kind === entry.definition) {
      current = reader.definition(bytes.text());
      continue;
    }
    if (current === undefined) {
      throw new Error("the first entry of a consumer's records is not its definition");
    }
    if (kind === entry.state) {
      readState(bytes, current, sinceMs);
      continue;
    }
    const streamSequence = previous + bytes.signed();
    previous = replayChange(current, { kind, streamSequence, value: bytes.unsigned(), sinceMs });
  }
  return { state: current, number };
}

interface Change {
  readonly kind: number;
  readonly streamSequence: number;
  readonly value: number;
  readonly sinceMs: number;
}

/** Returns the last stream sequence that the entry touched. */
function replayChange(state: ConsumerState, { kind, streamSequence, value, sinceMs }: Change): number {
  switch (kind) {
    case entry.delivered:
      for (let index = 0; index < value; index += 1) {
        state.deliver(streamSequence + index, sinceMs);
      }
      return streamSequence + value - 1;
    case entry.acknowledged:
      for (let index = 0; index < value; index += 1) {
        state.acknowledge(streamSequence + index);
      }
      return streamSequence + value - 1;
    case entry.redelivered:
      state.redeliver(streamSequence, value, sinceMs);
      return streamSequence;
    case entry.through:
      state.acknowledgeThrough(streamSequence, value);
      return streamSequence;
    case entry.exhausted:
      state.exhaust(streamSequence, value);
      return streamSequence;
    default:
      throw new Error(`a consumer record holds an entry of unknown kind ${kind}`);
  }
}

function writeDefinition(out: ByteWriter, json: string): void {
  out.byte(entry.definition);
  out.text(json);
}

/**
 * delivered, floor, reported floor (consumer and stream each), next sequence · pending: count, then ±stream and consumer of each
 * in ascending order · redeliveries: count, then stream and redeliveries of each · skip list: 0, or 1, resume, count, then ± each.
 */
function writeState(out: ByteWriter, state: ConsumerState): void {
  out.byte(entry.state);
  for (const pair of [state.delivered, state.floor, state.reportedFloor]) {
    out.unsigned(pair.consumer);
    out.unsigned(pair.stream);
  }
  out.unsigned(state.nextSequence);
  const pending = state.pending.sequences();
  out.unsigned(pending.length);
  let previous = 0;
  for (const sequence of pending) {
    out.unsigned(sequence - previous);
    out.unsigned(state.pending.consumerSequenceOf(sequence));
    previous = sequence;
  }
  out.unsigned(state.redeliveries.size);
  for (const [sequence, redeliveries] of state.redeliveries) {
    out.unsigned(sequence);
    out.unsigned(redeliveries);
  }
  writeSkipList(out, state);
}

function writeSkipList(out: ByteWriter, { skipList }: ConsumerState): void {
  if (skipList === undefined) {
    out.byte(0);
    return;
  }
  const left = skipList.sequences.slice(skipList.position);
  out.byte(1);
  out.unsigned(skipList.resume);
  out.unsigned(left.length);
  let previous = 0;
  for (const sequence of left) {
    out.unsigned(sequence - previous);
    previous = sequence;
  }
}

function readState(bytes: ByteReader, state: ConsumerState, sinceMs: number): void {
  state.start(1);
  for (const pair of [state.delivered, state.floor, state.reportedFloor]) {
    readPair(bytes, pair);
  }
  state.nextSequence = bytes.unsigned();
  let sequence = 0;
  for (let left = bytes.unsigned(); left > 0; left -= 1) {
    sequence += bytes.unsigned();
    state.pending.track(sequence, bytes.unsigned(), sinceMs);
  }
  for (let left = bytes.unsigned(); left > 0; left -= 1) {
    const redelivered = bytes.unsigned();
    state.redeliveries.set(redelivered, bytes.unsigned());
  }
  if (bytes.byte() === 1) {
    const resume = bytes.unsigned();
    const sequences: number[] = [];
    let listed = 0;
    for (let left = bytes.unsigned(); left > 0; left -= 1) {
      listed += bytes.unsigned();
      sequences.push(listed);
    }
    state.skipList = { sequences, position: 0, resume };
  }
}

function readPair(bytes: ByteReader, pair: SequencePair): void {
  pair.consumer = bytes.unsigned();
  pair.stream = bytes.unsigned();
}
