/** Ascending runs of sequences [start, end), as arrays and as bytes: pairs of varints, the distance from the last end and the length. */
import { ByteReader, ByteWriter } from "./byte-codec.ts";

export class SequenceRuns {
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];

  /** Sequences in any order become runs. */
  static of(sequences: readonly number[]): SequenceRuns {
    const runs = new SequenceRuns();
    for (const sequence of sequences.toSorted((a, b) => a - b)) {
      runs.add(sequence, sequence + 1);
    }
    return runs;
  }

  static decode(reader: ByteReader): SequenceRuns {
    const runs = new SequenceRuns();
    let end = 0;
    for (let left = reader.number(); left > 0; left -= 1) {
      const start = end + reader.number();
      end = start + reader.number();
      runs.add(start, end);
    }
    return runs;
  }

  get length(): number {
    return this.#starts.length;
  }

  /** Appends a run that begins at or behind the end of the last one. */
  add(start: number, end: number): void {
    const last = this.#ends.length - 1;
    if (this.#ends[last] === start) {
      this.#ends[last] = end;
      return;
    }
    if (end > start) {
      this.#starts.push(start);
      this.#ends.push(end);
    }
  }

  includes(sequence: number): boolean {
    let low = 0;
    let high = this.#starts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#ends[middle] ?? 0) <= sequence) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low < this.#starts.length && (this.#starts[low] ?? 0) <= sequence;
  }

  *runs(): Iterable<readonly [number, number]> {
    for (const [at, start] of this.#starts.entries()) {
      yield [start, this.#ends[at] ?? start];
    }
  }

  encode(writer: ByteWriter): void {
    writer.number(this.#starts.length);
    let end = 0;
    for (const [start, next] of this.runs()) {
      writer.number(start - end);
      writer.number(next - start);
      end = next;
    }
  }

  toBytes(): Uint8Array {
    const writer = new ByteWriter();
    this.encode(writer);
    return writer.finish();
  }
}
