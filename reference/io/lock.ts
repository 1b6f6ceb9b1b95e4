/**
 * One server a directory. Node has no flock, so the lock is an abstract Unix socket named after the directory's device and inode: the
 * kernel refuses a second one and frees it however the process ends, and a directory reached by two paths has one name.
 *
 * Abstract names are seen in one network namespace only. For servers in other containers a lock file names the holder; it is advice
 * for the eye, because a crash leaves it behind.
 */
import { rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { hostname } from "node:os";
import { join } from "node:path";
import type { DiskLock } from "../ports.ts";

const LOCK_FILE = "lock";

export async function lockDirectory(
  path: string,
  { leaveNoTrace = false }: { readonly leaveNoTrace?: boolean } = {},
): Promise<DiskLock | undefined> {
  const { dev, ino } = statSync(path, { bigint: true });
  const holder = await bind(`\0streamproof-store-${dev}:${ino}`);
  if (holder === undefined) {
    return undefined;
  }
  if (leaveNoTrace) {
    return { release: () => void holder.close() };
  }
  const file = join(path, LOCK_FILE);
  try {
    writeFileSync(file, `${hostname()}\n`, { mode: 0o640 });
  } catch (error) {
    holder.close();
    throw error;
  }
  return {
    release(): void {
      rmSync(file, { force: true });
      holder.close();
    },
  };
}

function bind(name: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.unref();
    server.once("error", (error: NodeJS.ErrnoException) => (error.code === "EADDRINUSE" ? resolve(undefined) : reject(error)));
    server.listen(name, () => resolve(server));
  });
}
