/**
 * Room for a full disk: one segment's file, allocated beforehand. When a write finds no space, the batch goes there, and so does what makes
 * room again: removals, purges, acknowledgements. More messages are refused until the reserve could be made anew.
 */
import type { Clock, Disk, DiskFile, Timer } from "../ports.ts";
import { checkpointRoomName, reserveName, SegmentSpare } from "./segment-spare.ts";

/** Enough for the turn that found no space and some ten thousand removals after it. */
const reserveBytes = 2 * 1024 * 1024;
/** Freeing segments takes checkpoints, and those take room. */
const checkpointRoomBytes = 1024 * 1024;
/** How often a full disk is looked at, and at how many of the looks the store tries to make room itself. */
const lookMs = 500;
const looksPerAttempt = 4;

export interface ReserveOptions {
  readonly disk: Disk;
  readonly directory: string;
  readonly segmentBytes: number;
  readonly clock: Clock;
  /** Told when the disk becomes full, and when it is not any more. */
  readonly changed: () => void;
  /** The disk is full: frees what the store itself can do without. `release` makes room for a checkpoint. */
  readonly makeRoom: (release: () => void) => void;
}

export class LogReserve {
  /** The reserve is in use, or could not be made. */
  isFull = false;
  readonly #options: ReserveOptions;
  readonly #bytes: number;
  readonly #file: SegmentSpare;
  readonly #checkpointRoom: SegmentSpare;
  #looks = 0;
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(options: ReserveOptions) {
    this.#options = options;
    const { disk, directory, segmentBytes } = options;
    this.#bytes = Math.min(reserveBytes, segmentBytes);
    this.#file = new SegmentSpare({ disk, directory, bytes: this.#bytes, name: reserveName, failed: () => this.#ranFull() });
    const room = Math.min(checkpointRoomBytes, segmentBytes);
    this.#checkpointRoom = new SegmentSpare({ disk, directory, bytes: room, name: checkpointRoomName });
  }

  make(): void {
    this.#file.prepare();
    this.#checkpointRoom.prepare();
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
    await this.#checkpointRoom.stop();
  }

  #ranFull(): void {
    if (!this.isFull) {
      this.isFull = true;
      this.#looks = 0;
      this.#options.changed();
    }
    if (!this.#isStopped) {
      this.#timer ??= this.#options.clock.setTimer(lookMs, () => this.#look());
    }
  }

  #look(): void {
    this.#timer = undefined;
    if (this.#file.isReady) {
      this.isFull = false;
      this.#checkpointRoom.retry();
      this.#checkpointRoom.prepare();
      this.#options.changed();
      return;
    }
    if (this.#hasSpace()) {
      this.#file.retry();
      this.#file.prepare();
    } else if (this.#looks % looksPerAttempt === 0) {
      this.#options.makeRoom(() => this.#checkpointRoom.drop());
    }
    this.#looks += 1;
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
