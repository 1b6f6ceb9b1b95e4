import { describe, expect, test } from "vitest";
import type { PowerCutAdversary } from "../../target.ts";
import { type Content, sectorBytes } from "./content.ts";
import { survivorsOf } from "./survival.ts";
import { type FileNode, type FolderNode, type NamePromise, pathOf, Tree } from "./tree.ts";

function file(tree: Tree, folder: FolderNode, name: string): FileNode {
  const node = tree.makeFile(0o100644);
  tree.add(folder, name, node);
  return node;
}

function sync(tree: Tree, node: FileNode): void {
  node.content.sync();
  tree.syncNames(node);
}

function contents(folder: FolderNode): Record<string, Content> {
  const entries = [...folder.entries.now.values()].flatMap((node) =>
    node.kind === "folder" ? Object.entries(contents(node)) : node.kind === "file" ? [[pathOf(node), node.content] as const] : [],
  );
  return Object.fromEntries(entries);
}

function cut(tree: Tree, adversary: PowerCutAdversary, names: NamePromise = "ordered") {
  const survivors = survivorsOf(tree, adversary, names);
  return { ...survivors, files: contents(survivors.tree.root) };
}

const nothing = { keep: "nothing" } as const;

describe("names", () => {
  test("in order: a synced new file has its name, one created after it has none, one before it has", () => {
    const tree = new Tree();
    file(tree, tree.root, "before").content.write(0, Buffer.from("x"));
    const synced = file(tree, tree.root, "synced");
    file(tree, tree.root, "after");
    sync(tree, synced);
    expect(Object.keys(cut(tree, nothing).files)).toEqual(["before", "synced"]);
    expect(cut(tree, nothing).files["before"]?.size).toBe(0);
  });

  test("strictly: a synced file without a synced folder has no name", () => {
    const tree = new Tree();
    const node = file(tree, tree.root, "a");
    sync(tree, node);
    expect(cut(tree, nothing, "strict").files).toEqual({});
    tree.syncNames(tree.root);
    expect(Object.keys(cut(tree, nothing, "strict").files)).toEqual(["a"]);
  });

  test("a rename that was not synced leaves the old file under the old name, and brings back what it replaced", () => {
    const tree = new Tree();
    const old = file(tree, tree.root, "a");
    old.content.write(0, Buffer.from("old"));
    sync(tree, old);
    const fresh = file(tree, tree.root, "a.tmp");
    fresh.content.write(0, Buffer.from("new"));
    sync(tree, fresh);
    tree.rename({ from: tree.root, name: "a.tmp", to: tree.root, newName: "a", mode: "replace" });
    const before = cut(tree, nothing).files;
    expect([before["a"]?.read(0, 9).toString(), before["a.tmp"]?.read(0, 9).toString()]).toEqual(["old", "new"]);
    tree.syncNames(tree.root);
    const after = cut(tree, nothing).files;
    expect(Object.keys(after)).toEqual(["a"]);
    expect(after["a"]?.read(0, 9).toString()).toBe("new");
  });

  test("an unlink that was not synced comes undone, with the bytes that were synced", () => {
    const tree = new Tree();
    const node = file(tree, tree.root, "a");
    node.content.write(0, Buffer.from("kept"));
    sync(tree, node);
    tree.remove(tree.root, "a", "other");
    expect(cut(tree, nothing).files["a"]?.read(0, 9).toString()).toBe("kept");
    tree.syncNames(tree.root);
    expect(cut(tree, nothing).files).toEqual({});
  });

  test("at random: some prefix of the unsynced changes, in their order", () => {
    const tree = new Tree();
    for (const name of ["1", "2", "3", "4"]) {
      file(tree, tree.root, name);
    }
    const seen = new Set(Array.from({ length: 60 }, (_, seed) => Object.keys(cut(tree, { keep: "random", seed }).files).join("")));
    expect([...seen].sort()).toEqual(["", "1", "12", "123", "1234"]);
  });
});

describe("bytes", () => {
  /** Two sectors synced, then three writes of 700 bytes appended. */
  function grownFile() {
    const tree = new Tree();
    const node = file(tree, tree.root, "log");
    node.content.write(0, Buffer.alloc(2 * sectorBytes, "s"));
    sync(tree, node);
    for (const letter of ["a", "b", "c"]) {
      node.content.write(node.content.size, Buffer.alloc(700, letter));
    }
    return tree;
  }
  const log = (tree: Tree, adversary: PowerCutAdversary) => cut(tree, adversary).files["log"]?.read(0, 10_000).toString() ?? "";
  const written = `${"s".repeat(1024)}${"a".repeat(700)}${"b".repeat(700)}${"c".repeat(700)}`;

  test("nothing and everything are the two ends", () => {
    const tree = grownFile();
    expect(log(tree, nothing)).toBe("s".repeat(1024));
    expect(log(tree, { keep: "everything" })).toBe(written);
    expect(cut(tree, nothing)).toMatchObject({ unsyncedBytes: 5 * sectorBytes, droppedBytes: 5 * sectorBytes });
    expect(cut(tree, { keep: "everything" })).toMatchObject({ unsyncedBytes: 5 * sectorBytes, droppedBytes: 0 });
  });

  test("torn: a prefix that ends on a sector within some write, and the evidence names it", () => {
    const tree = grownFile();
    const ends = new Set<number>();
    for (let seed = 0; seed < 100; seed++) {
      const text = log(tree, { keep: "torn", seed });
      expect(written.startsWith(text)).toBe(true);
      expect(text.length).toBeLessThan(written.length);
      // The end of a write before the torn one, or a sector within it.
      expect([1024, 1724, 2424].includes(text.length) || text.length % sectorBytes === 0).toBe(true);
      ends.add(text.length);
    }
    expect(ends.size).toBeGreaterThan(4);
    expect(cut(tree, { keep: "torn", seed: 1 }).shape["torn"]).toMatch(/^log at \d+, write \d of 3$/);
  });

  test("grown: the whole size, what was synced, and zeros at the end", () => {
    const tree = grownFile();
    for (let seed = 0; seed < 40; seed++) {
      const text = log(tree, { keep: "grown", seed });
      expect(text.length).toBe(written.length);
      expect(text.startsWith("s".repeat(1024))).toBe(true);
      expect(text.endsWith("\0".repeat(700))).toBe(true);
    }
  });

  test("random never touches what was synced, and gives sizes and sectors of both sides", () => {
    const tree = grownFile();
    const results = Array.from({ length: 60 }, (_, seed) => log(tree, { keep: "random", seed }));
    for (const text of results) {
      expect(text.startsWith("s".repeat(1024))).toBe(true);
      expect([1024, written.length]).toContain(text.length);
    }
    expect(new Set(results).size).toBeGreaterThan(5);
    expect(log(tree, { keep: "random", seed: 7 })).toBe(log(tree, { keep: "random", seed: 7 }));
  });
});
