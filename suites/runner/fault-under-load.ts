/** Hurts a server while a workload goes on, so that operations are in flight whose outcome nobody knows. Cases and campaigns share it. */
import type { HistoryWriter } from "../../evidence/history/history-writer.ts";
import type { Instance, PowerCutAdversary } from "../../targets/target.ts";

export interface Hurt {
  readonly instance: Instance;
  readonly history: HistoryWriter;
  readonly fault: "restart" | "kill" | "power-cut";
  readonly adversary: PowerCutAdversary;
  readonly cut: AbortController;
  readonly loading: Promise<void>;
}

/** Does the fault under load, writes its evidence and the new life into the history. Rejects when the server does not come back. */
export async function hurt({ instance, history, fault, adversary, cut, loading }: Hurt): Promise<void> {
  const doing = fault === "kill" ? instance.kill() : fault === "restart" ? instance.stop() : instance.powerCut(adversary);
  try {
    const evidence = await doing;
    await ended(cut, loading);
    history.fault(fault, evidence);
  } finally {
    await ended(cut, loading);
  }
  const readyAfterMs = await instance.start();
  history.epoch(instance.epoch, readyAfterMs);
}

/** The load's own end says nothing after a cut: what it had in flight is in the history as unknown. */
async function ended(cut: AbortController, loading: Promise<void>): Promise<void> {
  cut.abort(new Error("the server was hurt"));
  await loading.catch(() => undefined);
}
