/** The one stream that a simple workload writes to, made before its load. */
import { RecordedClient } from "./recorded-client.ts";
import type { PhaseContext, WorkloadOptions } from "./workload.ts";
import { WorkloadNotPrepared } from "./workload-error.ts";

/** Rejects with `WorkloadNotPrepared` when the server refuses it or does not answer. */
export async function prepareStream(
  { name, subjects, storage }: { name: string; subjects: readonly string[]; storage: WorkloadOptions["storage"] },
  context: PhaseContext,
): Promise<void> {
  const client = await RecordedClient.open(0, context);
  const { outcome, reply } = await client.api({ kind: "create-stream", stream: name }, `STREAM.CREATE.${name}`, {
    name,
    subjects,
    storage,
  });
  await client.close();
  if (outcome !== "ok") {
    throw new WorkloadNotPrepared(`stream ${name}`, reply?.error?.description);
  }
}
