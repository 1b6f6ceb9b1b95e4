/** Where a request goes, in names, for faults and the trace. */
import type { FileSystem } from "./file-system.ts";
import { decodeNames, nameIn, type Request } from "./protocol.ts";
import { pathOf } from "./tree.ts";

/** Where an operation goes, from the root of the volume: for faults, counts and the trace. */
export function pathOfRequest(system: FileSystem, { operation, node, body }: Request): { readonly path: string; readonly to?: string } {
  try {
    const path = pathOf(system.node(node));
    const below = (name: string, folder = path) => (folder === "" ? name : `${folder}/${name}`);
    switch (operation) {
      case "create":
        return { path: below(nameIn(body, 16)) };
      case "mkdir":
        return { path: below(nameIn(body, 8)) };
      case "unlink":
      case "rmdir":
        return { path: below(nameIn(body, 0)) };
      case "rename":
      case "rename2": {
        const [name = "", newName = ""] = decodeNames(body, operation === "rename" ? 8 : 16);
        return { path: below(name), to: below(newName, pathOf(system.node(Number(body.readBigUInt64LE(0))))) };
      }
      case "link":
        return { path: pathOf(system.node(Number(body.readBigUInt64LE(0)))), to: below(nameIn(body, 8)) };
      default:
        return { path };
    }
  } catch {
    return { path: "" };
  }
}
