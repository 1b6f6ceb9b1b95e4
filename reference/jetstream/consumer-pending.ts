/**
 * The messages of one consumer that were delivered and wait for their acknowledgement.
 *
 * Open addressing over typed columns, so that a delivery or an acknowledgement allocates nothing:
 *
 *   streamSequence    key, 0 marks a free slot
 *   consumerSequence  of the first delivery; redeliveries keep it, because the ack floor counts by it
 *   sinceMs           monotonic time of the last delivery; the acknowledgement is due `ack_wait` later
 *
 * Removal shifts the followers back, so there are no tombstones and a table that empties is as good as new.
 */
const smallest = 64;
const goldenRatio = 0x9e3779b1;

export class PendingTable {
  size = 0;
  #shift = 32 - Math.log2(smallest);
  #mask = smallest - 1;
  #streamSequence = new Float64Array(smallest);
  #consumerSequence = new Float64Array(smallest);
  #sinceMs = new Float64Array(smallest);

  has(streamSequence: number): boolean {
    return this.#find(streamSequence) >= 0;
  }

  /** Consumer sequence of the first delivery, 0 when the message is not pending. */
  consumerSequenceOf(streamSequence: number): number {
    const slot = this.#find(streamSequence);
    return slot < 0 ? 0 : (this.#consumerSequence[slot] ?? 0);
  }

  /** When the message was last delivered, undefined when it is not pending. */
  sinceMsOf(streamSequence: number): number | undefined {
    const slot = this.#find(streamSequence);
    return slot < 0 ? undefined : this.#sinceMs[slot];
  }

  /** Adds a message, or moves the time of one that is pending already and keeps its consumer sequence. */
  track(streamSequence: number, consumerSequence: number, sinceMs: number): void {
    if (this.size * 2 >= this.#mask) {
      this.#resize((this.#mask + 1) * 2);
    }
    let slot = this.#home(streamSequence);
    for (;;) {
      const key = this.#streamSequence[slot];
      if (key === streamSequence) {
        break;
      }
      if (key === 0) {
        this.#streamSequence[slot] = streamSequence;
        this.#consumerSequence[slot] = consumerSequence;
        this.size += 1;
        break;
      }
      slot = (slot + 1) & this.#mask;
    }
    this.#sinceMs[slot] = sinceMs;
  }

  /** False when the message is not pending. */
  touch(streamSequence: number, sinceMs: number): boolean {
    const slot = this.#find(streamSequence);
    if (slot < 0) {
      return false;
    }
    this.#sinceMs[slot] = sinceMs;
    return true;
  }

  /** Returns the consumer sequence of the removed message, 0 when it was not pending. */
  remove(streamSequence: number): number {
    const slot = this.#find(streamSequence);
    if (slot < 0) {
      return 0;
    }
    const consumerSequence = this.#consumerSequence[slot] ?? 0;
    this.size -= 1;
    this.#closeGap(slot);
    return consumerSequence;
  }

  clear(): void {
    this.size = 0;
    if (this.#mask + 1 > smallest) {
      this.#allocate(smallest);
    } else {
      this.#streamSequence.fill(0);
    }
  }

  /** Visits every message in no particular order; the visitor must not change the table. */
  forEach(visit: (streamSequence: number, consumerSequence: number, sinceMs: number) => void): void {
    if (this.size === 0) {
      return;
    }
    for (let slot = 0; slot <= this.#mask; slot += 1) {
      const streamSequence = this.#streamSequence[slot] ?? 0;
      if (streamSequence !== 0) {
        visit(streamSequence, this.#consumerSequence[slot] ?? 0, this.#sinceMs[slot] ?? 0);
      }
    }
  }

  /** Stream sequences in ascending order. */
  sequences(): number[] {
    const sequences: number[] = [];
    this.forEach((streamSequence) => sequences.push(streamSequence));
    return sequences.sort((a, b) => a - b);
  }

  #home(streamSequence: number): number {
    return Math.imul(streamSequence, goldenRatio) >>> this.#shift;
  }

  #find(streamSequence: number): number {
    if (this.size === 0 || streamSequence <= 0) {
      return -1;
    }
    let slot = this.#home(streamSequence);
    for (;;) {
      const key = this.#streamSequence[slot];
      if (key === streamSequence) {
        return slot;
      }
      if (key === 0) {
        return -1;
      }
      slot = (slot + 1) & this.#mask;
    }
  }

  #closeGap(freed: number): void {
    let gap = freed;
    let slot = gap;
    for (;;) {
      slot = (slot + 1) & this.#mask;
      const key = this.#streamSequence[slot] ?? 0;
      if (key === 0) {
        break;
      }
      // A follower may move into the gap only if the gap lies between its home and its place.
      if (((slot - this.#home(key)) & this.#mask) >= ((slot - gap) & this.#mask)) {
        this.#copy(slot, gap);
        gap = slot;
      }
    }
    this.#streamSequence[gap] = 0;
  }

  #copy(from: number, to: number): void {
    this.#streamSequence[to] = this.#streamSequence[from] ?? 0;
    this.#consumerSequence[to] = this.#consumerSequence[from] ?? 0;
    this.#sinceMs[to] = this.#sinceMs[from] ?? 0;
  }

  #allocate(capacity: number): void {
    this.#shift = 32 - Math.log2(capacity);
    this.#mask = capacity - 1;
    this.#streamSequence = new Float64Array(capacity);
    this.#consumerSequence = new Float64Array(capacity);
    this.#sinceMs = new Float64Array(capacity);
  }

  #resize(capacity: number): void {
    const keys = this.#streamSequence;
    const consumerSequences = this.#consumerSequence;
    const since = this.#sinceMs;
    this.#allocate(capacity);
    this.size = 0;
    for (let slot = 0; slot < keys.length; slot += 1) {
      const key = keys[slot] ?? 0;
      if (key !== 0) {
        this.track(key, consumerSequences[slot] ?? 0, since[slot] ?? 0);
      }
    }
  }
}
