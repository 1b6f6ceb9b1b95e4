/**
 * The short way to the messages of a file: its index footer, when one is there and nothing else of the file counts. All records are checked
 * all the same, in one go; only of a store that is larger than what an opening checks the oldest files are taken at their footers' word, and
 * their records are checked when they are read, and by the scrub.
 */
import type { SegmentLoader } from "./recovery.ts";
import type { RecoveryState } from "./recovery-state.ts";
import type { Segment } from "./segment.ts";
import { footerOf } from "./segment-footer.ts";

export class FooterRecovery {
  /** Bytes of files whose records were not checked. */
  uncheckedBytes = 0;
  readonly #state: RecoveryState;
  readonly #loader: SegmentLoader;
  /** As much has to be left unchecked so that the rest is not too much. */
  #surplus: number;

  constructor(state: RecoveryState, loader: SegmentLoader, { bytes, checkedMax }: { bytes: number; checkedMax: number }) {
    this.#state = state;
    this.#loader = loader;
    this.#surplus = bytes - checkedMax;
  }

  /** Where the records of the file end; undefined when they have to be read. */
  recover(segment: Segment, bytes: number): number | undefined {
    if (!this.#state.isBeforeCheckpoint) {
      return undefined;
    }
    return this.#surplus > 0
      ? (this.#withoutRecords(segment, bytes) ?? this.#withRecords(segment, bytes))
      : this.#withRecords(segment, bytes);
  }

  #withoutRecords(segment: Segment, bytes: number): number | undefined {
    const footer = this.#loader.footer(segment, bytes);
    if (footer === undefined || this.#state.needsRecords(footer)) {
      return undefined;
    }
    this.#state.applyFooter(footer, segment);
    this.#surplus -= bytes;
    this.uncheckedBytes += bytes;
    return footer.end;
  }

  #withRecords(segment: Segment, bytes: number): number | undefined {
    const content = this.#loader.load(segment, bytes);
    const footer = footerOf(content);
    if (footer === undefined || this.#state.needsRecords(footer) || !content.reader.memory.isSoundUntil(footer.end, segment.id)) {
      return undefined;
    }
    this.#state.applyFooter(footer, segment);
    return footer.end;
  }
}
