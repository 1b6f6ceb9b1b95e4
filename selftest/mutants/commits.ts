/** Mistakes between a change and its answer: what is written, synced and acknowledged, and in which order. */
import type { Mutant } from "./mutant.ts";

const log = "reference/store/commit-log.ts";

export const commits: readonly Mutant[] = [
  {
    id: "never-syncs",
    about: "counts every write as synced without asking the disk",
    replace: [
      {
        file: log,
        find: "    segment.file?.sync();\n    segment.synced = segment.written;",
        mistake: "    segment.synced = segment.written;",
      },
      {
        file: log,
        find: "      flight.add((done) => file.syncLater(done));\n      this.#takeOff(flight);\n      return true;",
        mistake: "      this.#takeOff(flight);\n      return true;",
      },
    ],
    caughtBy: { case: "durability.power-loss/publishes-under-load-survive" },
  },
  {
    id: "syncs-every-third-commit",
    about: "leaves two of three commits in the page cache",
    replace: [
      {
        file: log,
        find: "    segment.file?.sync();\n    segment.synced = segment.written;",
        mistake: "    if (this.batch % 3 === 0) segment.file?.sync();\n    segment.synced = segment.written;",
      },
    ],
    caughtBy: { campaign: "power-cut-publish", cycles: 4, seed: 1 },
  },
  {
    id: "syncs-before-it-writes",
    about: "syncs the file and writes the batch to it afterwards",
    replace: [
      {
        file: log,
        find: "    file.write(bytes, position);\n",
        mistake: "    file.sync();\n    file.write(bytes, position);\n    segment.synced = segment.written;\n",
      },
    ],
    caughtBy: { case: "durability.sync-always/a-single-publish-survives" },
  },
  {
    id: "answers-before-the-commit",
    about: "sends what waits before it is committed",
    replace: [
      {
        file: "reference/turn.ts",
        find: "      this.#store?.commit();\n",
        mistake: "      for (const each of this.#waiting) each.flush(Number.MAX_SAFE_INTEGER);\n      this.#store?.commit();\n",
      },
    ],
    caughtBy: { campaign: "slow-disk", cycles: 2, seed: 1 },
  },
  {
    id: "answers-with-an-old-epoch",
    about: "lets the answer to a publish leave before the commit that stores it",
    replace: [
      {
        file: "reference/jetstream/publish.ts",
        find: "account.respond(message, this.#acks.stored(sequence), store.epoch);",
        mistake: "account.respond(message, this.#acks.stored(sequence), store.durableEpoch);",
      },
    ],
    caughtBy: { campaign: "slow-disk", cycles: 2, seed: 1 },
  },
  {
    id: "drops-the-50th-commit",
    about: "acknowledges every 50th batch without writing it",
    replace: [
      { file: log, find: "    file.write(bytes, position);", mistake: "    if (this.batch % 50 !== 0) file.write(bytes, position);" },
      {
        file: log,
        find: "      flight.add((done) => file.writeLater(bytes, position, done));",
        mistake: "      if (this.batch % 50 !== 0) flight.add((done) => file.writeLater(bytes, position, done));",
      },
    ],
    caughtBy: { case: "durability.kill/publishes-one-at-a-time-survive" },
  },
  {
    id: "ignores-failed-writes",
    about: "goes on as if nothing had happened after a write or a sync failed",
    replace: [
      {
        file: log,
        find: "        this.#sync();\n      }\n    } catch (error) {\n      this.#rescue(error);",
        mistake: "        this.#sync();\n      }\n    } catch {\n      if (this.open !== undefined) this.open.synced = this.open.written;",
      },
    ],
    caughtBy: { campaign: "io-error", cycles: 4, seed: 1 },
  },
  {
    id: "acknowledges-on-a-full-disk",
    about: "counts a batch as written that found no space",
    replace: [
      {
        file: log,
        find: "        this.#sync();\n      }\n    } catch (error) {\n      this.#rescue(error);",
        mistake:
          "        this.#sync();\n      }\n    } catch (error) {\n" +
          '      if (error instanceof Error && "code" in error && error.code === "ENOSPC") {\n' +
          "        if (this.open !== undefined) this.open.synced = this.open.written;\n        return;\n      }\n      this.#rescue(error);",
      },
    ],
    caughtBy: { case: "durability.failed-writes/a-write-without-space-is-not-acknowledged" },
  },
  {
    id: "loses-purges",
    about: "purges in memory only",
    replace: [
      {
        file: "reference/store/file-stream.ts",
        find: "  protected removingBelow(floor: number): void {\n    this.#floor = Math.max(this.#floor, floor);",
        mistake: "  protected removingBelow(_: number): void {",
      },
    ],
    caughtBy: { case: "durability.kill/a-purge-survives" },
  },
  {
    id: "loses-removal-lists",
    about: "never writes down which single messages were deleted",
    replace: [
      {
        file: "reference/store/file-stream.ts",
        find: "for (let at = 0; at < removed.length; at += runsPerRecord) {",
        mistake: "for (let at = removed.length; at < removed.length; at += runsPerRecord) {",
      },
    ],
    caughtBy: { case: "durability.changes/holes-in-the-middle-survive-a-kill" },
  },
  {
    id: "removes-one-too-many",
    about: "writes down a floor one beyond the message that was removed",
    replace: [
      {
        file: "reference/store/file-stream.ts",
        find: "      this.#floor = Math.max(this.#floor, sequence + 1);",
        mistake: "      this.#floor = Math.max(this.#floor, sequence + 2);",
      },
    ],
    caughtBy: { case: "bugs.recovery/messages-beyond-the-limit-do-not-come-back" },
  },
  {
    id: "forgets-all-but-one-removal",
    about: "writes down only the first of several removals",
    replace: [
      {
        file: "reference/store/file-stream.ts",
        find: "      this.#removed.push(sequence);",
        mistake: "      if (this.#removed.length === 0) this.#removed.push(sequence);",
      },
    ],
    caughtBy: { case: "durability.changes/holes-in-the-middle-survive-a-kill" },
  },
];
