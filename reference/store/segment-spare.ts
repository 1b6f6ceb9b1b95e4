/**
 * A segment's file made ready in the background: zeros are written and synced before anything else is, so that a commit in it changes
 * neither size nor allocation. The *spare* is the next segment, whose syncs are cheaper; one that is not ready in time is simply not used.
 * The *reserve* is for a full disk: what was to be committed when the last space went, and the deletes that make room again, go there.
 */
import type { Disk, DiskFile } from "../ports.ts";

export const spareName = "spare";
export const reserveName = "reserve";
export const checkpointRoomName = "reserve-checkpoint";
const zeros = new Uint8Array(256 * 1024);

export interface SpareOptions {
  readonly disk: Disk;
  readonly directory: string;
  readonly bytes: number;
  readonly name: typeof spareName | typeof reserveName | typeof checkpointRoomName;
  readonly failed?: () => void;
}

export class SegmentSpare {
  readonly #disk: Disk;
  readonly #directory: string;
  readonly #bytes: number;
  readonly #name: string;
  #state: "none" | "preparing" | "ready" | "failed" | "stopped" = "none";
  #file: DiskFile | undefined;
  #work: Promise<void> = Promise.resolve();

  /** Preparing failed: no room, most likely. */
  readonly #failed: () => void;

  constructor({ disk, directory, bytes, name, failed }: SpareOptions) {
    this.#disk = disk;
    this.#directory = directory;
    this.#bytes = bytes;
    this.#name = name;
    this.#failed = failed ?? (() => {});
  }

  get isReady(): boolean {
    return this.#state === "ready";
  }

  /** After a failure nothing is tried again before this. */
  retry(): void {
    if (this.#state === "failed") {
      this.#state = "none";
    }
  }

  prepare(): void {
    if (this.#state === "none") {
      this.#state = "preparing";
      this.#work = this.#fill();
    }
  }

  /** Gives the file its name in the log, if it is ready and large enough; the caller syncs the directory. */
  take(path: string, capacity: number): DiskFile | undefined {
    const file = this.#file;
    if (this.#state !== "ready" || file === undefined || capacity > this.#bytes) {
      return undefined;
    }
    this.#state = "none";
    this.#file = undefined;
    try {
      this.#disk.rename(`${this.#directory}/${this.#name}`, path);
      return file;
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** Gives the space to whoever asks next. */
  drop(): void {
    if (this.#state === "ready") {
      this.#state = "none";
      this.#file?.close();
      this.#file = undefined;
      try {
        this.#disk.unlink(`${this.#directory}/${this.#name}`);
      } catch {
        // It goes at the next opening.
      }
    }
  }

  /** The file must not be closed under a write that is on its way. */
  async stop(): Promise<void> {
    this.#state = "stopped";
    await this.#work;
    this.#file?.close();
    this.#file = undefined;
  }

  /** Half a spare must not hold the last space. */
  #giveBack(file: DiskFile | undefined): void {
    try {
      file?.truncate(0);
    } catch {
      // Then it stays until the next opening.
    }
    file?.close();
  }

  async #fill(): Promise<void> {
    let file: DiskFile | undefined;
    try {
      file = this.#disk.open(`${this.#directory}/${this.#name}`, "create-or-open");
      file.truncate(0);
      for (let at = 0; at < this.#bytes && this.#state === "preparing"; at += zeros.length) {
        await file.writeAsync(zeros.subarray(0, Math.min(zeros.length, this.#bytes - at)), at);
        // Piece by piece, because a commit's own sync waits behind whatever is being flushed.
        await file.syncAsync();
      }
    } catch {
      // No room, or a failing disk: the log goes on with files that grow, and reports what fails there.
      this.#giveBack(file);
      if (this.#state === "preparing") {
        this.#state = "failed";
        this.#failed();
      }
      return;
    }
    this.#file = file;
    if (this.#state === "preparing") {
      this.#state = "ready";
    }
  }
}
