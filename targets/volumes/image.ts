/**
 * A volume that can lose power: an ext4 file system in an image file, mounted through a loop device. What reached the image is what reached
 * the disk; what a server wrote and did not sync is only in the page cache above it. A cut replaces the image by a copy of one instant.
 *
 * Why the copy is of one instant: the server is frozen, so no system call of it is under way, and the copy is taken again until the block
 * device's counters show that nothing was written meanwhile (the kernel may still write back old pages on its own).
 *
 * Why each snapshot is a state that a disk could be left in:
 * - `nothing` is the image as it was: the kernel's own writes in the kernel's own order, cut between two of them.
 * - `everything` is the image after the file system was synced.
 * - `random`, `torn` and `grown` start from one of these two and take single sectors of file data from the other; see `mix.ts`.
 * In all of them everything that a completed fsync covered is on the image before the freeze, and so in every snapshot.
 */
import { mkdirSync, rmSync, statSync } from "node:fs";
import { rename, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import type { PowerCutAdversary } from "../target.ts";
import { dataExtents } from "./extents.ts";
import { mixImages } from "./mix.ts";
import { isMounted, makeFileSystem, mountImage, syncFileSystem, unmount, unmountNow, writeCounters } from "./mount.ts";
import { countSectors, differingSectors, sectorBytes } from "./sectors.ts";
import { type CuttableVolume, created, type Snapshot } from "./volume.ts";

const copyAttempts = 200;

/** `folder` is the volume's own; rejects with nothing left behind in it but files. */
export function createImageVolume(folder: string, sizeBytes: number): Promise<CuttableVolume> {
  return created(new ImageVolume(folder), sizeBytes);
}

class ImageVolume implements CuttableVolume {
  readonly directory: string;
  readonly #folder: string;
  readonly #image: string;
  readonly #mountPoint: string;

  constructor(folder: string) {
    this.#folder = folder;
    this.#image = join(folder, "volume.img");
    this.#mountPoint = join(folder, "mount");
    this.directory = join(this.#mountPoint, "data");
  }

  async create(sizeBytes: number): Promise<void> {
    mkdirSync(this.#mountPoint, { recursive: true });
    await writeFile(this.#image, "");
    await truncate(this.#image, Math.ceil(sizeBytes / 4096) * 4096);
    await makeFileSystem(this.#image);
    await mountImage(this.#image, this.#mountPoint);
    mkdirSync(this.directory);
    // The server is given a folder that exists, as an operator would; a cut must not take that away.
    await syncFileSystem(this.#mountPoint);
  }

  async snapshot(adversary: PowerCutAdversary): Promise<Snapshot> {
    if (adversary.names === "strict") {
      throw new Error("the journal of an image keeps names in order; strict names need the FUSE volume");
    }
    const synced = join(this.#folder, "synced.img");
    const written = join(this.#folder, "written.img");
    // Where file data stands is asked at the same instant as the copy is taken.
    const extentsBefore = await this.#atOneInstant(async () => {
      await copyImage(this.#image, synced);
      return "seed" in adversary ? await dataExtents(this.#mountPoint) : [];
    });
    await syncFileSystem(this.#mountPoint);
    await this.#atOneInstant(() => copyImage(this.#image, written));

    const changed = await differingSectors(synced, written);
    const unsyncedBytes = countSectors(changed) * sectorBytes;
    if (adversary.keep === "nothing") {
      return { file: synced, unsyncedBytes, droppedBytes: unsyncedBytes, shape: {} };
    }
    if (!("seed" in adversary)) {
      return { file: written, unsyncedBytes, droppedBytes: 0, shape: {} };
    }
    const extentsAfter = await dataExtents(this.#mountPoint);
    const mixed = await mixImages({ synced, written, changed, extentsBefore, extentsAfter, adversary });
    return { ...mixed, unsyncedBytes };
  }

  async replaceWith(snapshot: Snapshot): Promise<void> {
    await unmount(this.#mountPoint);
    await rename(snapshot.file, this.#image);
    // The journal is replayed here, as after a real power cut.
    await mountImage(this.#image, this.#mountPoint);
    if (statSync(this.directory, { throwIfNoEntry: false }) === undefined) {
      throw new Error("the data folder is not on the snapshot, though it was synced before the server started");
    }
    await Promise.all(["synced.img", "written.img"].map((name) => rm(join(this.#folder, name), { force: true })));
  }

  async dispose(): Promise<void> {
    if (isMounted(this.#mountPoint)) {
      await unmount(this.#mountPoint);
    }
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }

  disposeNow(): void {
    if (isMounted(this.#mountPoint)) {
      unmountNow(this.#mountPoint);
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #atOneInstant<T>(read: () => Promise<T>): Promise<T> {
    for (let attempt = 0; attempt < copyAttempts; attempt++) {
      const before = writeCounters(this.#mountPoint);
      if (before.inFlight === 0) {
        const value = await read();
        const after = writeCounters(this.#mountPoint);
        if (after.inFlight === 0 && after.done === before.done) {
          return value;
        }
      }
      await sleep(5);
    }
    throw new Error("the disk under the server never came to rest, so no copy of one instant could be taken");
  }
}

/** Skips holes: a mostly empty image costs milliseconds. */
async function copyImage(from: string, to: string): Promise<void> {
  await execa("cp", ["--sparse=always", from, to]);
}
