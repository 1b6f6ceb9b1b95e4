/**
 * Memory in which log records are built, hashed in place and read: one `LogMemory` is a WebAssembly memory with the views and the three
 * checksum calls over it. Checksums are seeded with segment and offset, so that a record that is right but in the wrong place is wrong.
 */
import { checksumModule } from "./checksum-module.ts";

/** The part of the global that is used here; the compiler's libraries declare it only for browsers. */
declare const WebAssembly: {
  Memory: new (limits: { initial: number }) => { readonly buffer: ArrayBuffer };
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: object) => { readonly exports: Record<string, unknown> };
};

interface ChecksumExports {
  hash(pointer: number, length: number, seed: bigint): bigint;
  seal(pointer: number, length: number, segment: number, offset: number): void;
  headerIsSound(pointer: number, segment: number, offset: number): number;
  isSound(pointer: number, length: number, segment: number, offset: number): number;
  soundUntil(pointer: number, end: number, segment: number, offset: number): number;
}

const pageBytes = 65_536;
const module = new WebAssembly.Module(checksumModule);

export class LogMemory {
  readonly bytes: Uint8Array;
  readonly words: Uint32Array;
  readonly longs: BigInt64Array;
  readonly #checksums: ChecksumExports;

  constructor(length: number) {
    const memory = new WebAssembly.Memory({ initial: Math.ceil(length / pageBytes) });
    const instance = new WebAssembly.Instance(module, { log: { memory } });
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the module is assembled in this folder and exports exactly these
    this.#checksums = instance.exports as unknown as ChecksumExports;
    this.bytes = new Uint8Array(memory.buffer);
    this.words = new Uint32Array(memory.buffer);
    this.longs = new BigInt64Array(memory.buffer);
  }

  /** Writes both checksums of the record at `pointer`. */
  seal(pointer: number, length: number, segment: number, offset: number): void {
    this.#checksums.seal(pointer, length, segment, offset);
  }

  /** Can the record's header, its length above all, be trusted? */
  headerIsSound(pointer: number, segment: number, offset: number): boolean {
    return this.#checksums.headerIsSound(pointer, segment, offset) === 1;
  }

  /** Is every byte of the record as it was sealed? Call only when the header is sound. */
  isSound(pointer: number, length: number, segment: number, offset: number): boolean {
    return this.#checksums.isSound(pointer, length, segment, offset) === 1;
  }

  /** Are the records from the beginning of the memory to `end`, which are those of a segment, one behind the other and all sound? */
  isSoundUntil(end: number, segment: number): boolean {
    return this.#checksums.soundUntil(0, end, segment, 0) === end;
  }

  /** xxh64 of a range; `length` is a multiple of 8. */
  hash(pointer: number, length: number, seed: bigint): bigint {
    return BigInt.asUintN(64, this.#checksums.hash(pointer, length, seed));
  }
}
