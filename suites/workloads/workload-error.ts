/** The server refused what the workload needs, so nothing can be said about its durability; that it refused is its failure. */
export class WorkloadNotPrepared extends Error {
  override readonly name = "WorkloadNotPrepared";
  readonly code = "WORKLOAD_NOT_PREPARED";
  constructor(what: string, answer: string | undefined) {
    super(`the server did not make ${what}: ${answer ?? "no answer"}`);
  }
}
