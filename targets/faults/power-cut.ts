/**
 * Loss of power: freeze, take what the disk would hold, kill, put it in the volume's place. Unlike kill -9 this takes what was written but
 * not synced. The server must not run a single instruction after the freeze, or it could acknowledge what the snapshot does not hold.
 */
import type { FaultEvidence } from "../../evidence/history/events.ts";
import type { ServerProcess } from "../providers/server-process.ts";
import type { PowerCutAdversary } from "../target.ts";
import type { CuttableVolume } from "../volumes/volume.ts";
import { alreadyGone, endDetails, sawEnd } from "./evidence.ts";
import { pause } from "./pause.ts";

const endWithinMs = 10_000;

export async function powerCut(server: ServerProcess, volume: CuttableVolume, adversary: PowerCutAdversary): Promise<FaultEvidence> {
  const gone = alreadyGone(server);
  if (gone !== undefined) {
    return gone;
  }
  const start = performance.now();
  const frozen = await pause(server);
  if (!frozen.happened) {
    server.signalGroup("SIGCONT");
    return { ...frozen, summary: `no power cut: ${frozen.summary}` };
  }
  const snapshot = await snapshotOrThaw(server, volume, adversary);
  server.signalGroup("SIGKILL");
  const ended = await server.ended(endWithinMs);
  const killed = ended && server.exit?.signal === "SIGKILL";
  if (!ended) {
    return { happened: false, summary: `no power cut: ${sawEnd(server)}`, details: endDetails(server, start) };
  }
  await volume.replaceWith(snapshot);
  const { droppedBytes, unsyncedBytes, shape } = snapshot;
  return {
    happened: killed,
    summary: `${sawEnd(server)}; ${unsyncedBytes} bytes were written and not synced, ${droppedBytes} of them are gone`,
    details: { ...endDetails(server, start), keep: adversary.keep, ...seedOf(adversary), unsyncedBytes, droppedBytes, ...shape },
  };
}

/** When no snapshot can be taken the server runs on as if nothing had been tried. */
async function snapshotOrThaw(server: ServerProcess, volume: CuttableVolume, adversary: PowerCutAdversary) {
  try {
    return await volume.snapshot(adversary);
  } catch (error) {
    server.signalGroup("SIGCONT");
    throw error;
  }
}

function seedOf(adversary: PowerCutAdversary): { seed?: number } {
  return adversary.keep === "random" ? { seed: adversary.seed } : {};
}
