/**
 * Writes index footers behind the end of full segments, when the server has nothing else to do: an opening needs none, it is only faster
 * with them, so they take nothing from commits. They are made from what the streams know; only where that is not enough the file is read. Behind the end of the log in a segment nothing counts: half a footer is no footer.
 */
import type { Clock, Disk } from "../ports.ts";
import { LogMemory } from "./checksum.ts";
import type { IndexFooters } from "./index-footer.ts";
import { walkRecords } from "./record-walk.ts";
import type { Segment } from "./segment.ts";
import { FooterWriter } from "./segment-footer.ts";

export interface IndexerHost {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly footers: IndexFooters;
  /** Still idle? */
  goesOn(): boolean;
  /** All are written, or it was interrupted, or it failed. */
  ended(error: unknown): void;
}

/** Between two pieces of work. */
const pauseMs = 1;
/** Work without a pause. */
const breakBytes = 1024 * 1024;

/** Thrown to end the work at once. */
const interrupted = new Error("the server has something else to do");

export class SegmentIndexer {
  readonly #host: IndexerHost;
  #work: Promise<void> | undefined;
  #isStopped = false;
  #wake: (() => void) | undefined;
  #sinceBreak = 0;

  constructor(host: IndexerHost) {
    this.#host = host;
  }

  get isRunning(): boolean {
    return this.#work !== undefined;
  }

  start(segments: readonly Segment[]): void {
    if (this.#work === undefined && !this.#isStopped && segments.length > 0) {
      this.#work = this.#run(segments);
    }
  }

  /** Resolves when nothing is written any more. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#wake?.();
    await this.#work;
  }

  async #run(segments: readonly Segment[]): Promise<void> {
    let failure: unknown;
    try {
      for (const segment of segments) {
        await this.#index(segment);
      }
    } catch (error) {
      failure = error === interrupted ? undefined : error;
    }
    this.#work = undefined;
    if (!this.#isStopped) {
      this.#host.ended(failure);
    }
  }

  async #index(segment: Segment): Promise<void> {
    const { disk } = this.#host;
    const footer = (await this.#host.footers.of(segment, () => this.#break(breakBytes))) ?? (await this.#read(segment));
    await this.#break(breakBytes);
    // One with damage, or an interrupted overwrite, has to be read when it is opened anyway.
    segment.hasFooter = true;
    if (footer === undefined) {
      return;
    }
    const bytes = footer.finish(segment.id, segment.tail, (length) => new LogMemory(length));
    const file = disk.open(segment.path, "read-write");
    try {
      await file.writeAsync(bytes, segment.tail);
      // A file that was made ready in full size ends with zeros.
      file.truncate(segment.tail + bytes.length);
      await file.syncAsync();
    } finally {
      file.close();
    }
  }

  async #read(segment: Segment): Promise<FooterWriter | undefined> {
    const footer = new FooterWriter();
    const isSound = await walkRecords({
      disk: this.#host.disk,
      segment,
      visit: (record, offset) => footer.add(record, offset),
      damaged: () => false,
      between: (bytes) => this.#break(bytes),
    });
    return isSound ? footer : undefined;
  }

  /** Lets others run; ends the work when they have something to do. */
  async #break(bytes: number): Promise<void> {
    this.#sinceBreak += bytes;
    if (this.#sinceBreak >= breakBytes && !this.#isStopped) {
      this.#sinceBreak = 0;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        this.#host.clock.setTimer(pauseMs, resolve);
      });
    }
    if (this.#isStopped || !this.#host.goesOn()) {
      throw interrupted;
    }
  }
}
