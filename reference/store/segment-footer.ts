/**
 * The index of a file that is written no more: what an opening has to know of its messages, without the messages.
 *
 *    content | footer record: sequence = count of messages, payload = index | end record, 16 bytes of payload: u32 offset of the footer,
 *                                                                             u32 its length, u32 0, u32 0
 *    index:    streams:  count, then id, newest time of a message id (0 for none)
 *              subjects: count, then bytes
 *              messages: stream, subject (both by number, from 0), sequence (zigzag, from the stream's last), gap before it / 8,
 *                        length of the record / 8 (0: part of the next gap), accounted size, time (1 + zigzag from the last one, or 0 and the time itself)
 *
 * It is derived: whoever finds none, or one that is not sound, reads the records. It lies behind the end of the log in its segment, where
 * nothing counts, and is checked like any record.
 */
import { ByteReader, ByteWriter } from "./byte-codec.ts";
import { ByteStrings } from "./byte-strings.ts";
import type { LogMemory } from "./checksum.ts";
import { accountedSize } from "./file-stream.ts";
import type { IndexRestore } from "./index-restore.ts";
import { RecordReader, recordHeader, recordKind, recordLength, recordTrailer, writeRecord } from "./record.ts";
import type { SegmentContent } from "./segment-scan.ts";

export const footerEndBytes = recordHeader + 16 + recordTrailer;
const timeStepMax = 2 ** 51;

export interface FooterStream {
  readonly id: number;
  readonly newestIdNs: bigint;
}

export interface FooterMessage {
  /** Read: numbers in the footer's own lists. Written: the stream's id. */
  stream: number;
  subject: number;
  sequence: number;
  offset: number;
  size: number;
  timeNs: bigint;
}

/** Collects what the footer of a file says. */
export class FooterWriter {
  readonly #streams = new Map<number, { readonly number: number; last: number; newestIdNs: bigint }>();
  readonly #subjects = new ByteStrings();
  readonly #messages = new ByteWriter();
  #count = 0;
  #end = 0;
  #timeNs = 0n;

  /** The record that lies at `offset`; ascending. What is no message only matters for its id. */
  add(record: RecordReader, offset: number): void {
    if (record.kind === recordKind.message) {
      const { stream, sequence, timeNs, subject, length, subjectLength, headersLength, payloadLength } = record;
      const size = accountedSize(subjectLength, headersLength, payloadLength);
      this.place({ stream, sequence, timeNs, subject: this.subject(subject), size, offset, length });
    }
    if ((record.kind === recordKind.message || record.kind === recordKind.messageId) && record.messageId !== undefined) {
      this.noteId(record.stream, record.timeNs);
    }
  }

  get streams(): readonly FooterStream[] {
    return [...this.#streams].map(([id, { newestIdNs }]) => ({ id, newestIdNs }));
  }

  /** Footer and end record for content that ends at `end`, sealed for the file. */
  finish(segment: number, end: number, memoryOf: (bytes: number) => LogMemory): Uint8Array {
    const payload = this.#encode();
    const length = recordLength(payload.length);
    const memory = memoryOf(length + footerEndBytes);
    const base = { stream: 0, timeNs: 0n };
    // Written as if the memory were the file from `end` on.
    writeRecord(memory, -end, segment, end, { ...base, kind: recordKind.footer, sequence: this.#count, payload });
    const place = new Uint8Array(Uint32Array.of(end, length, 0, 0).buffer);
    writeRecord(memory, -end, segment, end + length, { ...base, kind: recordKind.footerEnd, sequence: 0, payload: place });
    return memory.bytes.subarray(0, length + footerEndBytes);
  }

  /** Its number in the footer. */
  subject(bytes: Uint8Array): number {
    return this.#subjects.claim(bytes) - 1;
  }

  /** The id with that time is in the file, whatever became of its message. */
  noteId(id: number, timeNs: bigint): void {
    const stream = this.#stream(id);
    stream.newestIdNs = timeNs > stream.newestIdNs ? timeNs : stream.newestIdNs;
  }

  /** A message; ascending by offset. The length of its record may be left out, as 0. */
  place(message: FooterMessage & { readonly length: number }): void {
    const out = this.#messages;
    const { sequence, timeNs, subject, offset, length, size } = message;
    const stream = this.#stream(message.stream);
    out.number(stream.number);
    out.number(subject);
    out.number(zigzag(sequence - stream.last));
    out.number((offset - this.#end) / 8);
    out.number(length / 8);
    out.number(size);
    const step = Number(timeNs - this.#timeNs);
    if (Math.abs(step) < timeStepMax) {
      out.number(zigzag(step) + 1);
    } else {
      out.number(0);
      out.time(timeNs);
    }
    stream.last = sequence;
    this.#end = offset + length;
    this.#timeNs = timeNs;
    this.#count += 1;
  }

  #stream(id: number): { readonly number: number; last: number; newestIdNs: bigint } {
    let stream = this.#streams.get(id);
    if (stream === undefined) {
      stream = { number: this.#streams.size, last: 0, newestIdNs: 0n };
      this.#streams.set(id, stream);
    }
    return stream;
  }

  #encode(): Uint8Array {
    const out = new ByteWriter();
    out.number(this.#streams.size);
    for (const [id, { newestIdNs }] of this.#streams) {
      out.number(id);
      out.time(newestIdNs);
    }
    out.number(this.#subjects.size);
    for (let number = 1; number < this.#subjects.limit; number += 1) {
      out.bytes(this.#subjects.at(number));
    }
    out.append(this.#messages.finish());
    return out.finish();
  }
}

/** A footer that was found sound; valid as long as the memory it was read from. */
export class Footer {
  readonly streams: readonly FooterStream[];
  /** Where the content ends and the footer begins. */
  readonly end: number;
  readonly #reader: ByteReader;
  /** Subject n is `bytes[starts[n] .. ends[n])`. */
  readonly #bytes: Uint8Array;
  readonly #starts: Uint32Array;
  readonly #ends: Uint32Array;
  readonly #count: number;

  constructor(record: RecordReader, end: number) {
    this.end = end;
    this.#reader = new ByteReader(record.payload);
    this.#count = record.sequence;
    this.streams = Array.from({ length: this.#reader.number() }, () => ({ id: this.#reader.number(), newestIdNs: this.#reader.time() }));
    const subjects = this.#reader.number();
    this.#bytes = record.payload;
    this.#starts = new Uint32Array(subjects);
    this.#ends = new Uint32Array(subjects);
    for (let number = 0; number < subjects; number += 1) {
      this.#starts[number] = this.#reader.skipBytes();
      this.#ends[number] = this.#reader.at;
    }
  }

  get subjectCount(): number {
    return this.#starts.length;
  }

  /** Its number in the table of a stream. */
  subjectIn(stream: IndexRestore, number: number): number {
    return stream.subject(this.#bytes, this.#starts[number] ?? 0, this.#ends[number] ?? 0);
  }

  get count(): number {
    return this.#count;
  }

  /** Each message in the order of the file, in one object that is used again. Once only. */
  forEach(visit: (message: FooterMessage) => void): void {
    const reader = this.#reader;
    const message: FooterMessage = { stream: 0, subject: 0, sequence: 0, offset: 0, size: 0, timeNs: 0n };
    const last = new Float64Array(this.streams.length);
    let end = 0;
    for (let left = this.#count; left > 0; left -= 1) {
      message.stream = reader.number();
      message.subject = reader.number();
      message.sequence = (last[message.stream] ?? 0) + unzigzag(reader.number());
      last[message.stream] = message.sequence;
      message.offset = end + reader.number() * 8;
      end = message.offset + reader.number() * 8;
      message.size = reader.number();
      const step = reader.number();
      message.timeNs = step === 0 ? reader.time() : message.timeNs + BigInt(unzigzag(step - 1));
      visit(message);
    }
  }
}

/** The end of a file in memory: the byte at `start` of the file lies at 0. */
export interface FileEnd {
  readonly memory: LogMemory;
  readonly segment: number;
  readonly start: number;
  /** Of the file. */
  readonly length: number;
}

/** Where the footer of a file is, undefined without a sound end record. */
export function placeOfFooter(file: FileEnd): { readonly offset: number; readonly length: number } | undefined {
  const endAt = file.length - footerEndBytes;
  const record = soundRecord(file, { offset: endAt, length: footerEndBytes, kind: recordKind.footerEnd });
  const [offset, length] = record === undefined ? [0, 0] : [record.payloadWord(0), record.payloadWord(1)];
  return record !== undefined && offset + length === endAt ? { offset, length } : undefined;
}

export function readFooter(file: FileEnd, place: { readonly offset: number; readonly length: number }): Footer | undefined {
  const record = soundRecord(file, { ...place, kind: recordKind.footer });
  return record === undefined ? undefined : new Footer(record, place.offset);
}

/** The footer of a file that is in memory as a whole. */
export function footerOf({ reader: { memory }, segment, length }: SegmentContent): Footer | undefined {
  const file = { memory, segment, start: 0, length };
  const place = placeOfFooter(file);
  return place === undefined ? undefined : readFooter(file, place);
}

function soundRecord(
  { memory, segment, start }: FileEnd,
  { offset, length, kind }: { offset: number; length: number; kind: number },
): RecordReader | undefined {
  const at = offset - start;
  if (at < 0 || at % 8 !== 0 || length < recordHeader + recordTrailer || at + length > memory.bytes.length) {
    return undefined;
  }
  const record = new RecordReader(memory).at(at);
  const isPlausible = record.hasMagic && record.length === length && record.kind === kind;
  const isSound = isPlausible && memory.headerIsSound(at, segment, offset) && memory.isSound(at, length, segment, offset);
  return isSound ? record : undefined;
}

function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}

function unzigzag(value: number): number {
  return value % 2 === 1 ? -(value + 1) / 2 : value / 2;
}
