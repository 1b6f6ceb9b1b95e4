/** Every workload by its id: a new one is a file beside this, a line here, and its id in `workload.ts`. */
import { Identified } from "./identified.ts";
import { Mixed } from "./mixed.ts";
import { PublishAcked } from "./publish-acked.ts";
import { Sequence } from "./sequence.ts";
import type { Workload, WorkloadId, WorkloadOptions } from "./workload.ts";

const makers: Readonly<Record<WorkloadId, (options: WorkloadOptions) => Workload>> = {
  "publish-acked": (options) => new PublishAcked(options),
  mixed: (options) => new Mixed(options),
  sequence: (options) => new Sequence(options),
  identified: (options) => new Identified(options),
};

export function makeWorkload(id: WorkloadId, options: WorkloadOptions): Workload {
  return makers[id](options);
}
