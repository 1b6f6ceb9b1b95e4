/** The official server for tests of this room, where this machine has one; nothing is built or fetched. Not part of the judge. */
import { findExecutable } from "./executable.ts";
import { builtInTargetFiles, readTargetFile } from "./target-file.ts";

/** Its path; undefined when there is none on PATH or in the tool's cache. */
export async function officialServer(): Promise<string | undefined> {
  const file = readTargetFile(builtInTargetFiles().get("nats-server") ?? "");
  const found = await findExecutable({ file, install: false }).catch(() => undefined);
  return found?.path;
}

export const officialServerReason = "no nats-server on PATH or in the tool's cache";
