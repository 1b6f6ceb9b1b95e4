/**
 * Messages of a memory stream. Bodies lie one behind the other in blocks:
 *
 *    sequence f64 | headers length u32 | payload length u32 | headers | payload | up to 7 bytes of padding
 *
 * A block is dropped with its last message. When less than half of the bytes in closed blocks are live, the emptiest one is moved to the
 * end, so that a few long-lived messages never pin the memory of the many that came and went around them.
 */
import { IndexedStream } from "./indexed-stream.ts";
import type { MessageInput, MessageView } from "./stream-store.ts";

const entryHeader = 16;
const smallestBlock = 4 * 1024;
const largestBlock = 1024 * 1024;

interface Block {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  used: number;
  live: number;
}

export class MemoryStream extends IndexedStream {
  readonly storage = "memory";
  /** Nothing of it needs a disk. */
  readonly removalEpoch = 0;
  readonly #blocks = new Map<number, Block>();
  readonly #accounted: (change: number) => void;
  #open: Block | undefined;
  #openNumber = 0;
  #closedBytes = 0;
  #closedLive = 0;

  /** `accounted` hears of every change of the stream's accounted bytes. */
  constructor(accounted: (change: number) => void = () => {}) {
    super((place, size, offset) => this.#release(place, size, offset));
    this.#accounted = accounted;
  }

  append(message: MessageInput): number {
    const { index } = this;
    const sequence = index.last + 1;
    const { headers, payload, subject } = message;
    const block = this.#blockFor(entryLength(headers.length + payload.length));
    const offset = block.used;
    block.view.setFloat64(offset, sequence, true);
    block.view.setUint32(offset + 8, headers.length, true);
    block.view.setUint32(offset + 12, payload.length, true);
    block.bytes.set(headers, offset + entryHeader);
    block.bytes.set(payload, offset + entryHeader + headers.length);
    this.#took(block, entryLength(headers.length + payload.length));
    const size = subject.bytes.length + headers.length + payload.length + 16;
    index.insert(sequence, subject, size, this.timeAfterLast(message.timeNs), this.#openNumber, offset);
    this.#accounted(size);
    return sequence;
  }

  skip(timeNs: bigint): number {
    return this.index.skip(this.timeAfterLast(timeNs));
  }

  protected continuing(): void {
    // Nothing to write.
  }

  epochOf(): number {
    return 0;
  }

  isAtHand(): boolean {
    return true;
  }

  read(sequence: number, into: MessageView): boolean {
    const number = this.index.subjectNumber(sequence);
    const subject = this.index.subjects.subjectAt(number);
    if (subject === undefined) {
      return false;
    }
    const { place, offset } = this.index.placeOf(sequence);
    const block = this.#blocks.get(place);
    if (block === undefined || block.view.getFloat64(offset, true) !== sequence) {
      throw new Error(`memory block ${place} does not hold sequence ${sequence}`);
    }
    into.sequence = sequence;
    into.timeNs = this.index.timeOf(sequence);
    into.subject = subject;
    into.buffer = block.bytes;
    into.headersStart = offset + entryHeader;
    into.payloadStart = into.headersStart + block.view.getUint32(offset + 8, true);
    into.payloadEnd = into.payloadStart + block.view.getUint32(offset + 12, true);
    return true;
  }

  /** Memory held for bodies, live or not. */
  get heldBytes(): number {
    return this.#closedBytes + (this.#open?.bytes.length ?? 0);
  }

  /** The stream is gone with everything in it. */
  discard(): void {
    this.#accounted(-this.index.bytes);
    this.#blocks.clear();
    this.#open = undefined;
  }

  protected removing(sequence: number, erase: boolean): void {
    if (!erase) {
      return;
    }
    const { place, offset } = this.index.placeOf(sequence);
    const block = this.#blocks.get(place);
    if (block !== undefined) {
      const length = block.view.getUint32(offset + 8, true) + block.view.getUint32(offset + 12, true);
      block.bytes.fill(0, offset + entryHeader, offset + entryHeader + length);
    }
  }

  protected removingBelow(): void {
    // Nothing outlives the process, so there is nothing to note.
  }

  #blockFor(length: number): Block {
    const open = this.#open;
    if (open !== undefined && open.used + length <= open.bytes.length) {
      return open;
    }
    if (open !== undefined) {
      this.#closedBytes += open.bytes.length;
      this.#closedLive += open.live;
      this.#open = undefined;
      this.#dropIfDead(this.#openNumber, open);
    }
    const grown = Math.min(largestBlock, (open?.bytes.length ?? smallestBlock / 2) * 2);
    const bytes = new Uint8Array(Math.max(grown, length));
    const block = { bytes, view: new DataView(bytes.buffer), used: 0, live: 0 };
    this.#open = block;
    this.#openNumber += 1;
    this.#blocks.set(this.#openNumber, block);
    return block;
  }

  #took(block: Block, length: number): void {
    block.used += length;
    block.live += length;
  }

  #release(place: number, size: number, offset: number): void {
    this.#accounted(-size);
    const block = this.#blocks.get(place);
    if (block === undefined) {
      return;
    }
    const length = entryLength(block.view.getUint32(offset + 8, true) + block.view.getUint32(offset + 12, true));
    block.live -= length;
    if (block === this.#open) {
      return;
    }
    this.#closedLive -= length;
    this.#dropIfDead(place, block);
    // One block at a time, and only when it is worth it: each moved byte frees at least another one.
    if (this.#closedBytes > 4 * largestBlock && this.#closedLive * 2 < this.#closedBytes) {
      this.#evacuate();
    }
  }

  #dropIfDead(number: number, block: Block): void {
    if (block.live === 0) {
      this.#closedBytes -= block.bytes.length;
      this.#blocks.delete(number);
    }
  }

  #evacuate(): void {
    let emptiest: readonly [number, Block] | undefined;
    for (const entry of this.#blocks) {
      if (
        entry[1] !== this.#open &&
        entry[1].live * (emptiest?.[1].bytes.length ?? 1) < (emptiest?.[1].live ?? 1) * entry[1].bytes.length
      ) {
        emptiest = entry;
      }
    }
    if (emptiest === undefined) {
      return;
    }
    const [number, block] = emptiest;
    for (let offset = 0; offset < block.used; ) {
      const sequence = block.view.getFloat64(offset, true);
      const length = entryLength(block.view.getUint32(offset + 8, true) + block.view.getUint32(offset + 12, true));
      const place = this.index.has(sequence) ? this.index.placeOf(sequence) : undefined;
      if (place?.place === number && place.offset === offset) {
        this.#move(block, offset, length, sequence);
      }
      offset += length;
    }
    this.#closedBytes -= block.bytes.length;
    this.#closedLive -= block.live;
    this.#blocks.delete(number);
  }

  #move(from: Block, offset: number, length: number, sequence: number): void {
    const to = this.#blockFor(length);
    to.bytes.set(from.bytes.subarray(offset, offset + length), to.used);
    this.index.relocate(sequence, this.#openNumber, to.used);
    this.#took(to, length);
  }
}

function entryLength(body: number): number {
  return entryHeader + ((body + 7) & ~7);
}
