/**
 * One record of the commit log. Little endian, 8-byte aligned.
 *
 *    0  u32  magic            4  u32  length of the whole record, a multiple of 8
 *    8  u32  header checksum over bytes 0–8 and 12–48, so that `length` can be trusted alone; seeded, like the
 *            checksum at the end, with segment id and offset, so that a stale or misplaced record is recognised
 *   12  u8   kind            13  u8   flags          14  u16  subject length
 *   16  u64  stream id       24  u64  sequence       32  i64  time, ns since 1970
 *   40  u32  headers length  44  u32  payload length
 *   48  subject, headers, payload, [message id], padding with zeros, [u32 message id length],
 *       then a u64 checksum over everything before it
 *
 * The bracketed fields exist when the flag `hasMessageId` is set.
 * Invariants: no field outside a checksum; a record never crosses a segment; the sequence of a stream only grows.
 */
import type { LogMemory } from "./checksum.ts";

export const recordMagic = 0x4c50_5253;
export const recordHeader = 48;
export const recordTrailer = 8;

export const recordKind = {
  /** First in every segment. Payload: format, id and end of the segment before it. */
  segment: 1,
  /** First in every batch. Sequence: number of the batch. Stream: see `last-sequences.ts`. Payload: see `commit-log.ts`. */
  batch: 2,
  message: 3,
  /** A sequence that was consumed without a message. */
  skip: 4,
  /** Payload: runs of removed sequences, see `sequence-runs.ts`. */
  removals: 5,
  /** Everything below the sequence is removed. */
  floor: 6,
  /** Subject: stream name. Headers: account. Payload: configuration. Sequence: first sequence. Time: created. */
  streamCreate: 7,
  /** Payload: configuration. */
  streamConfig: 8,
  streamDelete: 9,
  /** Time: how long message ids are kept, ns. */
  messageIdWindow: 10,
  /** Sequence: id of the asset, here and below. Subject: its name. Payload: its definition. */
  assetCreate: 11,
  /** Payload: one or more changes, each after its length as u32. */
  assetRecords: 12,
  assetDelete: 13,
  /** As `streamCreate`, before a stream's first message in a segment, so that no stream is lost with the checkpoints. */
  streamIdentity: 14,
  /** The id of a message that is gone or about to be overwritten. Sequence and time: the message's. Nothing but the id. */
  messageId: 15,
  /** The last two records of a file that is written no more, see `segment-footer.ts`. */
  footer: 16,
  footerEnd: 17,
  /** Payload: stream and its last sequence, both as varints, of streams with a sequence in this batch, see `last-sequences.ts`. */
  lastSequences: 18,
} as const;

export const recordFlag = {
  hasMessageId: 1,
  /** The body was overwritten with zeros after the message had been removed. */
  erased: 2,
  /** Reserved, see `store-format.ts`. */
  compressed: 4,
  encrypted: 8,
} as const;

export interface RecordInput {
  readonly kind: number;
  readonly flags?: number;
  readonly stream: number;
  readonly sequence: number;
  readonly timeNs: bigint;
  readonly subject?: Uint8Array;
  readonly headers?: Uint8Array;
  readonly payload?: Uint8Array;
  readonly messageId?: Uint8Array | undefined;
}

const nothing = new Uint8Array(0);
const twoTo32 = 0x1_0000_0000;

export function recordLength(body: number, messageId?: Uint8Array): number {
  const identified = messageId === undefined ? 0 : messageId.length + 4;
  return recordHeader + ((body + identified + 7) & ~7) + recordTrailer;
}

export function inputLength(input: RecordInput): number {
  return recordLength((input.subject?.length ?? 0) + (input.headers?.length ?? 0) + (input.payload?.length ?? 0), input.messageId);
}

/** Writes and seals a record at `offset` of the segment that lies at `base`; returns its length. The memory there may hold anything. */
export function writeRecord(memory: LogMemory, base: number, segment: number, offset: number, input: RecordInput): number {
  const { bytes } = memory;
  const pointer = base + offset;
  const { subject = nothing, headers = nothing, payload = nothing, messageId } = input;
  const length = inputLength(input);
  // The last words of the body hold the padding; they are cleared before the fields are laid over them.
  memory.longs[(pointer + length - 16) >>> 3] = 0n;
  writeHeader(memory, pointer, length, input);
  let at = pointer + recordHeader;
  at = put(bytes, at, subject);
  at = put(bytes, at, headers);
  at = put(bytes, at, payload);
  if (messageId !== undefined) {
    at = put(bytes, at, messageId);
    // At most a word of padding and the length's word; a call of `fill` costs as much as the rest of the record.
    for (const end = pointer + length - recordTrailer; at < end; at += 1) {
      bytes[at] = 0;
    }
    memory.words[(pointer + length - recordTrailer - 4) >>> 2] = messageId.length;
  }
  memory.seal(pointer, length, segment, offset);
  return length;
}

/** A call into the engine's copy costs more than a loop below about this length. */
const loopBelow = 48;

function put(bytes: Uint8Array, at: number, source: Uint8Array): number {
  const { length } = source;
  if (length >= loopBelow) {
    bytes.set(source, at);
    return at + length;
  }
  for (let index = 0; index < length; index += 1) {
    bytes[at + index] = source[index] ?? 0;
  }
  return at + length;
}

function writeHeader(memory: LogMemory, pointer: number, length: number, input: RecordInput): void {
  const { words } = memory;
  const word = pointer >>> 2;
  const flags = (input.flags ?? 0) | (input.messageId === undefined ? 0 : recordFlag.hasMessageId);
  words[word] = recordMagic;
  words[word + 1] = length;
  words[word + 3] = input.kind | (flags << 8) | ((input.subject?.length ?? 0) << 16);
  words[word + 4] = input.stream;
  words[word + 5] = (input.stream / twoTo32) >>> 0;
  words[word + 6] = input.sequence;
  words[word + 7] = (input.sequence / twoTo32) >>> 0;
  memory.longs[(pointer + 32) >>> 3] = input.timeNs;
  words[word + 10] = input.headers?.length ?? 0;
  words[word + 11] = input.payload?.length ?? 0;
}

/** Reads fields of the record at `pointer`; move it with `at`. Nothing is copied. */
export class RecordReader {
  readonly memory: LogMemory;
  pointer = 0;

  constructor(memory: LogMemory) {
    this.memory = memory;
  }

  at(pointer: number): this {
    this.pointer = pointer;
    return this;
  }

  get hasMagic(): boolean {
    return this.#word(0) === recordMagic;
  }

  get length(): number {
    return this.#word(1);
  }

  get kind(): number {
    return this.#word(3) & 0xff;
  }

  get flags(): number {
    return (this.#word(3) >>> 8) & 0xff;
  }

  get subjectLength(): number {
    return this.#word(3) >>> 16;
  }

  get stream(): number {
    return this.#word(4) + this.#word(5) * twoTo32;
  }

  get sequence(): number {
    return this.#word(6) + this.#word(7) * twoTo32;
  }

  get timeNs(): bigint {
    return this.memory.longs[(this.pointer + 32) >>> 3] ?? 0n;
  }

  get subjectStart(): number {
    return this.pointer + recordHeader;
  }

  get headersStart(): number {
    return this.pointer + recordHeader + this.subjectLength;
  }

  get payloadStart(): number {
    return this.headersStart + this.headersLength;
  }

  get headersLength(): number {
    return this.#word(10);
  }

  get payloadLength(): number {
    return this.#word(11);
  }

  /** View of the subject's bytes, like the other three valid as long as the memory is not reused. */
  get subject(): Uint8Array {
    return this.memory.bytes.subarray(this.pointer + recordHeader, this.headersStart);
  }

  get headers(): Uint8Array {
    return this.memory.bytes.subarray(this.headersStart, this.payloadStart);
  }

  get payload(): Uint8Array {
    return this.memory.bytes.subarray(this.payloadStart, this.payloadStart + this.payloadLength);
  }

  get messageId(): Uint8Array | undefined {
    if ((this.flags & recordFlag.hasMessageId) === 0) {
      return undefined;
    }
    const start = this.payloadStart + this.payloadLength;
    const length = this.memory.words[(this.pointer + this.length - recordTrailer - 4) >>> 2] ?? 0;
    return this.memory.bytes.subarray(start, start + length);
  }

  payloadWord(index: number): number {
    const at = this.payloadStart + index * 4;
    const { bytes } = this.memory;
    return ((bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24)) >>> 0;
  }

  #word(index: number): number {
    return this.memory.words[(this.pointer >>> 2) + index] ?? 0;
  }
}
