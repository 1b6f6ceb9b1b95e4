/**
 * What one connection still has to send, in order, as chunks. The open chunk collects a turn's output; at the end of the turn it is written
 * in one piece.
 *
 * Nothing undurable is ever seen: a chunk carries the highest store epoch that any of its bytes shows and leaves when that epoch is
 * durable. A chunk that has to wait is sealed, so that later output can't push its epoch further away, and everything behind it waits too.
 */
import type { Socket } from "../ports.ts";
import { copyOctets } from "../protocol/octets.ts";
import type { OutgoingMessage } from "../protocol/outgoing-message.ts";
import { messageRoom, writeMessage } from "../protocol/writer.ts";
import { LARGE_BUFFER, type OutputPool, SMALL_BUFFER } from "./output-pool.ts";

interface Chunk {
  readonly buffer: Buffer;
  readonly length: number;
  readonly epoch: number;
}

export interface OutputOwner {
  /** Output waits for the end of the turn. */
  outputWaits(): void;
  /** More than `maxPending` bytes wait. */
  outputOverflows(pendingBytes: number): void;
  /** `work` was told that there is no room; now there is. */
  roomAgain(work: { step(): void }): void;
}

/** Services that deliver in a loop pause when this much waits, far below `maxPending`. */
const ROOM_BYTES = 4 * 1024 * 1024;

export class Output {
  readonly #socket: Socket;
  readonly #pool: OutputPool;
  readonly #owner: OutputOwner;
  readonly #maxPending: number;
  #sealed: Chunk[] = [];
  #sealedBytes = 0;
  #open: Buffer | undefined;
  #length = 0;
  #epoch = 0;
  /** Bytes that the socket has taken but not passed on. */
  #socketBytes = 0;
  /** How much the last turn sent: the next one starts with a buffer of that size. */
  #lastLength = 0;
  #durableEpoch = 0;
  readonly #waitingForRoom = new Set<{ step(): void }>();
  #waits = false;
  #ended = false;

  constructor(socket: Socket, pool: OutputPool, owner: OutputOwner, maxPending: number) {
    this.#socket = socket;
    this.#pool = pool;
    this.#owner = owner;
    this.#maxPending = maxPending;
  }

  /** Bytes not yet handed to the operating system. */
  get pendingBytes(): number {
    return this.#sealedBytes + this.#length + this.#socketBytes;
  }

  /** Chunks wait for an epoch to become durable. */
  get isHeld(): boolean {
    return this.#sealed.length > 0;
  }

  get heldBytes(): number {
    return this.#sealedBytes;
  }

  get socketBytes(): number {
    return this.#socketBytes;
  }

  /** False when enough waits already; then the owner is told about `work` once that has gone. */
  hasRoom(work: { step(): void }): boolean {
    if (this.#isRoomy()) {
      return true;
    }
    this.#waitingForRoom.add(work);
    return false;
  }

  /** Tells about all work that waits for room. */
  offerRoom(): void {
    for (const work of this.#waitingForRoom) {
      this.#owner.roomAgain(work);
    }
    this.#waitingForRoom.clear();
  }

  message(message: OutgoingMessage, epoch: number, sid: Uint8Array, withHeaders: boolean): void {
    const target = this.#room(messageRoom(message, sid));
    this.#length = writeMessage(target, this.#length, message, sid, withHeaders);
    this.#appended(epoch);
  }

  bytes(bytes: Uint8Array): void {
    const target = this.#room(bytes.length);
    this.#length = copyOctets(target, this.#length, bytes, 0, bytes.length);
    this.#appended(0);
  }

  /** Sends what may leave; called at the end of a turn and when an epoch became durable. */
  flush(durableEpoch: number): void {
    this.#waits = false;
    this.#durableEpoch = durableEpoch;
    while (this.#sealed.length > 0 && this.#sealed[0]!.epoch <= durableEpoch) {
      const chunk = this.#sealed.shift()!;
      this.#sealedBytes -= chunk.length;
      this.#write(chunk.buffer, chunk.length);
    }
    if (this.#length > 0 && !this.#ended) {
      this.#lastLength = this.#length;
      this.#closeChunk();
    }
    this.#noticeRoom();
  }

  drained(): void {
    this.#socketBytes = 0;
    this.#noticeRoom();
  }

  /** Forgets everything that was not written. */
  discard(): void {
    this.#ended = true;
    this.#sealed = [];
    this.#sealedBytes = 0;
    this.#length = 0;
    this.#open = undefined;
  }

  #isRoomy(): boolean {
    return this.pendingBytes < Math.min(ROOM_BYTES, this.#maxPending / 4);
  }

  #noticeRoom(): void {
    if (this.#waitingForRoom.size > 0 && this.#isRoomy()) {
      this.offerRoom();
    }
  }

  #room(bytes: number): Buffer {
    if (this.#open !== undefined && this.#length + bytes > this.#open.length) {
      this.#closeChunk();
    }
    if (this.#open === undefined) {
      this.#open = this.#pool.take(this.#bufferSize(bytes));
      this.#length = 0;
      this.#epoch = 0;
    }
    return this.#open;
  }

  #bufferSize(bytes: number): number {
    const busy = this.#lastLength > SMALL_BUFFER / 2 || this.#sealed.length > 0 || this.#socketBytes > 0;
    return Math.max(bytes, busy ? LARGE_BUFFER : SMALL_BUFFER);
  }

  #appended(epoch: number): void {
    if (epoch > this.#epoch) {
      this.#epoch = epoch;
    }
    if (!this.#waits) {
      this.#waits = true;
      this.#owner.outputWaits();
    }
    if (this.pendingBytes > this.#maxPending && !this.#ended) {
      this.#owner.outputOverflows(this.pendingBytes);
    }
  }

  /** Writes the open chunk if it may leave, or seals it. */
  #closeChunk(): void {
    const buffer = this.#open!;
    const length = this.#length;
    this.#open = undefined;
    this.#length = 0;
    // The next buffer of a connection that fills one is a large one.
    this.#lastLength = Math.max(this.#lastLength, length);
    if (this.#sealed.length === 0 && this.#epoch <= this.#durableEpoch) {
      this.#write(buffer, length);
      return;
    }
    this.#sealed.push({ buffer, length, epoch: this.#epoch });
    this.#sealedBytes += length;
  }

  #write(buffer: Buffer, length: number): void {
    if (this.#ended) {
      return;
    }
    this.#socketBytes = this.#socket.write(buffer.subarray(0, length));
    if (this.#socketBytes === 0) {
      this.#pool.giveBack(buffer);
    }
  }
}
