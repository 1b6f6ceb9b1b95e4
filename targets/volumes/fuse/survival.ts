/**
 * What a disk would hold after a cut, as a tree of its own: which names survive, and of each surviving file which of its unsynced bytes.
 * Everything that a completed sync covered is in each of the outcomes.
 */

import type { PowerCutAdversary } from "../../target.ts";
import { type Random, seededRandom } from "../random.ts";
import { type Content, sectorBytes } from "./content.ts";
import { applyTo, type FileNode, type FolderNode, type NamePromise, type Node, type Tree } from "./tree.ts";

export interface Survivors {
  readonly tree: Tree;
  /** In sectors that differ, of files that have a name now or would have one after the cut. */
  readonly unsyncedBytes: number;
  readonly droppedBytes: number;
  readonly pendingNames: number;
  readonly droppedNames: number;
  readonly shape: Readonly<Record<string, string | number>>;
}

type NameMaps = (folder: FolderNode) => ReadonlyMap<string, Node>;

interface Mixing {
  readonly adversary: PowerCutAdversary;
  readonly random: Random;
  readonly chance: number;
  readonly unitSectors: number;
}

export function survivorsOf(tree: Tree, adversary: PowerCutAdversary, promise: NamePromise): Survivors {
  const seed = "seed" in adversary ? adversary.seed : 0;
  const random = seededRandom(seed);
  const mixing = { adversary, random, chance: random.pick([0.1, 0.5, 0.9]), unitSectors: random.pick([1, 8, 64]) };
  const names = survivingNames({ tree, adversary, promise, random });
  const builder = new Builder(tree.successor(), names.maps, mixing);
  builder.copyFolder(tree.root, builder.tree.root);
  builder.tree.syncAllNames();
  const shape = {
    names: promise,
    ...(adversary.keep === "random" ? { survival: mixing.chance, unitBytes: mixing.unitSectors * sectorBytes } : {}),
    ...(builder.tornAt === "" ? {} : { torn: builder.tornAt }),
    ...(builder.grown === 0 ? {} : { grownFiles: builder.grown }),
  };
  const files = new Set([...builder.files, ...filesIn(tree.root)]);
  const unsyncedBytes = [...files].reduce((sum, { content }) => sum + content.unsyncedSectors().length * sectorBytes, 0);
  const droppedBytes = unsyncedBytes - builder.keptBytes;
  return { tree: builder.tree, unsyncedBytes, droppedBytes, pendingNames: names.pending, droppedNames: names.dropped, shape };
}

interface NameChoice {
  readonly tree: Tree;
  readonly adversary: PowerCutAdversary;
  readonly promise: NamePromise;
  readonly random: Random;
}

function survivingNames({ tree, adversary, promise, random }: NameChoice) {
  const pending = promise === "ordered" ? tree.pending.length : countStrict(tree.root);
  if (adversary.keep === "nothing") {
    return { maps: (folder: FolderNode) => folder.entries[promise], pending, dropped: pending };
  }
  if (adversary.keep !== "random") {
    // Torn and grown are about bytes: all names are there.
    return { maps: (folder: FolderNode) => folder.entries.now, pending, dropped: 0 };
  }
  const chosen = new Map<FolderNode, Map<string, Node>>();
  const start = (folder: FolderNode): Map<string, Node> => {
    const map = chosen.get(folder) ?? new Map(folder.entries[promise]);
    chosen.set(folder, map);
    return map;
  };
  if (promise === "ordered") {
    const kept = random.below(pending + 1);
    for (const change of tree.pending.slice(0, kept)) {
      applyTo(start, change);
    }
    return { maps: start, pending, dropped: pending - kept };
  }
  let dropped = 0;
  const mixed = (folder: FolderNode): Map<string, Node> => {
    const known = chosen.get(folder);
    if (known !== undefined) {
      return known;
    }
    const map = start(folder);
    for (const name of strictDifferences(folder)) {
      const node = folder.entries.now.get(name);
      if (random.below(2) === 0) {
        dropped++;
      } else if (node === undefined) {
        map.delete(name);
      } else {
        map.set(name, node);
      }
    }
    return map;
  };
  // All choices are made before the tree is walked, so that the count is there.
  const visit = (folder: FolderNode) => {
    for (const node of mixed(folder).values()) {
      if (node.kind === "folder" && !chosen.has(node)) {
        visit(node);
      }
    }
  };
  visit(tree.root);
  return { maps: mixed, pending, dropped };
}

function strictDifferences({ entries: { now, strict } }: FolderNode): string[] {
  return [...new Set([...now.keys(), ...strict.keys()])].filter((name) => now.get(name) !== strict.get(name));
}

function countStrict(folder: FolderNode): number {
  const below = [...folder.entries.now.values()].filter((node) => node.kind === "folder");
  return strictDifferences(folder).length + below.reduce((sum, node) => sum + countStrict(node), 0);
}

class Builder {
  readonly tree: Tree;
  keptBytes = 0;
  readonly files = new Set<FileNode>();
  tornAt = "";
  grown = 0;
  readonly #names: NameMaps;
  readonly #mixing: Mixing;
  readonly #made = new Map<Node, Node>();

  constructor(tree: Tree, names: NameMaps, mixing: Mixing) {
    this.tree = tree;
    this.#names = names;
    this.#mixing = mixing;
  }

  copyFolder(from: FolderNode, to: FolderNode): void {
    this.#made.set(from, to);
    for (const [name, node] of this.#names(from)) {
      const made = this.#made.get(node);
      // A folder renamed from one unsynced folder to another may be seen in both; no file system shows one twice.
      if (made?.kind === "folder") {
        continue;
      }
      const copy = made ?? this.#copy(node, name);
      this.tree.add(to, name, copy);
      if (node.kind === "folder" && copy.kind === "folder") {
        this.copyFolder(node, copy);
      }
    }
  }

  #copy(node: Node, name: string): Node {
    const copy = this.#make(node, name);
    Object.assign(copy, { uid: node.uid, gid: node.gid, modifiedMs: node.modifiedMs });
    this.#made.set(node, copy);
    return copy;
  }

  #make(node: Node, name: string): Node {
    if (node.kind === "folder") {
      return this.tree.makeFolder(node.mode);
    }
    return node.kind === "link" ? this.tree.makeLink(node.goal) : this.tree.makeFile(node.mode, this.#bytes(node, name));
  }

  #bytes(node: FileNode, name: string): Content {
    const { content } = node;
    const sectors = content.unsyncedSectors();
    const result = this.#surviving(content, sectors, name);
    this.files.add(node);
    this.keptBytes += sectors.filter((sector) => !differs(content, result, sector)).length * sectorBytes;
    return result;
  }

  #surviving(content: Content, sectors: readonly number[], name: string): Content {
    const { adversary, random } = this.#mixing;
    if (content.isSynced || adversary.keep === "everything") {
      return content.copy("written");
    }
    if (adversary.keep === "nothing") {
      return content.copy("durable");
    }
    if (adversary.keep === "torn") {
      return this.#torn(content, name);
    }
    if (adversary.keep === "grown") {
      return this.#grown(content);
    }
    // The size is metadata and comes from one side, whichever sectors arrived.
    const size = random.pick([content.size, content.durableSize]);
    return withSectors(content, { size, sectors: this.#draw(sectors) });
  }

  #draw(sectors: readonly number[]): number[] {
    const { random, chance, unitSectors } = this.#mixing;
    const decided = new Map<number, boolean>();
    return sectors.filter((sector) => {
      const unit = Math.floor(sector / unitSectors);
      const kept = decided.get(unit) ?? random.next() < chance;
      decided.set(unit, kept);
      return kept;
    });
  }

  /** The writes up to one came whole and in their order, that one up to a sector's end, and nothing after it. */
  #torn(content: Content, name: string): Content {
    const { random } = this.#mixing;
    const writes = content.pendingWrites;
    const last = writes.length - 1;
    const chosen = random.below(2) === 0 ? last : random.below(writes.length);
    const torn = writes[chosen];
    if (torn === undefined) {
      return content.copy("written");
    }
    const firstSector = Math.floor(torn.offset / sectorBytes);
    const sectorsSpanned = Math.ceil((torn.offset + torn.length) / sectorBytes) - firstSector;
    const end = Math.min((firstSector + random.below(sectorsSpanned)) * sectorBytes, torn.offset + torn.length);
    const tornEnd = Math.max(end, torn.offset);
    const result = content.copy("durable");
    for (const { offset, length } of writes.slice(0, chosen)) {
      result.write(offset, content.read(offset, length));
    }
    result.write(torn.offset, content.read(torn.offset, tornEnd - torn.offset));
    this.tornAt = `${name} at ${tornEnd}, write ${chosen + 1} of ${writes.length}`;
    return result.copy("written");
  }

  /** The size is known and the bytes behind it are not: zeros from some page on, old bytes where there were some. */
  #grown(content: Content): Content {
    const { random } = this.#mixing;
    const pageSectors = 8;
    const sectors = content.unsyncedSectors();
    const first = sectors[0] ?? 0;
    const pages = Math.ceil(((sectors.at(-1) ?? first) + 1 - first) / pageSectors);
    const from = random.below(2) === 0 ? first : first + random.below(pages) * pageSectors;
    this.grown += content.size > content.durableSize ? 1 : 0;
    return withSectors(content, { size: content.size, sectors: sectors.filter((sector) => sector < from) });
  }
}

function filesIn(folder: FolderNode): FileNode[] {
  return [...folder.entries.now.values()].flatMap((node) => (node.kind === "folder" ? filesIn(node) : node.kind === "file" ? [node] : []));
}

/** The durable bytes with these sectors as written, and this size. */
function withSectors(content: Content, { size, sectors }: { size: number; sectors: readonly number[] }): Content {
  const result = content.copy("durable");
  for (const sector of sectors) {
    const bytes = content.read(sector * sectorBytes, sectorBytes);
    if (bytes.length > 0) {
      result.write(sector * sectorBytes, bytes);
    }
  }
  result.truncate(size);
  return result.copy("written");
}

function differs(content: Content, result: Content, sector: number): boolean {
  return !padded(content.read(sector * sectorBytes, sectorBytes)).equals(padded(result.read(sector * sectorBytes, sectorBytes)));
}

function padded(bytes: Buffer): Buffer {
  return bytes.length === sectorBytes ? bytes : Buffer.concat([bytes, Buffer.alloc(sectorBytes - bytes.length)]);
}
