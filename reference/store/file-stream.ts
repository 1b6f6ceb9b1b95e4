/**
 * Messages of a file stream: the index in memory, the bodies as records of the commit log. Removals are collected and written as one
 * floor and one list of runs a commit, however many messages a limit or a purge took.
 */
import type { CommitLog } from "./commit-log.ts";
import { IndexedStream } from "./indexed-stream.ts";
import type { LogReader } from "./log-reader.ts";
import { type RecordInput, recordFlag, recordKind } from "./record.ts";
import type { Erasure } from "./record-eraser.ts";
import { SequenceRuns } from "./sequence-runs.ts";
import type { MessageInput, MessageView, StreamDefinition } from "./stream-store.ts";

const encoder = new TextEncoder();
/** Keeps one removal record well below a segment, whatever the purge. */
const runsPerRecord = 4096;

export interface FileStreamHost {
  readonly log: CommitLog;
  readonly reader: LogReader;
  /** The stream took a sequence; said at least once an epoch. */
  extended(stream: FileStream): void;
  /** The stream has something to write at the next commit. */
  dirty(stream: FileStream): void;
  accounted(change: number): void;
  /** The epoch that is open. */
  epoch(): number;
  /** A stored message turned out to be damaged when it was read. */
  lost(stream: FileStream, sequence: number): void;
  /** Overwrite this message's body once its removal is durable. */
  erase(message: Erasure): void;
}

export class FileStream extends IndexedStream {
  readonly storage = "file";
  readonly id: number;
  readonly account: string;
  readonly name: string;
  readonly createdNs: bigint;
  config: Uint8Array;
  messageIdWindowNs = 0n;
  readonly #host: FileStreamHost;
  readonly #nameBytes: Uint8Array;
  readonly #accountBytes: Uint8Array;
  /** Segment in which the stream last said who it is. */
  #identifiedIn = -1;
  /** The last two epochs with appends and their first sequences. More than two are never waiting to be durable. */
  #appendEpoch = 0;
  #appendedFrom = 0;
  #appendEpochBefore = 0;
  #appendedBeforeFrom = 0;
  removalEpoch = 0;
  #floor = 0;
  #removed: number[] = [];

  constructor(id: number, definition: StreamDefinition, host: FileStreamHost) {
    super((place, size) => {
      const segment = host.log.segments.get(place);
      segment?.releaseMessage(size);
      host.accounted(-size);
    });
    this.id = id;
    this.account = definition.account;
    this.name = definition.name;
    this.createdNs = definition.createdNs;
    this.config = definition.config;
    this.#host = host;
    this.#nameBytes = encoder.encode(definition.name);
    this.#accountBytes = encoder.encode(definition.account);
  }

  append(message: MessageInput): number {
    const { index } = this;
    const { log } = this.#host;
    const { subject } = message;
    const timeNs = this.timeAfterLast(message.timeNs);
    const { headers, payload } = this.#kept(message);
    const sequence = index.last + 1;
    if (this.#identifiedIn !== log.openId) {
      this.#identify(recordKind.streamIdentity);
    }
    const messageId = typeof message.messageId === "string" ? encoder.encode(message.messageId) : message.messageId;
    log.append({ kind: recordKind.message, stream: this.id, sequence, timeNs, subject: subject.bytes, headers, payload, messageId });
    const segment = log.lastSegment;
    if (segment === undefined) {
      throw new Error("an appended record has a segment");
    }
    if (messageId !== undefined && this.messageIdWindowNs > 0n) {
      segment.noteId(this.id, timeNs);
    }
    const size = accountedSize(subject.bytes.length, headers.length, payload.length);
    segment.holdMessage(size, this.id);
    segment.appended += 1;
    if (this.#appendEpoch !== this.#host.epoch()) {
      this.#appendEpochBefore = this.#appendEpoch;
      this.#appendedBeforeFrom = this.#appendedFrom;
      this.#appendEpoch = this.#host.epoch();
      this.#appendedFrom = sequence;
      this.#host.extended(this);
    }
    index.insert(sequence, subject, size, timeNs, segment.id, log.lastOffset);
    this.#host.accounted(size);
    return sequence;
  }

  /** A message that was read from another stream is a view of a segment's memory, which may be reused when this one needs a new segment. */
  #kept(message: MessageInput): Pick<MessageInput, "headers" | "payload"> {
    const { log } = this.#host;
    const { headers, payload, subject, messageId } = message;
    const body = subject.bytes.length + headers.length + payload.length + (messageId?.length ?? 0) * 3;
    // Asking whose memory a view shows costs more than writing its record, so it is asked only when it matters.
    if (this.#identifiedIn === log.openId && log.hasRoomFor(body)) {
      return message;
    }
    return {
      headers: log.mayReuse(headers) ? headers.slice() : headers,
      payload: log.mayReuse(payload) ? payload.slice() : payload,
    };
  }

  skip(clockNs: bigint): number {
    const { index } = this;
    const timeNs = this.timeAfterLast(clockNs);
    this.#host.extended(this);
    this.#host.log.append({ kind: recordKind.skip, stream: this.id, sequence: index.last + 1, timeNs });
    return index.skip(timeNs);
  }

  read(sequence: number, into: MessageView): boolean {
    const { index } = this;
    const subject = index.subjects.subjectAt(index.subjectNumber(sequence));
    if (subject === undefined) {
      return false;
    }
    const { place, offset } = index.placeOf(sequence);
    const segment = this.#host.log.segments.get(place);
    const record = segment === undefined ? undefined : this.#host.reader.read(segment, offset);
    const right = record?.kind === recordKind.message && record.sequence === sequence && record.stream === this.id;
    if (record === undefined || !right || (record.flags & recordFlag.erased) !== 0) {
      this.lose(sequence);
      return false;
    }
    into.sequence = sequence;
    into.timeNs = index.timeOf(sequence);
    into.subject = subject;
    into.buffer = record.memory.bytes;
    into.headersStart = record.headersStart;
    into.payloadStart = record.payloadStart;
    into.payloadEnd = into.payloadStart + record.payloadLength;
    return true;
  }

  isAtHand(sequence: number, arrived: () => void): boolean {
    const { place, offset } = this.index.placeOf(sequence);
    const segment = this.#host.log.segments.get(place);
    return segment === undefined || this.#host.reader.isAtHand(segment, offset, arrived);
  }

  epochOf(sequence: number): number {
    if (sequence >= this.#appendedFrom) {
      return this.#appendEpoch;
    }
    return sequence >= this.#appendedBeforeFrom ? this.#appendEpochBefore : 0;
  }

  /** Writes the record that makes the stream exist, and a second one, so that one damaged record never takes a whole stream. */
  announce(firstSequence: number): void {
    this.#identify(recordKind.streamCreate, firstSequence);
    this.#identify(recordKind.streamIdentity, firstSequence);
  }

  /** Writes what was collected since the last commit. */
  flush(): void {
    const { log } = this.#host;
    const base = { stream: this.id, timeNs: 0n };
    const floor = this.#floor;
    if (floor > 0) {
      log.append({ ...base, kind: recordKind.floor, sequence: floor });
      this.#floor = 0;
    }
    const removed = this.#removed.filter((sequence) => sequence >= floor).sort((a, b) => a - b);
    this.#removed = [];
    for (let at = 0; at < removed.length; at += runsPerRecord) {
      const payload = SequenceRuns.of(removed.slice(at, at + runsPerRecord)).toBytes();
      log.append({ ...base, kind: recordKind.removals, sequence: 0, payload });
    }
  }

  /** The stream is gone: its records are dead. */
  discard(): void {
    this.#floor = 0;
    this.#removed = [];
    this.index.removeBelow(this.index.last + 1);
  }

  protected removing(sequence: number, erase: boolean): void {
    if (erase) {
      const { place, offset } = this.index.placeOf(sequence);
      this.#host.erase({ stream: this.id, sequence, segment: place, offset });
    }
    // Most limits take the oldest message: then the floor says it, and nothing is listed.
    if (sequence === this.index.first && this.index.lost === 0) {
      this.#floor = Math.max(this.#floor, sequence + 1);
    } else {
      this.#removed.push(sequence);
    }
    this.removalEpoch = this.#host.epoch();
    this.#host.dirty(this);
  }

  protected removingBelow(floor: number): void {
    this.#floor = Math.max(this.#floor, floor);
    this.removalEpoch = this.#host.epoch();
    this.#host.dirty(this);
  }

  /** Written at once, because messages behind the gap follow; and again with the commit, so that one damaged record does not lose it. */
  protected continuing(sequence: number): void {
    this.#host.log.append({ kind: recordKind.floor, stream: this.id, sequence, timeNs: 0n });
    this.removingBelow(sequence);
  }

  /** Who the stream is, as a record; `sequence` is the one it goes on from. */
  identity(kind: number, sequence = Math.max(1, this.index.first)): RecordInput {
    return {
      kind,
      stream: this.id,
      sequence,
      timeNs: this.createdNs,
      subject: this.#nameBytes,
      headers: this.#accountBytes,
      payload: this.config,
    };
  }

  #identify(kind: number, sequence?: number): void {
    const { log } = this.#host;
    log.append(this.identity(kind, sequence));
    this.#identifiedIn = log.openId;
  }

  /** The record can't be read, or is not what was written. The message is lost, not absent, and its segment stays for rescue. */
  lose(sequence: number): void {
    const segment = this.#host.log.segments.get(this.index.placeOf(sequence).place);
    if (segment !== undefined) {
      segment.damaged = true;
    }
    this.index.remove(sequence);
    this.index.markLost(sequence);
    this.#host.lost(this, sequence);
  }
}

export function accountedSize(subject: number, headers: number, payload: number): number {
  return subject + payload + 30 + (headers > 0 ? headers + 4 : 0);
}
