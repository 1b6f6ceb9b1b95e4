/** A plain folder: survives kill -9, can't be power-cut. */
import { mkdirSync, rmSync } from "node:fs";
import { rm } from "node:fs/promises";
import type { Volume } from "./volume.ts";

export function createFolderVolume(directory: string): Volume {
  mkdirSync(directory, { recursive: true });
  return {
    directory,
    dispose: () => rm(directory, { recursive: true, force: true, maxRetries: 5 }),
    disposeNow: () => rmSync(directory, { recursive: true, force: true }),
  };
}
