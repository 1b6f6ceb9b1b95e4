/** What damage to files means for the judgement of a run: beside the place it says how many messages such damage may rightly cost. */
import type { FaultEvidence } from "../../evidence/history/events.ts";

/** One flipped bit lies in one record; what pages and whole files hold is as much as they hold. */
export function damageEvidence(evidence: FaultEvidence): FaultEvidence {
  const isBit = String(evidence.details["again"] ?? "").startsWith("bit-flip");
  const recordsMax = isBit ? 1 : evidence.details["flips"];
  return recordsMax === undefined ? evidence : { ...evidence, details: { ...evidence.details, recordsMax } };
}
