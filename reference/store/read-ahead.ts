/**
 * Fetches blocks of old segments in the background, for readers that can wait, a stretch of neighbouring blocks at a time; whoever reads
 * on towards the end of a stretch finds the next one fetched already. One fetch a segment, a few in all; beyond that, and when a fetch
 * was of no use, the reader reads by itself.
 */
import type { Disk, DiskFile } from "../ports.ts";
import type { Segment } from "./segment.ts";

export interface ReadAheadOptions {
  readonly disk: Disk;
  readonly blockBytes: number;
  /** Blocks in a stretch; at most half of what the cache holds. */
  readonly stretch: number;
  readonly isCached: (segment: Segment, block: number) => boolean;
  readonly install: (segment: Segment, block: number, bytes: Uint8Array) => void;
}

const fetchesMax = 4;

interface Fetch {
  readonly from: number;
  readonly end: number;
  readonly waiting: Set<() => void>;
  /** What it brings may be out of date. */
  isVoid: boolean;
}

export class ReadAhead {
  readonly #options: ReadAheadOptions;
  readonly #fetches = new Map<Segment, Fetch>();
  /** Their fetch has come; if the block is gone again, they do not wait a second time. */
  readonly #served = new Set<() => void>();
  /** The last block found at hand, so that one message after the other asks for it once. */
  #lastSegment: Segment | undefined;
  #lastBlock = -1;

  constructor(options: ReadAheadOptions) {
    this.#options = options;
  }

  /** Is that place in memory, or must the reader read it himself? If neither, it is being fetched, and `arrived` is called afterwards. */
  isAtHand(segment: Segment, offset: number, arrived: () => void): boolean {
    const { blockBytes, isCached } = this.#options;
    const block = Math.floor(offset / blockBytes);
    if (segment === this.#lastSegment && block === this.#lastBlock) {
      return true;
    }
    const isServed = this.#served.delete(arrived);
    if (isCached(segment, block)) {
      this.#lastSegment = segment;
      this.#lastBlock = block;
      this.#goAhead(segment, block);
      return true;
    }
    const fetch = isServed ? undefined : (this.#fetches.get(segment) ?? this.#begin(segment, block));
    fetch?.waiting.add(arrived);
    return fetch === undefined;
  }

  /** The cache has changed. */
  forgetLast(): void {
    this.#lastSegment = undefined;
  }

  /** The content of the segment changes, or the segment goes away. */
  forget(segment: Segment): void {
    this.forgetLast();
    const fetch = this.#fetches.get(segment);
    if (fetch !== undefined) {
      fetch.isVoid = true;
    }
  }

  /** In the second half of a stretch, the next one is fetched. */
  #goAhead(segment: Segment, block: number): void {
    const { stretch, blockBytes, isCached } = this.#options;
    const next = (Math.floor(block / stretch) + 1) * stretch;
    const isNear = stretch > 1 && (next - block) * 2 <= stretch && next * blockBytes < segment.tail;
    if (isNear && !this.#fetches.has(segment) && !isCached(segment, next)) {
      this.#begin(segment, next);
    }
  }

  #begin(segment: Segment, block: number): Fetch | undefined {
    const { disk, stretch, blockBytes } = this.#options;
    if (this.#fetches.size >= fetchesMax) {
      return undefined;
    }
    // To the end of the stretch that the block lies in.
    const end = (Math.floor(block / stretch) + 1) * stretch;
    const start = block * blockBytes;
    const bytes = new Uint8Array(Math.max(0, Math.min(segment.tail, end * blockBytes) - start));
    let file: DiskFile;
    try {
      // A file of its own, so that nobody closes it under the read.
      file = disk.open(segment.path, "read");
    } catch {
      return undefined;
    }
    const fetch: Fetch = { from: block, end, waiting: new Set(), isVoid: false };
    this.#fetches.set(segment, fetch);
    file.readLater(bytes, start, (error, filled) => {
      file.close();
      this.#fetches.delete(segment);
      if (error === undefined && !fetch.isVoid && segment.memory === undefined) {
        this.#install(segment, fetch, bytes.subarray(0, filled));
      }
      for (const arrived of fetch.waiting) {
        this.#served.add(arrived);
        arrived();
      }
    });
    return fetch;
  }

  #install(segment: Segment, { from, end }: Fetch, bytes: Uint8Array): void {
    const { blockBytes, isCached, install } = this.#options;
    for (let block = from; block < end && (block - from) * blockBytes < bytes.length; block += 1) {
      if (!isCached(segment, block)) {
        install(segment, block, bytes.subarray((block - from) * blockBytes, (block - from + 1) * blockBytes));
      }
    }
  }
}
