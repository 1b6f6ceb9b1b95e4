/** How the programs of the reference, the server and the tool for its stores, are started: this Node on their main modules. */
import { dirname, extname, join } from "node:path";
import { nodeExecutable, referenceMain } from "../targets/launch.ts";

export function serverCommand(): { readonly command: string; readonly args: readonly string[] } {
  return { command: nodeExecutable(), args: [referenceMain()] };
}

/** Stands beside the server's main module, and like it as TypeScript or JavaScript. */
export function storeToolCommand(): { readonly command: string; readonly args: readonly string[] } {
  const main = referenceMain();
  return { command: nodeExecutable(), args: [join(dirname(main), `store-tool${extname(main)}`)] };
}
