/**
 * The next segment's file, made ready while the open one fills: zeros are written and synced before anything else is, so that a commit in
 * it changes neither size nor allocation and its sync is cheaper. A spare that is not ready in time is simply not used.
 */
import type { Disk, DiskFile } from "../ports.ts";

export const spareName = "spare";
const zeros = new Uint8Array(256 * 1024);

export class SegmentSpare {
  readonly #disk: Disk;
  readonly #directory: string;
  readonly #bytes: number;
  #state: "none" | "preparing" | "ready" | "stopped" = "none";
  #file: DiskFile | undefined;
  #work: Promise<void> = Promise.resolve();

  constructor(disk: Disk, directory: string, bytes: number) {
    this.#disk = disk;
    this.#directory = directory;
    this.#bytes = bytes;
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
      this.#disk.rename(`${this.#directory}/${spareName}`, path);
      return file;
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** The file must not be closed under a write that is on its way. */
  async stop(): Promise<void> {
    this.#state = "stopped";
    await this.#work;
    this.#file?.close();
    this.#file = undefined;
  }

  async #fill(): Promise<void> {
    let file: DiskFile | undefined;
    try {
      file = this.#disk.open(`${this.#directory}/${spareName}`, "create-or-open");
      file.truncate(0);
      for (let at = 0; at < this.#bytes && this.#state === "preparing"; at += zeros.length) {
        await file.writeAsync(zeros.subarray(0, Math.min(zeros.length, this.#bytes - at)), at);
      }
      await file.syncAsync();
    } catch {
      // No room, or a failing disk: the log goes on with files that grow, and reports what fails there.
      file?.close();
      this.#state = "stopped";
      return;
    }
    this.#file = file;
    if (this.#state === "preparing") {
      this.#state = "ready";
    }
  }
}
