/** How the reference server is started as a program of its own: this Node on its main module. */
import { nodeExecutable, referenceMain } from "../targets/launch.ts";

export function serverCommand(): { readonly command: string; readonly args: readonly string[] } {
  return { command: nodeExecutable(), args: [referenceMain()] };
}
