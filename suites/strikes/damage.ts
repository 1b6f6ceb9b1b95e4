/** What damage to files means for the judgement of a run: beside the place it says how many messages such damage may rightly cost. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { FaultEvidence } from "../../evidence/history/events.ts";
import { listFiles, stoppedStore } from "../../targets/faults/store-files.ts";
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
