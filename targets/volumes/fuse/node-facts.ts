/** What is told about nodes, and what holds for everything below a folder. */
import type { Attributes, ListedName } from "./protocol.ts";
import { type FolderNode, type Node, rootId } from "./tree.ts";

export function attributesOf(node: Node): Attributes {
  const { id, modifiedMs, changedMs, mode, links, uid, gid } = node;
  const size = node.kind === "file" ? node.content.size : node.kind === "link" ? Buffer.byteLength(node.goal) : 4096;
  const allocatedBytes = node.kind === "file" ? node.content.allocatedBytes : 0;
  return { id, size, allocatedBytes, modifiedMs, changedMs, mode, links, uid, gid };
}

export function listed(folder: FolderNode): ListedName[] {
  const names = [...folder.entries.now].map(([name, { id, mode }]) => ({ name, id, mode }));
  return [
    { name: ".", id: folder.id, mode: folder.mode },
    { name: "..", id: folder.place?.folder.id ?? rootId, mode: folder.mode },
    ...names,
  ];
}

export function allocatedIn(folder: FolderNode, seen: Set<Node>): number {
  let sum = 0;
  for (const node of folder.entries.now.values()) {
    if (!seen.has(node)) {
      seen.add(node);
      sum += node.kind === "file" ? node.content.allocatedBytes : node.kind === "folder" ? allocatedIn(node, seen) : 0;
    }
  }
  return sum;
}

export function syncAllBytes(folder: FolderNode): void {
  for (const node of folder.entries.now.values()) {
    if (node.kind === "file") {
      node.content.sync();
    } else if (node.kind === "folder") {
      syncAllBytes(node);
    }
  }
}
