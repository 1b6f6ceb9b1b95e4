import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { builtInTargetFiles } from "./target-file.ts";

const root = join(import.meta.dirname, "..");
const neutral = ["suites", "targets/faults", "targets/volumes"];

/** Files that name a product. Tests may: they choose what they start. */
function filesNaming(names: readonly string[], texts: ReadonlyMap<string, string>): string[] {
  const pattern = new RegExp(`(?<![\\w-])(?:${names.join("|")})(?![\\w-])`, "i");
  return [...texts].flatMap(([file, text]) =>
    text.split("\n").flatMap((line, index) => (pattern.test(line) ? [`${file}:${index + 1}`] : [])),
  );
}

function neutralFiles(): Map<string, string> {
  const files = new Map<string, string>();
  for (const folder of neutral) {
    for (const entry of readdirSync(join(root, folder), { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      if (entry.isFile() && !entry.name.endsWith(".test.ts")) {
        files.set(path.slice(root.length + 1), readFileSync(path, "utf8"));
      }
    }
  }
  return files;
}

test("suites, faults and volumes ask for capabilities and never name a target", () => {
  const names = [...builtInTargetFiles().keys()].filter((name) => name !== "bin");
  expect(names).toEqual(["embedded", "nats-server"]);
  expect(filesNaming(names, neutralFiles())).toEqual([]);
});

test("a name in a comment is found, a longer word is not", () => {
  const texts = new Map([["suites/a.yaml", "x: 1\n# only nats-server does\nembeddedness: 2"]]);
  expect(filesNaming(["embedded", "nats-server"], texts)).toEqual(["suites/a.yaml:2"]);
});
