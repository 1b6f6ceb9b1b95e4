/** `/storez`: how the file store is doing. The official server has no such page. */
import { rfc3339 } from "./json-time.ts";
import type { ServerStatus } from "./server-status.ts";

const NS_PER_MS = 1_000_000;

export function storez({ id, nowNs, jetStream }: ServerStatus): Record<string, unknown> {
  const identity = { server_id: id, now: rfc3339(nowNs) };
  const store = jetStream?.store;
  if (store === undefined) {
    return { ...identity, disabled: true };
  }
  const { scrub } = store;
  return {
    ...identity,
    commits: store.commitsInBackground ? "background" : "blocking",
    backlog_bytes: store.backlogBytes,
    scrub:
      scrub === undefined
        ? { disabled: true }
        : {
            interval: scrub.intervalMs * NS_PER_MS,
            passes: scrub.passes,
            bytes_read: scrub.bytesRead,
            bytes_total: scrub.bytesTotal,
            ...(scrub.lastEndNs === 0n ? {} : { last_end: rfc3339(scrub.lastEndNs) }),
            damaged_places: scrub.damagedPlaces,
            unreadable_files: scrub.unreadable,
          },
  };
}
