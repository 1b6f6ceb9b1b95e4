/** What a figure or verdict depends on besides the server: the machine, as strings for `results.json`. */
import { readFileSync } from "node:fs";
import { arch, availableParallelism, cpus, release, totalmem, type } from "node:os";

export function describeEnvironment(): Record<string, string> {
  return {
    os: `${type()} ${release()} ${arch()}`,
    cpu: `${cpus()[0]?.model.trim() ?? "unknown"}, ${availableParallelism()} available`,
    memory: `${Math.round(totalmem() / 2 ** 20)} MiB`,
    node: process.version,
    fileSystem: fileSystemOf("/tmp"),
  };
}

/** The type of the file system that holds `path`, from the mount table: the longest mount point that is a prefix wins. */
function fileSystemOf(path: string): string {
  let mounts: string;
  try {
    mounts = readFileSync("/proc/mounts", "utf8");
  } catch {
    return "unknown";
  }
  const candidates = mounts
    .split("\n")
    .map((line) => line.split(" "))
    .filter(([, point]) => point !== undefined && (point === "/" || path === point || path.startsWith(`${point}/`)))
    .toSorted((a, b) => (b[1]?.length ?? 0) - (a[1]?.length ?? 0));
  return candidates[0]?.[2] ?? "unknown";
}
