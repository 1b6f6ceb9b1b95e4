/**
 * One commit under way in the background: writes and syncs, each begun when the one before it is done. When all succeeded, its segments
 * count as synced up to where they were written when it began; the first failure ends it, and nothing counts.
 */
import type { DiskDone } from "../ports.ts";
import type { Segment } from "./segment.ts";

type Step = (done: DiskDone) => void;

export interface FlightParts {
  readonly segment: Segment;
  /** Full, and to be synced before anything of `segment` is written. */
  readonly closing: Segment | undefined;
  /** To be written. */
  readonly bytes: number;
  readonly landed: DiskDone;
}

export class Flight {
  readonly bytes: number;
  /** Resolves when it landed and `landed` has returned. */
  readonly end: Promise<void>;
  readonly #segment: Segment;
  readonly #syncedTo: number;
  readonly #closing: Segment | undefined;
  readonly #landed: DiskDone;
  readonly #steps: Step[] = [];
  #resolve: () => void = () => {};
  #isOrphaned = false;

  constructor({ segment, closing, bytes, landed }: FlightParts) {
    this.bytes = bytes;
    this.#segment = segment;
    this.#syncedTo = segment.written;
    this.#closing = closing;
    this.#landed = landed;
    this.end = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    const { file } = closing ?? {};
    if (file !== undefined) {
      this.add((done) => file.syncLater(done));
    }
  }

  add(step: Step): void {
    this.#steps.push(step);
  }

  concerns(segment: Segment): boolean {
    return segment === this.#segment || segment === this.#closing;
  }

  /** `arrived` brings the log's own books up to date before anybody is told. */
  begin(arrived: DiskDone): void {
    this.#step(0, arrived);
  }

  /** The log was closed: nobody is told, but a file must not be closed under a write. */
  closeFilesAfterwards(): void {
    this.#isOrphaned = true;
  }

  #step(at: number, arrived: DiskDone): void {
    const step = this.#steps[at];
    if (step === undefined) {
      this.#land(undefined, arrived);
    } else {
      step((error) => (error === undefined ? this.#step(at + 1, arrived) : this.#land(error, arrived)));
    }
  }

  #land(error: Error | undefined, arrived: DiskDone): void {
    if (this.#isOrphaned) {
      this.#closeFiles();
      this.#resolve();
      return;
    }
    if (error === undefined) {
      this.#segment.synced = this.#syncedTo;
      if (this.#closing !== undefined) {
        this.#closing.synced = this.#closing.tail;
      }
    }
    arrived(error);
    this.#landed(error);
    this.#resolve();
  }

  #closeFiles(): void {
    for (const segment of [this.#segment, this.#closing]) {
      segment?.file?.close();
      if (segment !== undefined) {
        segment.file = undefined;
      }
    }
  }
}
