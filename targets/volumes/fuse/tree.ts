/**
 * Files, folders and names, three times: as the server sees them (`now`), and as a disk would have them under two promises that file systems
 * make about names. The one that a cut goes by is chosen at the cut.
 *
 * - `ordered`: changes of names reach the disk in their order, and a sync of a file or folder takes along all changes up to the last that
 *   touched it. A journal does that (ext4, XFS): a synced new file has its name.
 * - `strict`: a change of a name is durable when its folder was synced, and by nothing else. POSIX promises no more.
 *
 * Invariant: `ordered` is `now` with the pending changes taken back.
 */
import { Content } from "./content.ts";
import type { ErrorName } from "./protocol.ts";

export type NamePromise = "ordered" | "strict";

export interface FileNode extends NodeParts {
  readonly kind: "file";
  readonly content: Content;
}

export interface LinkNode extends NodeParts {
  readonly kind: "link";
  readonly goal: string;
}

export interface FolderNode extends NodeParts {
  readonly kind: "folder";
  readonly entries: Entries;
}

export type Node = FileNode | LinkNode | FolderNode;

interface Entries {
  now: Map<string, Node>;
  ordered: Map<string, Node>;
  strict: Map<string, Node>;
}

interface NodeParts {
  readonly id: number;
  mode: number;
  uid: number;
  gid: number;
  modifiedMs: number;
  changedMs: number;
  /** Names that lead to it now. */
  links: number;
  /** Open handles. */
  opens: number;
  /** How often the kernel was told of it and has not forgotten. */
  lookups: number;
  /** Number of the newest change of names that touched it. */
  lastChange: number;
  /** Where it was last given a name, for the trace. */
  place: { readonly folder: FolderNode; readonly name: string } | undefined;
}

interface EntryChange {
  readonly folder: FolderNode;
  readonly name: string;
  /** undefined takes the name away. */
  readonly node: Node | undefined;
}

/** One operation on names; a rename changes two at once. */
export interface NameChange {
  readonly number: number;
  readonly entries: readonly EntryChange[];
}

export const rootId = 1;
const folderMode = 0o040755;

/** The operation answers this error. */
export class Refusal extends Error {
  readonly reason: ErrorName;
  constructor(reason: ErrorName) {
    super(reason);
    this.reason = reason;
  }
}

export class Tree {
  readonly root: FolderNode;
  /** Shared by successive trees of one volume, so that the kernel never takes a new node for an old one. */
  readonly #ids: { next: number };
  #changes = 0;
  #pending: NameChange[] = [];

  constructor(ids: { next: number } = { next: rootId + 1 }) {
    this.#ids = ids;
    this.root = { ...this.#parts(folderMode, rootId), kind: "folder", entries: noEntries(), links: 2 };
  }

  /** An empty tree for the state after a cut; its nodes have ids that were never used. */
  successor(): Tree {
    return new Tree(this.#ids);
  }

  get pending(): readonly NameChange[] {
    return this.#pending;
  }

  makeFile(mode: number, content = new Content()): FileNode {
    return { ...this.#parts(mode), kind: "file", content };
  }

  makeFolder(mode: number): FolderNode {
    return { ...this.#parts(mode), kind: "folder", entries: noEntries() };
  }

  makeLink(goal: string): LinkNode {
    return { ...this.#parts(0o120777), kind: "link", goal };
  }

  /** Gives `node` a name that is free. */
  add(folder: FolderNode, name: string, node: Node): void {
    if (folder.entries.now.has(name)) {
      throw new Refusal("EEXIST");
    }
    this.#change([{ folder, name, node }], [node]);
  }

  remove(folder: FolderNode, name: string, kind: "folder" | "other"): Node {
    const node = find(folder, name);
    if (kind === "folder" && node.kind !== "folder") {
      throw new Refusal("ENOTDIR");
    }
    if (kind === "other" && node.kind === "folder") {
      throw new Refusal("EISDIR");
    }
    if (node.kind === "folder" && node.entries.now.size > 0) {
      throw new Refusal("ENOTEMPTY");
    }
    this.#change([{ folder, name, node: undefined }], [node]);
    return node;
  }

  /** Returns what stood at the goal and has lost its name. */
  rename({ from, name, to, newName, mode }: Rename): Node | undefined {
    const node = find(from, name);
    const replaced = to.entries.now.get(newName);
    if (mode === "exchange") {
      const other = find(to, newName);
      this.#change(
        [
          { folder: from, name, node: other },
          { folder: to, name: newName, node },
        ],
        [node, other],
      );
      return undefined;
    }
    if (replaced === node) {
      return undefined;
    }
    if (replaced !== undefined) {
      mayReplace(node, replaced, mode);
    }
    this.#change(
      [
        { folder: from, name, node: undefined },
        { folder: to, name: newName, node },
      ],
      replaced === undefined ? [node] : [node, replaced],
    );
    return replaced;
  }

  /** What a sync of this node makes durable besides its bytes. */
  syncNames(node: Node): void {
    this.#commit(node.lastChange);
    if (node.kind === "folder") {
      node.entries.strict = new Map(node.entries.now);
    }
  }

  /** As after a sync of the whole file system: names only. */
  syncAllNames(folder: FolderNode = this.root): void {
    this.#commit(this.#changes);
    folder.entries.strict = new Map(folder.entries.now);
    for (const node of folder.entries.now.values()) {
      if (node.kind === "folder") {
        this.syncAllNames(node);
      }
    }
  }

  #commit(upTo: number): void {
    const count = this.#pending.findIndex((change) => change.number > upTo);
    for (const change of this.#pending.splice(0, count < 0 ? this.#pending.length : count)) {
      applyTo((folder) => folder.entries.ordered, change);
    }
  }

  #change(entries: readonly EntryChange[], touched: readonly Node[]): void {
    const change = { number: ++this.#changes, entries };
    for (const { folder, name, node } of entries) {
      const before = folder.entries.now.get(name);
      if (before !== undefined) {
        before.links -= linkWeight(before);
      }
      folder.lastChange = change.number;
      folder.modifiedMs = Date.now();
      if (node !== undefined) {
        node.links += linkWeight(node);
        node.place = { folder, name };
      }
    }
    for (const node of touched) {
      node.lastChange = change.number;
    }
    applyTo((folder) => folder.entries.now, change);
    this.#pending.push(change);
  }

  #parts(mode: number, id = this.#ids.next++): NodeParts {
    const now = Date.now();
    return { id, mode, uid: 0, gid: 0, modifiedMs: now, changedMs: now, links: 0, opens: 0, lookups: 0, lastChange: 0, place: undefined };
  }
}

export interface Rename {
  readonly from: FolderNode;
  readonly name: string;
  readonly to: FolderNode;
  readonly newName: string;
  readonly mode: "replace" | "keep" | "exchange";
}

export function find(folder: FolderNode, name: string): Node {
  const node = folder.entries.now.get(name);
  if (node === undefined) {
    throw new Refusal("ENOENT");
  }
  return node;
}

/** From the root of the volume, without a slash in front; a file that lost its last name keeps it here. */
export function pathOf(node: Node): string {
  const names: string[] = [];
  for (let place = node.place; place !== undefined; place = place.folder.place) {
    names.unshift(place.name);
  }
  return names.join("/");
}

/** Plays one change on the map that `of` gives for a folder. */
export function applyTo(of: (folder: FolderNode) => Map<string, Node>, change: NameChange): void {
  for (const { folder, name, node } of change.entries) {
    if (node === undefined) {
      of(folder).delete(name);
    } else {
      of(folder).set(name, node);
    }
  }
}

function noEntries(): Entries {
  return { now: new Map(), ordered: new Map(), strict: new Map() };
}

/** A folder counts its own `.` too. */
function linkWeight(node: Node): number {
  return node.kind === "folder" ? 2 : 1;
}

function mayReplace(node: Node, replaced: Node, mode: Rename["mode"]): void {
  if (mode === "keep") {
    throw new Refusal("EEXIST");
  }
  if (replaced.kind === "folder" && node.kind !== "folder") {
    throw new Refusal("EISDIR");
  }
  if (replaced.kind !== "folder" && node.kind === "folder") {
    throw new Refusal("ENOTDIR");
  }
  if (replaced.kind === "folder" && replaced.entries.now.size > 0) {
    throw new Refusal("ENOTEMPTY");
  }
}
