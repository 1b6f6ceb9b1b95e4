/**
 * One file of records: a segment of the commit log, or a sorted file, to which compaction moved records of sealed segments. `tail` is the end of what was appended, `written` of what the system has, `synced` of what a power cut
 * leaves: synced <= written <= tail <= capacity.
 */
import type { DiskFile } from "../ports.ts";
import type { LogMemory } from "./checksum.ts";

/** Where the log goes on before a segment; whatever lies between was abandoned. Segment 0 means: nowhere. */
export interface LogPosition {
  readonly segment: number;
  readonly offset: number;
}

/** Sorted files have a number space of their own, so that the numbers of the log have no gaps. */
export const sortedBase = 0x8000_0000;

export class Segment {
  readonly id: number;
  readonly path: string;
  readonly capacity: number;
  readonly previous: LogPosition;
  file: DiskFile | undefined;
  /** Where the content lies in memory, undefined when it was given up: then it is read from the file. */
  memory: LogMemory | undefined;
  base = 0;
  tail = 0;
  written = 0;
  synced = 0;
  /** Stored messages whose record lies here, and their accounted bytes. */
  live = 0;
  liveBytes = 0;
  /** Messages that were appended to it since the server runs; as many as are stored when none was removed and all came from there. */
  appended = 0;
  /** Newest message id by stream, ns: as long as one is inside its window the segment must stay. */
  readonly newestIdNs = new Map<number, bigint>();
  /** Behind its end lies an index footer. */
  hasFooter = false;
  /** Something in it was not understood: it is never deleted. */
  damaged = false;
  /** The first stream with a message here, and the accounted bytes of all the others. */
  stream = 0;
  foreignBytes = 0;
  /** Of a sorted file: the messages that were put into it, in accounted bytes and the surplus of their records. */
  sortedBytes = 0;

  constructor(place: { id: number; directory: string; capacity: number; previous: LogPosition }) {
    this.id = place.id;
    this.path = `${place.directory}/${segmentName(place.id)}`;
    this.capacity = place.capacity;
    this.previous = place.previous;
  }

  /** Written once and whole, beside the log. */
  get isSorted(): boolean {
    return this.id >= sortedBase;
  }

  /** The file ends there, and all of it is synced. */
  endAt(offset: number): void {
    this.tail = offset;
    this.written = offset;
    this.synced = offset;
  }

  holdMessage(bytes: number, stream: number): void {
    this.live += 1;
    this.liveBytes += bytes;
    if (stream !== this.stream) {
      if (this.stream === 0) {
        this.stream = stream;
      } else {
        this.foreignBytes += bytes;
      }
    }
  }

  releaseMessage(bytes: number): void {
    this.live -= 1;
    this.liveBytes -= bytes;
  }

  noteId(stream: number, timeNs: bigint): void {
    if (timeNs > (this.newestIdNs.get(stream) ?? -1n)) {
      this.newestIdNs.set(stream, timeNs);
    }
  }
}

export function segmentName(id: number): string {
  const isSorted = id >= sortedBase;
  return `${String(isSorted ? id - sortedBase : id).padStart(10, "0")}.${isSorted ? "sorted" : "log"}`;
}

/** Of a sorted file, or of one that was being written when the process ended. */
export function sortedId(name: string): number | undefined {
  const match = /^(\d{10})\.sorted(\.new)?$/.exec(name);
  return match?.[1] === undefined ? undefined : sortedBase + Number(match[1]);
}

/** Where a file stands in the order of its messages: what was sorted is older than what is in the log. */
export function orderOf(id: number): number {
  return id >= sortedBase ? id - 2 * sortedBase : id;
}

export function segmentId(name: string): number | undefined {
  const match = /^(\d{10})\.log$/.exec(name);
  return match?.[1] === undefined ? undefined : Number(match[1]);
}
