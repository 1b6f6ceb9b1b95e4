/**
 * One file of the commit log. `tail` is the end of what was appended, `written` of what the system has, `synced` of what a power cut
 * leaves: synced <= written <= tail <= capacity.
 */
import type { DiskFile } from "../ports.ts";
import type { LogMemory } from "./checksum.ts";

/** Where the log goes on before a segment; whatever lies between was abandoned. Segment 0 means: nowhere. */
export interface LogPosition {
  readonly segment: number;
  readonly offset: number;
}

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
  /** Newest message id by stream, ns: as long as one is inside its window the segment must stay. */
  readonly newestIdNs = new Map<number, bigint>();
  /** Something in it was not understood: it is never deleted. */
  damaged = false;

  constructor(place: { id: number; directory: string; capacity: number; previous: LogPosition }) {
    this.id = place.id;
    this.path = `${place.directory}/${segmentName(place.id)}`;
    this.capacity = place.capacity;
    this.previous = place.previous;
  }

  holdMessage(bytes: number): void {
    this.live += 1;
    this.liveBytes += bytes;
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
  return `${String(id).padStart(10, "0")}.log`;
}

export function segmentId(name: string): number | undefined {
  const match = /^(\d{10})\.log$/.exec(name);
  return match?.[1] === undefined ? undefined : Number(match[1]);
}
