/** Where a server's data lives. A volume outlives the server's lives; one that can be cut can also lose what was not synced. */
import type { PowerCutAdversary } from "../target.ts";

export interface Volume {
  /** The folder given to the server; the same path through all lives. */
  readonly directory: string;
  dispose(): Promise<void>;
  /** Without waiting and without throwing, for the last moments of the tool. */
  disposeNow(): void;
}

export interface CuttableVolume extends Volume {
  /** Gives up what the disk holds back, so that a frozen server's threads leave their system calls. */
  letGo?(): Promise<void>;
  /**
   * What the disk would hold if power failed now. Call it only while nothing of the server can run; the server's files must not change
   * until `replaceWith`.
   */
  snapshot(adversary: PowerCutAdversary): Promise<Snapshot>;
  /** Puts the snapshot in the volume's place. Call it when the server is dead. */
  replaceWith(snapshot: Snapshot): Promise<void>;
}

export interface Snapshot {
  /** The image to put in place; empty where the volume keeps it itself. */
  readonly file: string;
  /** Bytes (in sectors) on which the disk and everything written differed: what an unlucky cut could take. */
  readonly unsyncedBytes: number;
  /** How many of them this snapshot does not hold. */
  readonly droppedBytes: number;
  /** How a random snapshot was drawn, for reports. */
  readonly shape: Readonly<Record<string, string | number>>;
}

/** `volume` with its disk; rejects with nothing left behind in its folder but files. */
export async function created<V extends Volume & { create(sizeBytes: number): Promise<void> }>(volume: V, sizeBytes: number): Promise<V> {
  try {
    await volume.create(sizeBytes);
  } catch (error) {
    volume.disposeNow();
    throw error;
  }
  return volume;
}

export function isCuttable(volume: Volume): volume is CuttableVolume {
  return "snapshot" in volume;
}
