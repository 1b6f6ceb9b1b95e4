/** Stream sequences that wait to be delivered again, first in first out, each at most once. */
export class RedeliveryQueue {
  /** Insertion order is delivery order. */
  readonly #sequences = new Set<number>();

  get length(): number {
    return this.#sequences.size;
  }

  has(sequence: number): boolean {
    return this.#sequences.has(sequence);
  }

  add(sequence: number): void {
    this.#sequences.add(sequence);
  }

  remove(sequence: number): void {
    if (this.#sequences.size > 0) {
      this.#sequences.delete(sequence);
    }
  }

  /** 0 when there is none. */
  first(): number {
    if (this.#sequences.size === 0) {
      return 0;
    }
    for (const sequence of this.#sequences) {
      return sequence;
    }
    return 0;
  }

  removeWhere(isGone: (sequence: number) => boolean): void {
    for (const sequence of this.#sequences) {
      if (isGone(sequence)) {
        this.#sequences.delete(sequence);
      }
    }
  }

  clear(): void {
    this.#sequences.clear();
  }
}
