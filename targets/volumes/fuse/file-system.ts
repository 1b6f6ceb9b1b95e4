/**
 * The file system itself: one request of the kernel in, its answer out, synchronously and without any input or output of its own. Delays and
 * injected errors stand before it (see `disk-faults.ts`).
 */
import type { PowerCutAdversary } from "../../target.ts";
import { allocatedIn, attributesOf, listed, syncAllBytes } from "./node-facts.ts";
import {
  attributesReply,
  decodeHandle,
  decodeInit,
  decodeNames,
  decodeRange,
  decodeSetAttributes,
  type ErrorName,
  entryReply,
  initReply,
  type ListedName,
  nameIn,
  namesReply,
  type OperationName,
  openReply,
  type Request,
  spaceReply,
  writeFieldBytes,
  writeReply,
} from "./protocol.ts";
import { type Survivors, survivorsOf } from "./survival.ts";
import { type FileNode, type FolderNode, find, type NamePromise, type Node, Refusal, rootId, Tree } from "./tree.ts";

const sizeMax = 2 ** 40;
/** O_DSYNC, and O_SYNC which holds its bit. */
const syncedFlag = 0o10000;
const noBytes = Buffer.alloc(0);

interface Handle {
  readonly node: Node;
  /** Of a folder: its names when it was opened, so that a walk sees each once. */
  readonly names: readonly ListedName[];
}

/** undefined where the kernel waits for no answer. */
export type Answer = Buffer | ErrorName | undefined;

export class FileSystem {
  readonly sizeBytes: number;
  readOnly = false;
  /** How many bytes may be in use at most, and the error of a write that would need more. */
  limit: { readonly usedBytes: number; readonly error: "ENOSPC" | "EDQUOT" };
  #tree = new Tree();
  #nodes = new Map<number, Node>();
  #handles = new Map<number, Handle>();
  #nextHandle = 1;
  #usedBytes = 0;

  constructor(sizeBytes: number) {
    this.sizeBytes = sizeBytes;
    this.limit = { usedBytes: sizeBytes, error: "ENOSPC" };
    this.#nodes.set(rootId, this.#tree.root);
  }

  get freeBytes(): number {
    return Math.max(0, this.limit.usedBytes - this.#usedBytes);
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  answer(request: Request): Answer {
    if (request.operation === undefined) {
      return "ENOSYS";
    }
    try {
      return (handlers[request.operation] ?? refuse)(this, request);
    } catch (error) {
      if (error instanceof Refusal) {
        return error.reason;
      }
      throw error;
    }
  }

  survivors(adversary: PowerCutAdversary, promise: NamePromise): Survivors {
    return survivorsOf(this.#tree, adversary, promise);
  }

  /** The tree of a cut takes the place of what was; whatever the kernel still knows of that is stale. */
  adopt(tree: Tree): void {
    this.#tree = tree;
    this.#nodes = new Map([[rootId, tree.root]]);
    this.#handles.clear();
    this.#usedBytes = allocatedIn(tree.root, new Set());
  }

  node(id: number): Node {
    const node = this.#nodes.get(id);
    if (node === undefined) {
      throw new Refusal("ESTALE");
    }
    return node;
  }

  folder(id: number): FolderNode {
    const node = this.node(id);
    if (node.kind !== "folder") {
      throw new Refusal("ENOTDIR");
    }
    return node;
  }

  file(id: number): FileNode {
    const node = this.node(id);
    if (node.kind !== "file") {
      throw new Refusal(node.kind === "folder" ? "EISDIR" : "EINVAL");
    }
    return node;
  }

  get tree(): Tree {
    return this.#tree;
  }

  /** The kernel was told of this node. */
  told(node: Node): Buffer {
    node.lookups++;
    this.#nodes.set(node.id, node);
    return entryReply(attributesOf(node));
  }

  forget(id: number, count: number): void {
    const node = this.#nodes.get(id);
    if (node !== undefined && id !== rootId) {
      node.lookups -= count;
      if (node.lookups <= 0) {
        this.#nodes.delete(id);
      }
    }
  }

  open(node: Node): Buffer {
    const handle = this.#nextHandle++;
    this.#handles.set(handle, { node, names: node.kind === "folder" ? listed(node) : [] });
    node.opens++;
    return openReply(handle, node.kind === "folder" ? "folder" : "file");
  }

  namesOf(handle: number): readonly ListedName[] {
    return this.#handles.get(handle)?.names ?? [];
  }

  release(handle: number): void {
    const opened = this.#handles.get(handle);
    this.#handles.delete(handle);
    if (opened !== undefined) {
      opened.node.opens--;
      this.reclaim(opened.node);
    }
  }

  /** Room of a file without a name or a handle is free again. */
  reclaim(node: Node | undefined): void {
    if (node?.kind === "file" && node.links === 0 && node.opens === 0) {
      this.#usedBytes -= node.content.allocatedBytes;
    }
  }

  /** Changes a file's bytes; `neededBytes` of new room must be there. */
  change(node: FileNode, neededBytes: number, change: () => void): void {
    if (this.readOnly) {
      throw new Refusal("EROFS");
    }
    if (neededBytes > this.freeBytes) {
      throw new Refusal(this.limit.error);
    }
    const before = node.content.allocatedBytes;
    change();
    this.#usedBytes += node.content.allocatedBytes - before;
    node.modifiedMs = Date.now();
    node.changedMs = node.modifiedMs;
  }

  mayChangeNames(): void {
    if (this.readOnly) {
      throw new Refusal("EROFS");
    }
  }
}

type Handler = (system: FileSystem, request: Request) => Answer;

const refuse: Handler = () => "ENOSYS";

const handlers: Partial<Record<OperationName, Handler>> = {
  init: (_, { body }) => initReply(decodeInit(body)),
  destroy: () => noBytes,
  forget: (system, { node, body }) => {
    system.forget(node, Number(body.readBigUInt64LE(0)));
    return undefined;
  },
  batchForget: (system, { body }) => {
    for (let index = 0; index < body.readUInt32LE(0); index++) {
      system.forget(Number(body.readBigUInt64LE(8 + index * 16)), Number(body.readBigUInt64LE(16 + index * 16)));
    }
    return undefined;
  },
  lookup: (system, { node, body }) => system.told(find(system.folder(node), nameIn(body, 0))),
  getattr: (system, { node }) => attributesReply(attributesOf(system.node(node))),
  setattr: setAttributes,
  readlink: (system, { node }) => {
    const link = system.node(node);
    return link.kind === "link" ? Buffer.from(link.goal) : "EINVAL";
  },
  symlink: (system, request) => {
    const [name = "", goal = ""] = decodeNames(request.body, 0);
    return named(system, request, name, system.tree.makeLink(goal));
  },
  mknod: (system, request) => {
    const mode = request.body.readUInt32LE(0);
    const isFile = (mode & 0o170000) === 0o100000;
    return isFile ? named(system, request, nameIn(request.body, 16), system.tree.makeFile(mode)) : "EOPNOTSUPP";
  },
  mkdir: (system, request) => {
    const mode = 0o040000 | (request.body.readUInt32LE(0) & 0o7777);
    return named(system, request, nameIn(request.body, 8), system.tree.makeFolder(mode));
  },
  create: (system, request) => {
    const file = system.tree.makeFile(0o100000 | (request.body.readUInt32LE(4) & 0o7777));
    const entry = named(system, request, nameIn(request.body, 16), file);
    return Buffer.concat([entry, system.open(file)]);
  },
  link: (system, { node, body }) => {
    system.mayChangeNames();
    const original = system.node(Number(body.readBigUInt64LE(0)));
    system.tree.add(system.folder(node), nameIn(body, 8), original);
    return system.told(original);
  },
  unlink: (system, { node, body }) => {
    system.mayChangeNames();
    system.reclaim(system.tree.remove(system.folder(node), nameIn(body, 0), "other"));
    return noBytes;
  },
  rmdir: (system, { node, body }) => {
    system.mayChangeNames();
    system.tree.remove(system.folder(node), nameIn(body, 0), "folder");
    return noBytes;
  },
  rename: (system, request) => rename(system, request, { flags: 0, namesAt: 8 }),
  rename2: (system, request) => rename(system, request, { flags: request.body.readUInt32LE(8), namesAt: 16 }),
  open: (system, { node }) => system.open(system.file(node)),
  opendir: (system, { node }) => system.open(system.folder(node)),
  release: (system, { body }) => {
    system.release(decodeHandle(body));
    return noBytes;
  },
  releasedir: (system, { body }) => {
    system.release(decodeHandle(body));
    return noBytes;
  },
  readdir: (system, { body }) => {
    const { handle, offset, length } = decodeRange(body);
    return namesReply(system.namesOf(handle), { start: offset, bytesMax: length });
  },
  read: (system, { node, body }) => {
    const { offset, length } = decodeRange(body);
    return system.file(node).content.read(offset, length);
  },
  write,
  fallocate,
  fsync: (system, { node }) => {
    const file = system.file(node);
    file.content.sync();
    system.tree.syncNames(file);
    return noBytes;
  },
  fsyncdir: (system, { node }) => {
    system.tree.syncNames(system.folder(node));
    return noBytes;
  },
  syncfs: (system) => {
    syncAllBytes(system.tree.root);
    system.tree.syncAllNames();
    return noBytes;
  },
  statfs: (system) => spaceReply({ totalBytes: system.sizeBytes, freeBytes: system.freeBytes, blockBytes: 4096 }),
};

/** Whether a write or the file it goes to was opened to be synced with each write. */
export function isSyncedWrite({ body }: Request): boolean {
  return (body.readUInt32LE(32) & syncedFlag) !== 0;
}

function write(system: FileSystem, request: Request): Answer {
  const { offset, length } = decodeRange(request.body);
  const file = system.file(request.node);
  if (offset + length > sizeMax) {
    return "EFBIG";
  }
  const bytes = request.body.subarray(writeFieldBytes, writeFieldBytes + length);
  const needed = file.content.missingBytes(offset, length);
  system.change(file, needed, () => file.content.write(offset, bytes));
  if (isSyncedWrite(request)) {
    file.content.sync(offset, length);
    system.tree.syncNames(file);
  }
  return writeReply(length);
}

const keepSize = 1;
const punchHole = 2;
const zeroRange = 16;

function fallocate(system: FileSystem, { node, body }: Request): Answer {
  const offset = Number(body.readBigUInt64LE(8));
  const length = Number(body.readBigUInt64LE(16));
  const mode = body.readUInt32LE(24);
  const { content } = system.file(node);
  if ((mode & ~(keepSize | punchHole | zeroRange)) !== 0 || offset + length > sizeMax) {
    return (mode & ~(keepSize | punchHole | zeroRange)) === 0 ? "EFBIG" : "EOPNOTSUPP";
  }
  const needed = (mode & punchHole) === 0 ? content.missingBytes(offset, length) : 0;
  system.change(system.file(node), needed, () => {
    if (mode & (punchHole | zeroRange)) {
      content.zero(offset, length);
    }
    if ((mode & punchHole) === 0) {
      content.reserve(offset, length);
    }
    if ((mode & (keepSize | punchHole)) === 0 && offset + length > content.size) {
      content.truncate(offset + length);
    }
  });
  return noBytes;
}

function setAttributes(system: FileSystem, { node: id, body }: Request): Answer {
  const { mode, uid, gid, size, modifiedMs } = decodeSetAttributes(body);
  const node = system.node(id);
  system.mayChangeNames();
  if (size !== undefined) {
    if (size > sizeMax) {
      return "EFBIG";
    }
    const file = system.file(id);
    system.change(file, 0, () => file.content.truncate(size));
  }
  node.mode = mode === undefined ? node.mode : (node.mode & 0o170000) | (mode & 0o7777);
  node.uid = uid ?? node.uid;
  node.gid = gid ?? node.gid;
  if (modifiedMs !== undefined) {
    node.modifiedMs = modifiedMs === "now" ? Date.now() : modifiedMs;
  }
  node.changedMs = Date.now();
  return attributesReply(attributesOf(node));
}

const noReplace = 1;
const exchange = 2;

function rename(system: FileSystem, { node, body }: Request, { flags, namesAt }: { flags: number; namesAt: number }): Answer {
  system.mayChangeNames();
  if ((flags & ~(noReplace | exchange)) !== 0) {
    return "EINVAL";
  }
  const [name = "", newName = ""] = decodeNames(body, namesAt);
  const from = system.folder(node);
  const to = system.folder(Number(body.readBigUInt64LE(0)));
  const mode = flags & exchange ? "exchange" : flags & noReplace ? "keep" : "replace";
  system.reclaim(system.tree.rename({ from, name, to, newName, mode }));
  return noBytes;
}

function named(system: FileSystem, request: Request, name: string, node: Node): Buffer {
  system.mayChangeNames();
  node.uid = request.uid;
  node.gid = request.gid;
  system.tree.add(system.folder(request.node), name, node);
  return system.told(node);
}
