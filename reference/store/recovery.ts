/**
 * Reads the log back: which segments count, in which order, and where the log ends. Nothing on the disk is changed here, so recovery that
 * is interrupted simply starts again.
 */
import type { Disk, DiskEntry, DiskFile } from "../ports.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { LogMemory } from "./checksum.ts";
import { frameRecord } from "./commit-log.ts";
import { FooterRecovery } from "./footer-recovery.ts";
import { RecordReader } from "./record.ts";
import type { RecoveryState } from "./recovery-state.ts";
import { type LogPosition, Segment, segmentId } from "./segment.ts";
import { type FileEnd, type Footer, footerEndBytes, placeOfFooter, readFooter } from "./segment-footer.ts";
import { type Damage, holdsBatch, lastSoundEnd, readHead, type SegmentContent, type SegmentHead, scanSegment } from "./segment-scan.ts";
import { checkpointRoomName, reserveName, spareName } from "./segment-spare.ts";
import { listSorted, type RecoveredSorted, recoverSorted } from "./sorted-recovery.ts";
import { listOrNothing } from "./store-directory.ts";
import { refuseUnreadable } from "./store-format.ts";

export interface RecoveredLog {
  readonly end: LogPosition;
  readonly nextSegment: number;
  readonly nextBatch: number;
  /** Bytes behind the end of the log, in the last segment and in segments that were abandoned. */
  readonly cutBytes: number;
  readonly damage: Damage[];
  /** Files that hold nothing of the log, to be unlinked. */
  readonly void: readonly string[];
  readonly sorted: RecoveredSorted;
  /** Of files that were taken at their footers' word. */
  readonly uncheckedBytes: number;
  /** The segment that the checkpoint ends in, when neither it nor a later one is there: the end of the log is missing. */
  readonly missingEnd: number | undefined;
}

/** Files that were made ready for later and never became a part of the log. */
const madeReady: ReadonlySet<string> = new Set([spareName, reserveName, checkpointRoomName]);

export interface Candidate {
  readonly segment: Segment;
  readonly hasHead: boolean;
  readonly bytes: number;
}

export interface RecoveryInput {
  readonly disk: Disk;
  readonly directory: string;
  /** Of the sorted files. */
  readonly sortedDirectory: string;
  readonly checkpoint: Checkpoint | undefined;
  /** Of a store with more bytes the oldest files are not read when their footers will do. */
  readonly checkedMax: number;
  readonly state: RecoveryState;
  /** Filled with the segments that count. */
  readonly segments: Map<number, Segment>;
  /** Told before each segment is read. */
  readonly reading?: ((progress: { readonly segment: number; readonly at: number; readonly of: number }) => void) | undefined;
}

export function recoverLog(input: RecoveryInput): RecoveredLog {
  const { disk, directory, checkpoint, state, segments } = input;
  const loader = new SegmentLoader(disk);
  const position = checkpoint?.position ?? { segment: 0, offset: 0 };
  const { chain, void: voidPaths, highest } = followChain(loader, { directory, disk, syncedSegment: position.segment });
  const damage: Damage[] = [];
  state.isWhole = checkpoint !== undefined || (chain[0]?.segment.previous.segment ?? 0) === 0;
  const sortedFiles = listSorted(loader, input.sortedDirectory);
  const bytes = [...sortedFiles, ...chain].reduce((sum, candidate) => sum + candidate.bytes, 0);
  const footers = new FooterRecovery(state, loader, { bytes, checkedMax: input.checkedMax });
  const sorted = recoverSorted({ footers, files: sortedFiles, directory: input.sortedDirectory, checkpoint, state, loader, segments });
  damage.push(...sorted.damage);
  let nextBatch = 0;
  let cutBytes = 0;
  let end: LogPosition = { segment: 0, offset: 0 };
  for (const [at, { segment, bytes }] of chain.entries()) {
    const next = chain[at + 1];
    const expectedEnd = next?.segment.previous.segment === segment.id ? next.segment.previous.offset : undefined;
    input.reading?.({ segment: segment.id, at: at + 1, of: chain.length });
    segments.set(segment.id, segment);
    const indexed = next === undefined || segment.id >= position.segment ? undefined : footers.recover(segment, bytes);
    if (indexed !== undefined && (expectedEnd === undefined || expectedEnd === indexed)) {
      segment.endAt(indexed);
      segment.hasFooter = true;
      end = { segment: segment.id, offset: indexed };
      continue;
    }
    const content = loader.load(segment, bytes);
    const passCheckpoint = (offset: number) => {
      if (segment.id > position.segment || (segment.id === position.segment && offset >= position.offset)) {
        state.passCheckpoint();
      }
    };
    const scanned = scanSegment({
      content,
      trusted: next === undefined ? undefined : (expectedEnd ?? lastSoundEnd(content)),
      syncedAtLeast: position.segment === segment.id ? position.offset : 0,
      apply: (offset) => {
        passCheckpoint(offset);
        state.apply(content.reader.at(offset), segment, offset);
      },
      framed: (offset) => {
        passCheckpoint(offset);
        state.enterBatch(content.reader.at(offset));
      },
      damaged: (found) => {
        damage.push(found);
        if (found.kind !== undefined) {
          passCheckpoint(found.offset);
          state.applyHeader(content.reader.at(found.offset));
        }
      },
    });
    // A file that was cut short below what is known to have been synced.
    const synced = expectedEnd ?? (next === undefined && position.segment === segment.id ? position.offset : 0);
    if (content.length < synced) {
      damage.push({ segment: segment.id, offset: content.length, bytes: synced - content.length });
    }
    nextBatch = Math.max(nextBatch, scanned.lastBatch + 1);
    segment.endAt(scanned.end);
    end = { segment: segment.id, offset: scanned.end };
    cutBytes += next === undefined ? dirtyBytes(content, scanned.end) : 0;
  }
  state.passCheckpoint();
  state.leaveBatch();
  return {
    end,
    nextSegment: Math.max(highest, position.segment) + 1,
    nextBatch: Math.max(nextBatch, checkpoint?.nextBatch ?? 1, 1),
    cutBytes,
    damage,
    void: voidPaths,
    sorted,
    uncheckedBytes: footers.uncheckedBytes,
    missingEnd: position.segment > (chain.at(-1)?.segment.id ?? 0) ? position.segment : undefined,
  };
}

/** The segments that the log runs through, oldest first. A segment that says where the log came from voids what lies between. */
function followChain(
  loader: SegmentLoader,
  { directory, disk, syncedSegment }: { directory: string; disk: Disk; syncedSegment: number },
): { chain: Candidate[]; void: string[]; highest: number } {
  const files = listOrNothing(disk, directory);
  const found = files
    .filter((entry) => entry.kind === "file")
    .map((entry) => segmentId(entry.name))
    .filter((id) => id !== undefined)
    .map((id) => loader.candidate(id, directory));
  const highest = found.at(-1)?.segment.id ?? 0;
  // A spare of the last run may still be written by it, when that was ended inside this process: it is never used again.
  const voidPaths = files.filter((entry) => madeReady.has(entry.name)).map((entry) => `${directory}/${entry.name}`);
  // What never held a whole batch was never part of the log: a file that was made ready, or one whose first batch was torn.
  // A checkpoint that ends in it knows better: then it is damaged.
  while (found.length > 0 && found.at(-1)?.segment.id !== syncedSegment && !loader.holdsBatch(found.at(-1))) {
    voidPaths.push(found.pop()?.segment.path ?? "");
  }
  const chain: Candidate[] = [];
  for (const candidate of found) {
    if (!candidate.hasHead && candidate.segment.id !== syncedSegment && !loader.holdsBatch(candidate)) {
      voidPaths.push(candidate.segment.path);
      continue;
    }
    const { previous } = candidate.segment;
    while (candidate.hasHead && (chain.at(-1)?.segment.id ?? 0) > previous.segment) {
      voidPaths.push(chain.pop()?.segment.path ?? "");
    }
    chain.push(candidate);
  }
  return { chain, void: voidPaths, highest };
}

function dirtyBytes({ reader, length }: SegmentContent, from: number): number {
  let end = length;
  while (end > from && reader.memory.bytes[end - 1] === 0) {
    end -= 1;
  }
  return end - from;
}

/** Reads one segment at a time into one memory; keeps the last one, because the chain and the scan both ask for it. */
export class SegmentLoader {
  readonly #disk: Disk;
  #reader: RecordReader | undefined;
  #loaded = 0;
  readonly #heads = new LogMemory(frameRecord);

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  list(directory: string): readonly DiskEntry[] {
    return listOrNothing(this.#disk, directory);
  }

  /** Reads only the head of the segment. */
  candidate(id: number, directory: string): Candidate {
    const unknown = new Segment({ id, directory, capacity: 0, previous: { segment: 0, offset: 0 } });
    const file = this.#disk.open(unknown.path, "read");
    let bytes: number;
    let head: SegmentHead | undefined;
    try {
      bytes = file.size();
      const reader = new RecordReader(this.#heads);
      const length = file.read(reader.memory.bytes.subarray(0, frameRecord), 0);
      head = readHead({ reader, segment: id, length });
    } finally {
      file.close();
    }
    if (head !== undefined) {
      refuseUnreadable(unknown.path, head);
    }
    const previous = head?.previous ?? unknown.previous;
    return { segment: new Segment({ id, directory, capacity: bytes, previous }), hasHead: head !== undefined, bytes };
  }

  /** Reads only the footer, undefined when there is no sound one. */
  footer({ id, path }: Segment, length: number): Footer | undefined {
    const file = this.#disk.open(path, "read");
    try {
      const end = this.#readEnd(file, id, { start: Math.max(0, length - footerEndBytes), length });
      const place = placeOfFooter(end);
      return place === undefined ? undefined : readFooter(this.#readEnd(file, id, { start: place.offset, length }), place);
    } finally {
      file.close();
    }
  }

  #readEnd(file: DiskFile, segment: number, { start, length }: { start: number; length: number }): FileEnd {
    const { memory } = this.#readerFor(length - start);
    this.#loaded = 0;
    file.read(memory.bytes.subarray(0, length - start), start);
    return { memory, segment, start, length };
  }

  #readerFor(length: number): RecordReader {
    if (this.#reader === undefined || this.#reader.memory.bytes.length < length) {
      this.#reader = new RecordReader(new LogMemory(Math.max(length, 65_536)));
      this.#loaded = 0;
    }
    return this.#reader;
  }

  holdsBatch(candidate: Candidate | undefined): boolean {
    return candidate !== undefined && holdsBatch(this.load(candidate.segment, candidate.bytes));
  }

  load(segment: Segment, length: number): SegmentContent {
    const reader = this.#readerFor(length);
    if (this.#loaded !== segment.id) {
      const file = this.#disk.open(segment.path, "read");
      try {
        const read = file.read(reader.memory.bytes.subarray(0, length), 0);
        reader.memory.bytes.fill(0, read, length);
      } finally {
        file.close();
      }
      this.#loaded = segment.id;
    }
    return { reader, segment: segment.id, length };
  }
}
