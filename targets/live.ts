/**
 * What this tool has running or mounted right now, so that nothing outlives it. `disposeAll` is for Ctrl-C and SIGTERM; an ordinary or
 * sudden exit of this process runs the synchronous last resort. What even that can't reach (kill -9 of the tool) is found by `leftovers.ts`.
 */

export interface Live {
  dispose(): Promise<void>;
  /** Kills, unmounts and removes without waiting for anything; must not throw. */
  disposeNow(): void;
}

const live = new Set<Live>();
let exitHookInstalled = false;

export function keepLive(entry: Live): void {
  if (!exitHookInstalled) {
    exitHookInstalled = true;
    process.on("exit", disposeAllNow);
  }
  live.add(entry);
}

export function forgetLive(entry: Live): void {
  live.delete(entry);
}

/** Ends every server, mount and folder of this tool. Rejects with all failures together, after everything was tried. */
export async function disposeAll(): Promise<void> {
  const results = await Promise.allSettled([...live].map((entry) => entry.dispose()));
  const failures = results.flatMap((result) => (result.status === "rejected" ? [result.reason as unknown] : []));
  if (failures.length > 0) {
    throw new AggregateError(failures, "some servers or mounts could not be removed");
  }
}

function disposeAllNow(): void {
  for (const entry of live) {
    entry.disposeNow();
  }
}
