/**
 * Reads the sorted files back, before the log. They say nothing but where messages are: which of those are still stored, checkpoint and log
 * know. A file has its name only when all of it was synced, so whatever is not sound in it is damage.
 */
import { recordSurplus } from "./compaction-policy.ts";
import { accountedSize } from "./file-stream.ts";
import type { FooterRecovery } from "./footer-recovery.ts";
import { recordKind } from "./record.ts";
import type { Candidate, SegmentLoader } from "./recovery.ts";
import type { RecoveryState } from "./recovery-state.ts";
import { type Segment, sortedBase, sortedId } from "./segment.ts";
import { footerOf } from "./segment-footer.ts";
import { type Damage, scanSegment } from "./segment-scan.ts";

export interface RecoveredSorted {
  readonly damage: readonly Damage[];
  /** Files that were being written when the process ended. */
  readonly void: readonly string[];
  /** Number of the next one. */
  readonly next: number;
  /** In the checkpoint, and not there. Most of them were emptied and unlinked since. */
  readonly missing: readonly number[];
}

export interface SortedInput {
  readonly directory: string;
  readonly files: readonly Candidate[];
  readonly checkpoint: { readonly nextSorted: number; readonly sorted: readonly number[] } | undefined;
  readonly state: RecoveryState;
  readonly loader: SegmentLoader;
  readonly footers: FooterRecovery;
  /** Filled with the files. */
  readonly segments: Map<number, Segment>;
}

/** The files in their order; the ones that were being written are only named. */
export function listSorted(loader: SegmentLoader, directory: string): Candidate[] {
  return names(loader, directory).flatMap(({ name, id }) => (name.endsWith(".new") ? [] : [loader.candidate(id, directory)]));
}

export function recoverSorted(input: SortedInput): RecoveredSorted {
  const { directory, checkpoint, loader, files, segments } = input;
  const found = names(loader, directory);
  const damage = files.flatMap(({ segment, bytes }) => {
    segments.set(segment.id, segment);
    return readFile(input, segment, bytes);
  });
  return {
    damage,
    void: found.flatMap(({ name }) => (name.endsWith(".new") ? [`${directory}/${name}`] : [])),
    next: Math.max(checkpoint?.nextSorted ?? 1, ...found.map(({ id }) => id - sortedBase + 1)),
    missing: (checkpoint?.sorted ?? []).filter((id) => !segments.has(id)),
  };
}

function names(loader: SegmentLoader, directory: string): { name: string; id: number }[] {
  return loader.list(directory).flatMap(({ name, kind }) => {
    const id = kind === "file" ? sortedId(name) : undefined;
    return id === undefined ? [] : [{ name, id }];
  });
}

function readFile({ state, loader, footers }: SortedInput, segment: Segment, bytes: number): Damage[] {
  const indexed = footers.recover(segment, bytes);
  if (indexed !== undefined) {
    segment.endAt(indexed);
    segment.hasFooter = true;
    return [];
  }
  const damage: Damage[] = [];
  const content = loader.load(segment, bytes);
  const footer = footerOf(content);
  const { end } = scanSegment({
    content,
    trusted: footer?.end ?? content.length,
    syncedAtLeast: 0,
    apply: (offset) => {
      const record = content.reader.at(offset);
      if (record.kind === recordKind.message) {
        segment.sortedBytes += accountedSize(record.subjectLength, record.headersLength, record.payloadLength) + recordSurplus;
      }
      state.apply(record, segment, offset);
    },
    damaged: (found) => {
      damage.push(found);
    },
  });
  if (footer === undefined && damage.length === 0) {
    // Its end is missing.
    damage.push({ segment: segment.id, offset: end, bytes: 0 });
  }
  segment.endAt(end);
  segment.hasFooter = true;
  return damage;
}
