/**
 * Where the next commit happens. A blocking write and sync is the fastest as long as the disk answers at once: handing it to another
 * thread costs two hops of some 30 microseconds each, and more work on the whole. A slow disk would stand the server still meanwhile.
 * So each commit is timed, and the disk counts as slow when too many of the last ones were, or one of them was very slow; it counts as
 * fast again when even one of the last sixteen background commits, which are slowed by whatever else the server did, was fast.
 */
export interface CommitPacing {
  readonly isInBackground: boolean;
  /** A commit of that many bytes held up the turn for that long. */
  blocked(ms: number, bytes: number): void;
  /** A commit in the background took that long until the server heard of its end. */
  flew(ms: number, bytes: number): void;
}

const slowMs = 0.4;
const fastMs = 0.3;
/** What a byte may cost beyond the sync itself; a large batch on a fast disk is no reason to change. */
const msPerByte = 0.75e-6;
/** So many commits of twice `slowMs` in a row make a disk slow, or one that is as slow as all of them; fewer would blame it for a busy processor. */
const scoreMax = 64;
const flightsLooked = 16;

export class MeasuredPacing implements CommitPacing {
  isInBackground = false;
  #score = 0;
  #flights = 0;
  #fastestMs = Number.POSITIVE_INFINITY;

  blocked(ms: number, bytes: number): void {
    this.#score = Math.max(0, this.#score + (ms - bytes * msPerByte) / slowMs - 1);
    if (this.#score >= scoreMax) {
      this.isInBackground = true;
      this.#flights = 0;
      this.#fastestMs = Number.POSITIVE_INFINITY;
    }
  }

  flew(ms: number, bytes: number): void {
    this.#fastestMs = Math.min(this.#fastestMs, ms - bytes * msPerByte);
    this.#flights += 1;
    if (this.#flights < flightsLooked) {
      return;
    }
    if (this.#fastestMs < fastMs) {
      this.isInBackground = false;
      this.#score = 0;
    }
    this.#flights = 0;
    this.#fastestMs = Number.POSITIVE_INFINITY;
  }
}
