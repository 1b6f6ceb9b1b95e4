/**
 * The two lives of one file: what processes see, and what a power cut may leave. Between them stands the list of changes since the last
 * sync, from which an adversary chooses sector by sector. A sync that failed takes its changes out of that list: the kernel has given
 * them up, processes still see them, and no later sync writes them.
 */
import { Buffer } from "node:buffer";
import type { Random } from "../ports.ts";

export const sectorBytes = 512;

type Change = { readonly position: number; readonly bytes: Uint8Array } | { readonly length: number };

export class FileState {
  #seen = Buffer.alloc(0);
  #length = 0;
  #durable: Uint8Array = new Uint8Array(0);
  #changes: Change[] = [];
  /** Something that is seen will never be durable. */
  #gaveUp = false;

  get length(): number {
    return this.#length;
  }

  write(bytes: Uint8Array, position: number): void {
    this.#changes.push({ position, bytes: bytes.slice() });
    this.#apply(position, bytes);
  }

  truncate(length: number): void {
    this.#changes.push({ length });
    this.#resize(length);
  }

  read(into: Uint8Array, position: number): number {
    const length = Math.max(0, Math.min(into.length, this.#length - position));
    into.set(this.#seen.subarray(position, position + length));
    return length;
  }

  sync(): void {
    if (this.#changes.length === 0) {
      return;
    }
    if (this.#gaveUp) {
      this.#durable = this.#withChanges();
    } else {
      this.#durable = Uint8Array.prototype.slice.call(this.#seen, 0, this.#length);
    }
    this.#changes = [];
  }

  failSync(): void {
    this.#gaveUp ||= this.#changes.length > 0;
    this.#changes = [];
  }

  /** Flips bits on the platter, synced or not. */
  corrupt(position: number, mask: number): void {
    this.#seen[position] = (this.#seen[position] ?? 0) ^ mask;
    if (position < this.#durable.length) {
      this.#durable[position] = (this.#durable[position] ?? 0) ^ mask;
    }
  }

  settle(keep: "nothing" | "everything" | "random", random: Random): void {
    if (keep === "everything" || this.#changes.length === 0) {
      this.sync();
      if (!this.#gaveUp) {
        return;
      }
    }
    const content = keep === "random" && this.#changes.length > 0 ? this.#mixture(random) : this.#durable;
    this.#changes = [];
    this.#gaveUp = false;
    this.#durable = content;
    this.#seen = Buffer.from(content);
    this.#length = content.length;
  }

  /** What is durable, and the changes since, without those that were given up. */
  #withChanges(): Uint8Array {
    let length = this.#durable.length;
    let largest = length;
    for (const change of this.#changes) {
      length = "length" in change ? change.length : Math.max(length, change.position + change.bytes.length);
      largest = Math.max(largest, length);
    }
    const content = new Uint8Array(largest);
    content.set(this.#durable);
    for (const change of this.#changes) {
      if ("length" in change) {
        content.fill(0, change.length);
      } else {
        content.set(change.bytes, change.position);
      }
    }
    return content.slice(0, length);
  }

  /** Each sector holds what it held after some prefix of the changes; the length is one the file had at some moment. */
  #mixture(random: Random): Uint8Array {
    const lengths = [this.#durable.length];
    for (const change of this.#changes) {
      const before = lengths.at(-1) ?? 0;
      lengths.push("length" in change ? change.length : Math.max(before, change.position + change.bytes.length));
    }
    const length = lengths[random.below(lengths.length)] ?? 0;
    const content = new Uint8Array(length);
    content.set(this.#durable.subarray(0, length));
    for (let start = 0; start < length; start += sectorBytes) {
      this.#replay(content.subarray(start, Math.min(length, start + sectorBytes)), start, random);
    }
    return content;
  }

  #replay(sector: Uint8Array, start: number, random: Random): void {
    const end = start + sector.length;
    const touching = this.#changes.filter((change) =>
      "length" in change ? change.length < end : change.position < end && change.position + change.bytes.length > start,
    );
    // A coin for "not at all" and one for "all of it", so that whole sectors of old and new are as likely as mixtures.
    const coin = random.below(4);
    const applied = coin === 0 ? 0 : coin === 1 ? random.below(touching.length + 1) : touching.length;
    for (const change of touching.slice(0, applied)) {
      if ("length" in change) {
        sector.fill(0, Math.max(0, change.length - start));
        continue;
      }
      const from = Math.max(start, change.position);
      const to = Math.min(end, change.position + change.bytes.length);
      sector.set(change.bytes.subarray(from - change.position, to - change.position), from - start);
    }
  }

  #apply(position: number, bytes: Uint8Array): void {
    const end = position + bytes.length;
    if (end > this.#seen.length) {
      const larger = Buffer.alloc(Math.max(end, this.#seen.length * 2));
      larger.set(this.#seen.subarray(0, this.#length));
      this.#seen = larger;
    }
    this.#seen.set(bytes, position);
    this.#length = Math.max(this.#length, end);
  }

  #resize(length: number): void {
    if (length < this.#length) {
      this.#seen.fill(0, length, this.#length);
    } else {
      this.#apply(length, new Uint8Array(0));
    }
    this.#length = length;
  }
}
