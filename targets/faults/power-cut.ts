/**
 * Loss of power: freeze, take what the disk would hold, kill, put it in the volume's place. Unlike kill -9 this takes what was written but
 * not synced. The server must not run a single instruction after the freeze, or it could acknowledge what the snapshot does not hold.
 */
import type { FaultEvidence } from "../../evidence/history/events.ts";
import { failureText } from "../failure-text.ts";
import type { ServerProcess } from "../providers/server-process.ts";
import { type PowerCutAdversary, TargetError } from "../target.ts";
import type { CuttableVolume, Snapshot } from "../volumes/volume.ts";
import { alreadyGone, endDetails, sawEnd } from "./evidence.ts";
import { pause } from "./pause.ts";

const endWithinMs = 10_000;

export async function powerCut(server: ServerProcess, volume: CuttableVolume, adversary: PowerCutAdversary): Promise<FaultEvidence> {
  const gone = alreadyGone(server);
  if (gone !== undefined) {
    return gone;
  }
  const start = performance.now();
  const freezing = pause(server);
  await volume.letGo?.().catch(() => {});
  const frozen = await freezing;
  if (!frozen.happened) {
    server.signalGroup("SIGCONT");
    return { ...frozen, summary: `no power cut: ${frozen.summary}` };
  }
  const snapshot = await snapshotOf(volume, adversary).catch((error: unknown) => {
    // The server runs on as if nothing had been tried.
    server.signalGroup("SIGCONT");
    throw error;
  });
  server.signalGroup("SIGKILL");
  const ended = await server.ended(endWithinMs);
  const killed = ended && server.exit?.signal === "SIGKILL";
  if (!ended) {
    return { happened: false, summary: `no power cut: ${sawEnd(server)}`, details: endDetails(server, start) };
  }
  await swap(volume, snapshot);
  const { droppedBytes, unsyncedBytes, shape } = snapshot;
  return {
    happened: killed,
    summary: `${sawEnd(server)}; ${unsyncedBytes} bytes were written and not synced, ${droppedBytes} of them are gone`,
    details: { ...endDetails(server, start), keep: adversary.keep, ...seedOf(adversary), unsyncedBytes, droppedBytes, ...shape },
  };
}

async function snapshotOf(volume: CuttableVolume, adversary: PowerCutAdversary): Promise<Snapshot> {
  try {
    return await volume.snapshot(adversary);
  } catch (cause) {
    throw new TargetError("TARGET_FAULT_FAILED", `no power cut, no snapshot of the volume: ${failureText(cause)}`, { cause });
  }
}

async function swap(volume: CuttableVolume, snapshot: Snapshot): Promise<void> {
  try {
    await volume.replaceWith(snapshot);
  } catch (cause) {
    throw new TargetError("TARGET_FAULT_FAILED", `the power cut left the volume unusable: ${failureText(cause)}`, { cause });
  }
}

function seedOf(adversary: PowerCutAdversary): { seed?: number } {
  return "seed" in adversary ? { seed: adversary.seed } : {};
}
