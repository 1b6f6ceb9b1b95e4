/** The official server and the reference by name, and where the official server's public threads are, for the ledger of known bugs. */
import { builtInTargetFiles, readTargetFile } from "./target-file.ts";

const key = "nats-server";

/** The target that comes with the tool. */
export const referenceSpec = "embedded";

/** `NAME@VERSION` of the official server. */
export function officialSpec(version: string): string {
  return `${key}@${version}`;
}

/** The version that the built-in target file pins. */
export function officialPinnedVersion(): string {
  return readTargetFile(builtInTargetFiles().get(key) ?? "").executable?.version ?? "";
}

/** An issue or a pull request; the address of one leads to the other. */
export function threadUrl(thread: number): string {
  return `https://github.com/nats-io/nats-server/issues/${thread}`;
}

export function commitUrl(commit: string): string {
  return `https://github.com/nats-io/nats-server/commit/${commit}`;
}
