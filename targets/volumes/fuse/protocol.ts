/**
 * The bytes between the kernel and a file system in user space: FUSE 7.31 and later, little-endian as on every machine Node supports here.
 * Pure: requests are taken apart and answers put together; nothing is read or written. The field order is that of the kernel's
 * `include/uapi/linux/fuse.h`.
 */

export const opcodes = {
  lookup: 1,
  forget: 2,
  getattr: 3,
  setattr: 4,
  readlink: 5,
  symlink: 6,
  mknod: 8,
  mkdir: 9,
  unlink: 10,
  rmdir: 11,
  rename: 12,
  link: 13,
  open: 14,
  read: 15,
  write: 16,
  statfs: 17,
  release: 18,
  fsync: 20,
  getxattr: 22,
  flush: 25,
  init: 26,
  opendir: 27,
  readdir: 28,
  releasedir: 29,
  fsyncdir: 30,
  access: 34,
  create: 35,
  interrupt: 36,
  destroy: 38,
  batchForget: 42,
  fallocate: 43,
  rename2: 45,
  lseek: 46,
  syncfs: 50,
} as const;
export type OperationName = keyof typeof opcodes;

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys of the table above are these names
const operationNames = Object.keys(opcodes) as OperationName[];
const namesByOpcode = new Map<number, OperationName>(operationNames.map((name) => [opcodes[name], name]));

/** Errors that a file system answers, by their number on Linux. */
export const errorNumbers = {
  ENOENT: 2,
  EINTR: 4,
  EIO: 5,
  EEXIST: 17,
  ENOTDIR: 20,
  EISDIR: 21,
  EINVAL: 22,
  EMFILE: 24,
  EFBIG: 27,
  ENOSPC: 28,
  EROFS: 30,
  ENOSYS: 38,
  ENOTEMPTY: 39,
  ENXIO: 6,
  EOPNOTSUPP: 95,
  ESTALE: 116,
  EDQUOT: 122,
} as const;
export type ErrorName = keyof typeof errorNumbers;

export const headerBytes = 40;
/** The largest body of a write; a request with its header and fields fits into `requestBytesMax`. */
export const writeBytesMax = 1024 * 1024;
export const requestBytesMax = writeBytesMax + 4096;

export interface Request {
  /** undefined for one that this codec does not know; it is answered with ENOSYS. */
  readonly operation: OperationName | undefined;
  readonly opcode: number;
  readonly unique: bigint;
  readonly node: number;
  readonly uid: number;
  readonly gid: number;
  /** The thread that asks. */
  readonly thread: number;
  readonly body: Buffer;
}

/** `bytes` is one whole request; `body` is a view of it. */
export function decodeRequest(bytes: Buffer): Request {
  const opcode = bytes.readUInt32LE(4);
  const extensionBytes = bytes.readUInt16LE(36) * 8;
  return {
    operation: namesByOpcode.get(opcode),
    opcode,
    unique: bytes.readBigUInt64LE(8),
    node: Number(bytes.readBigUInt64LE(16)),
    uid: bytes.readUInt32LE(24),
    gid: bytes.readUInt32LE(28),
    thread: bytes.readUInt32LE(32),
    body: bytes.subarray(headerBytes, bytes.readUInt32LE(0) - extensionBytes),
  };
}

/** Names end with a zero byte each. */
export function decodeNames(body: Buffer, start: number): string[] {
  const names: string[] = [];
  let from = start;
  for (;;) {
    const end = body.indexOf(0, from);
    if (end < 0) {
      return names;
    }
    names.push(body.toString("utf8", from, end));
    from = end + 1;
  }
}

/** The first name in a body from a byte on. */
export function nameIn(body: Buffer, at: number): string {
  return decodeNames(body, at)[0] ?? "";
}

export interface SetAttributes {
  readonly mode: number | undefined;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  readonly size: number | undefined;
  readonly modifiedMs: number | "now" | undefined;
}

export function decodeSetAttributes(body: Buffer): SetAttributes {
  const valid = body.readUInt32LE(0);
  const when = (bit: number, read: () => number) => ((valid & (1 << bit)) === 0 ? undefined : read());
  const modified = when(5, () => Number(body.readBigUInt64LE(40)) * 1000 + body.readUInt32LE(60) / 1e6);
  return {
    mode: when(0, () => body.readUInt32LE(68)),
    uid: when(1, () => body.readUInt32LE(76)),
    gid: when(2, () => body.readUInt32LE(80)),
    size: when(3, () => Number(body.readBigUInt64LE(16))),
    modifiedMs: (valid & (1 << 8)) === 0 ? modified : "now",
  };
}

/** Handle, offset and length: how reads, writes and reservations of space begin. */
export function decodeRange(body: Buffer): { readonly handle: number; readonly offset: number; readonly length: number } {
  return { handle: decodeHandle(body), offset: Number(body.readBigUInt64LE(8)), length: body.readUInt32LE(16) };
}

export function decodeHandle(body: Buffer): number {
  return Number(body.readBigUInt64LE(0));
}

export const writeFieldBytes = 40;

export interface KernelOffer {
  readonly major: number;
  readonly minor: number;
  readonly flags: bigint;
}

export function decodeInit(body: Buffer): KernelOffer {
  const flags = BigInt(body.readUInt32LE(12)) | (body.length >= 20 ? BigInt(body.readUInt32LE(16)) << 32n : 0n);
  return { major: body.readUInt32LE(0), minor: body.readUInt32LE(4), flags };
}

const asyncRead = 1n << 0n;
const bigWrites = 1n << 5n;
const maxPages = 1n << 22n;
const initExtended = 1n << 30n;
const mapsOfDirectFiles = 1n << 36n;

/** Locks are left to the kernel, and pages are not cached (see `openReply`). */
export function initReply(offer: KernelOffer): Buffer {
  const flags = offer.flags & (asyncRead | bigWrites | maxPages | initExtended | mapsOfDirectFiles);
  const reply = Buffer.alloc(64);
  reply.writeUInt32LE(7, 0);
  reply.writeUInt32LE(Math.min(offer.minor, 38), 4);
  reply.writeUInt32LE(writeBytesMax, 8);
  reply.writeUInt32LE(Number(flags & 0xffff_ffffn), 12);
  reply.writeUInt16LE(64, 16);
  reply.writeUInt16LE(48, 18);
  reply.writeUInt32LE(writeBytesMax, 20);
  reply.writeUInt32LE(1, 24);
  reply.writeUInt16LE(writeBytesMax / 4096, 28);
  reply.writeUInt32LE(Number(flags >> 32n), 32);
  return reply;
}

export interface Attributes {
  readonly id: number;
  readonly size: number;
  readonly allocatedBytes: number;
  readonly modifiedMs: number;
  readonly changedMs: number;
  readonly mode: number;
  readonly links: number;
  readonly uid: number;
  readonly gid: number;
}

const attributeBytes = 88;

function writeAttributes(into: Buffer, at: number, attributes: Attributes): void {
  const { modifiedMs, changedMs } = attributes;
  const large = [
    attributes.id,
    attributes.size,
    Math.ceil(attributes.allocatedBytes / 512),
    seconds(modifiedMs),
    seconds(modifiedMs),
    seconds(changedMs),
  ];
  large.forEach((value, index) => into.writeBigUInt64LE(BigInt(value), at + index * 8));
  const small = [
    nanos(modifiedMs),
    nanos(modifiedMs),
    nanos(changedMs),
    attributes.mode,
    attributes.links,
    attributes.uid,
    attributes.gid,
    0,
    4096,
    0,
  ];
  small.forEach((value, index) => into.writeUInt32LE(value, at + 48 + index * 4));
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000);
}

function nanos(ms: number): number {
  return Math.floor((ms % 1000) * 1e6);
}

/** The kernel is to ask again each time: after a cut every name leads to another node. */
export function attributesReply(attributes: Attributes): Buffer {
  const reply = Buffer.alloc(16 + attributeBytes);
  writeAttributes(reply, 16, attributes);
  return reply;
}

export function entryReply(attributes: Attributes): Buffer {
  const reply = Buffer.alloc(40 + attributeBytes);
  reply.writeBigUInt64LE(BigInt(attributes.id), 0);
  writeAttributes(reply, 40, attributes);
  return reply;
}

const directIo = 1;

/** Every read and write comes to the file system as it is made; nothing waits in a cache above it. */
export function openReply(handle: number, kind: "file" | "folder"): Buffer {
  const reply = Buffer.alloc(16);
  reply.writeBigUInt64LE(BigInt(handle), 0);
  reply.writeUInt32LE(kind === "file" ? directIo : 0, 8);
  return reply;
}

export function writeReply(length: number): Buffer {
  const reply = Buffer.alloc(8);
  reply.writeUInt32LE(length, 0);
  return reply;
}

export function spaceReply({ totalBytes, freeBytes, blockBytes }: { totalBytes: number; freeBytes: number; blockBytes: number }): Buffer {
  const reply = Buffer.alloc(80);
  const free = Math.floor(freeBytes / blockBytes);
  const large = [Math.floor(totalBytes / blockBytes), free, free, 1_000_000, 900_000];
  large.forEach((value, index) => reply.writeBigUInt64LE(BigInt(value), index * 8));
  [blockBytes, 255, blockBytes].forEach((value, index) => reply.writeUInt32LE(value, 40 + index * 4));
  return reply;
}

export interface ListedName {
  readonly name: string;
  readonly id: number;
  readonly mode: number;
}

/** As many names from `start` on as fit into `bytesMax`. */
export function namesReply(names: readonly ListedName[], { start, bytesMax }: { start: number; bytesMax: number }): Buffer {
  const parts: Buffer[] = [];
  let left = bytesMax;
  for (const [index, { name, id, mode }] of names.entries()) {
    const text = Buffer.from(name);
    const length = Math.ceil((24 + text.length) / 8) * 8;
    if (index < start) {
      continue;
    }
    if (length > left) {
      break;
    }
    const entry = Buffer.alloc(length);
    entry.writeBigUInt64LE(BigInt(id), 0);
    entry.writeBigUInt64LE(BigInt(index + 1), 8);
    entry.writeUInt32LE(text.length, 16);
    entry.writeUInt32LE((mode & 0o170000) >> 12, 20);
    text.copy(entry, 24);
    parts.push(entry);
    left -= length;
  }
  return Buffer.concat(parts);
}

/** An answer as it is written to the device: a body, or the name of an error. */
export function encodeAnswer(unique: bigint, answer: Buffer | ErrorName): Buffer {
  const body = typeof answer === "string" ? Buffer.alloc(0) : answer;
  const bytes = Buffer.allocUnsafe(16 + body.length);
  bytes.writeUInt32LE(bytes.length, 0);
  bytes.writeInt32LE(typeof answer === "string" ? -errorNumbers[answer] : 0, 4);
  bytes.writeBigUInt64LE(unique, 8);
  body.copy(bytes, 16);
  return bytes;
}
