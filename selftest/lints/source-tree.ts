/** Reads the project's own sources for the lints: every `.ts` file of the rooms, by path relative to the root. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export const root: string = new URL("../../", import.meta.url).pathname;

const rooms = ["wire", "evidence", "targets", "suites", "load", "reports", "api", "cli", "selftest", "reference"];

export function readSourceTree(): Map<string, string> {
  const tree = new Map<string, string>();
  for (const room of rooms) {
    for (const entry of readdirSync(join(root, room), { recursive: true, encoding: "utf8" })) {
      if (entry.endsWith(".ts") && !entry.includes("node_modules")) {
        tree.set(`${room}/${entry}`, readFileSync(join(root, room, entry), "utf8"));
      }
    }
  }
  return tree;
}
