/**
 * Room for a full disk: one segment's file, allocated beforehand. When a write finds no space, the batch goes there, and so does what makes
 * room again: removals, purges, acknowledgements. More messages are refused until the reserve could be made anew.
 */
import type { Clock, Disk, DiskFile, Timer } from "../ports.ts";
import { reserveName, SegmentSpare } from "./segment-spare.ts";

/** Enough for the turn that found no space and some ten thousand removals after it. */
const reserveBytes = 2 * 1024 * 1024;
/** How often a full disk is looked at. */
const lookMs = 500;

export interface ReserveOptions {
  readonly disk: Disk;
  readonly directory: string;
  readonly segmentBytes: number;
  readonly clock: Clock;
}

export class LogReserve {
  /** The reserve is in use, or could not be made. */
  isFull = false;
  readonly #options: ReserveOptions;
  readonly #bytes: number;
  readonly #file: SegmentSpare;
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(options: ReserveOptions) {
    this.#options = options;
    const { disk, directory, segmentBytes } = options;
    this.#bytes = Math.min(reserveBytes, segmentBytes);
    this.#file = new SegmentSpare({ disk, directory, bytes: this.#bytes, name: reserveName, failed: () => this.#ranFull() });
  }

  make(): void {
    this.#file.prepare();
  }

  /** The size of the segment it can be, for a batch that found no space; undefined when something else failed, or it does not help. */
  offer(cause: unknown, needed: number): number | undefined {
    return isNoSpace(cause) && this.#file.isReady && needed <= this.#bytes ? this.#bytes : undefined;
  }

  /** The file, under its new name; undefined in the same cases. */
  use(cause: unknown, { path, capacity }: { readonly path: string; readonly capacity: number }): DiskFile | undefined {
    const file = isNoSpace(cause) ? this.#file.take(path, capacity) : undefined;
    if (file !== undefined) {
      this.#ranFull();
    }
    return file;
  }

  /** Nothing is looked at any more; resolves when nothing is being written, either. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    await this.#file.stop();
  }

  #ranFull(): void {
    this.isFull = true;
    if (!this.#isStopped) {
      this.#timer ??= this.#options.clock.setTimer(lookMs, () => this.#look());
    }
  }

  #look(): void {
    this.#timer = undefined;
    if (this.#file.isReady) {
      this.isFull = false;
      return;
    }
    if (this.#hasSpace()) {
      this.#file.retry();
      this.#file.prepare();
    }
    this.#ranFull();
  }

  /** For the reserve, and as much again to work with. */
  #hasSpace(): boolean {
    const { disk, directory } = this.#options;
    try {
      return disk.space(directory).freeBytes >= 2 * this.#bytes;
    } catch {
      return false;
    }
  }
}

function isNoSpace(cause: unknown): boolean {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  return code === "ENOSPC" || code === "EDQUOT";
}
