/** Mistakes in the reference that the simulation must find: each replaces one piece of source while it loads. */
export const root: string = new URL("../../", import.meta.url).pathname;

/** Enough to find each of them: seeds from 1, and operations a run. */
export const defectRuns = 25;
export const defectOperations = 150;

export interface Defect {
  readonly id: string;
  readonly about: string;
  readonly file: string;
  readonly find: string;
  readonly mistake: string;
  /** The first seed to try, 1 unless it takes a rare one. */
  readonly seed?: number;
}

export const defects: readonly Defect[] = [
  {
    id: "skips-the-sync",
    about: "counts every write as synced without asking the disk",
    file: "reference/store/commit-log.ts",
    find: "    segment.file?.sync();\n    segment.synced = segment.written;",
    mistake: "    segment.synced = segment.written;",
  },
  {
    id: "answers-before-the-commit",
    about: "sends what waits before it is committed",
    file: "reference/turn.ts",
    find: "      this.#store?.commit();\n",
    mistake: "      for (const each of this.#waiting) each.flush(Number.MAX_SAFE_INTEGER);\n      this.#store?.commit();\n",
  },
  {
    id: "answers-before-the-background-commit",
    about: "calls a commit in the background durable as soon as it is under way",
    file: "reference/store/file-store.ts",
    find: "      if (isUnderWay) {\n",
    mistake: "      if (isUnderWay) {\n        this.durableEpoch = epoch;\n",
  },
  {
    id: "skips-the-sync-in-the-background",
    about: "calls a commit in the background durable when it is written",
    file: "reference/store/commit-log.ts",
    find: "      flight.add((done) => file.syncLater(done));\n      this.#takeOff(flight);\n      return true;",
    mistake: "      this.#takeOff(flight);\n      return true;",
  },
  {
    id: "counts-a-failed-background-commit",
    about: "counts what a failed commit in the background should have made durable as synced",
    file: "reference/store/background-flight.ts",
    find: "    if (error === undefined) {\n      this.#segment.synced",
    mistake: "    {\n      this.#segment.synced",
  },
  {
    id: "loses-removal-lists",
    about: "never writes down which single messages were deleted",
    file: "reference/store/file-stream.ts",
    find: "for (let at = 0; at < removed.length; at += runsPerRecord) {",
    mistake: "for (let at = removed.length; at < removed.length; at += runsPerRecord) {",
  },
  {
    id: "loses-purges",
    about: "purges in memory only",
    file: "reference/store/file-stream.ts",
    find: "  protected removingBelow(floor: number): void {\n    this.#floor = Math.max(this.#floor, floor);",
    mistake: "  protected removingBelow(_: number): void {",
  },
  {
    id: "forgets-ids-at-restart",
    about: "starts with an empty duplicate table",
    file: "reference/jetstream/stream-recovery.ts",
    find: "if (timeNs > nowNs - windowNs) {",
    mistake: "if (timeNs > nowNs + windowNs) {",
  },
  {
    id: "drops-ids-with-their-segment",
    about: "unlinks a segment although an id in it is inside its window",
    file: "reference/store/store-space.ts",
    find: "file.live > 0 || file.damaged || this.#idsUntilNs(file) > nowNs) {",
    mistake: "file.live > 0 || file.damaged) {",
  },
  {
    id: "drops-ack-records",
    about: "answers a double ack from memory and never writes it down",
    file: "reference/jetstream/consumer.ts",
    find: "      this.#asset?.append(record);",
    mistake: "      void record;",
  },
  {
    id: "reuses-sequences-of-emptied-streams",
    about: "a checkpoint forgets the last sequence of a stream without messages",
    file: "reference/store/checkpoint-stream.ts",
    find: "    last: index.last,",
    mistake: "    last: index.nextStored(1) === 0 ? 0 : index.last,",
    seed: 26,
  },
  {
    id: "syncs-no-directory",
    about: "never makes the name of a new segment durable",
    file: "reference/store/commit-log.ts",
    find: "      this.options.disk.syncDirectory(this.options.directory);\n",
    mistake: "",
  },
  {
    id: "shows-an-unsynced-tail",
    about: "serves what a killed process left in the page cache without syncing it first",
    file: "reference/store/open-store.ts",
    find: "      file.sync();\n      // Zeros",
    mistake: "      // Zeros",
  },
  {
    id: "repeats-a-failed-sync",
    about: "answers a failed sync by another one on the same file",
    file: "reference/store/commit-log.ts",
    find: "        this.#sync();\n      }\n    } catch (error) {\n      this.#rescue(error);",
    mistake:
      "        this.#sync();\n      }\n    } catch (error) {\n      if (this.batchStart >= 0) this.#rescue(error);\n      else try { this.#sync(); } catch (again) { this.#rescue(again); }",
  },
  {
    id: "trusts-the-page-cache",
    about: "syncs what a killed process left, although the system may have given it up",
    file: "reference/store/open-store.ts",
    find: "        rewrite(file, segment.id === from.segment ? from.offset : 0, segment.tail);\n",
    mistake: "",
    seed: 110,
  },
  {
    id: "leaves-unsynced-directories",
    about: "syncs the names of new directories only, not of those that a killed process made",
    file: "reference/store/store-directory.ts",
    find: "for (const name of onTheWay) {",
    mistake: "for (const name of missing) {",
  },
  {
    id: "names-sorted-files-too-early",
    about: "gives a sorted file its name before its content is on the disk",
    file: "reference/store/sorted-file-writer.ts",
    find: "    await this.#file?.syncAsync();\n",
    mistake: "",
    seed: 26,
  },
  {
    id: "sorts-without-the-directory",
    about: "counts on the names of sorted files without syncing their directory",
    file: "reference/store/compaction.ts",
    find: "    disk.syncDirectory(directory);\n",
    mistake: "",
    seed: 26,
  },
  {
    id: "drops-ids-in-compaction",
    about: "unlinks what it sorted although ids of removed messages in it are inside their window",
    file: "reference/store/store-space.ts",
    find: "    return untilNs;\n",
    mistake: "    return untilNs > 0n ? 1n : 0n;\n",
    seed: 26,
  },
];
