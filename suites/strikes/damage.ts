/** What damage to files means for the judgement of a run: beside the place it says how many messages such damage may rightly cost. */
import { rmSync } from "node:fs";
import { cp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { FaultEvidence } from "../../evidence/history/events.ts";
import { listFiles, type StoreCopy, stoppedStore } from "../../targets/faults/store-files.ts";
import { makeInstanceFolder } from "../../targets/instance-folder.ts";
import { forgetLive, keepLive, type Live } from "../../targets/live.ts";
import type { Instance } from "../../targets/target.ts";

/** One flipped bit lies in one record; what pages and whole files hold is as much as they hold. */
export function damageEvidence(evidence: FaultEvidence): FaultEvidence {
  const isBit = String(evidence.details["again"] ?? "").startsWith("bit-flip");
  return isBit ? { ...evidence, details: { ...evidence.details, recordsMax: 1 } } : evidence;
}

/** Deletes the files that fit, as a server that crashed before it wrote them would leave the store. Says what it did. */
export function removeFiles(instance: Instance, pattern: string): string {
  const folder = stoppedStore(instance);
  const files = listFiles(folder, pattern);
  for (const { path } of files) {
    rmSync(join(folder, path));
  }
  return `${files.length} files that fit ${pattern} were deleted`;
}

/** The store as it is at one instant of a running server: a server that is stopped first may begin new files, and then no page of the old ones is stale. */
export async function copyOfRunning(instance: Instance): Promise<StoreCopy> {
  const folder = makeInstanceFolder();
  const directory = join(folder, "copy");
  const live: Live = {
    dispose: async () => {
      await rm(folder, { recursive: true, force: true });
      forgetLive(live);
    },
    disposeNow: () => rmSync(folder, { recursive: true, force: true }),
  };
  keepLive(live);
  await instance.pause();
  try {
    await cp(instance.dataDirectory ?? "", directory, { recursive: true, filter: (path) => !path.endsWith(".sock") });
  } finally {
    await instance.resume();
  }
  return {
    directory,
    restore: () => Promise.reject(new Error("a copy of a running store is only looked into")),
    dispose: () => live.dispose(),
  };
}
