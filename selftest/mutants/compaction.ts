/** Mistakes while space is made: what is unlinked, what is copied, and what is left to find it again. */
import type { Mutant } from "./mutant.ts";

const space = "reference/store/store-space.ts";
const compact = "reference/store/compaction.ts";
const few = "durability.space/what-is-left-of-much-survives";
const known = "durability.space/ids-of-what-was-removed-are-known";

export const compaction: readonly Mutant[] = [
  {
    id: "unlinks-what-is-alive",
    about: "unlinks files of the log although messages in them are stored",
    replace: [{ file: space, find: "isNeeded || file.live > 0 || file.damaged", mistake: "isNeeded || file.damaged" }],
    caughtBy: { case: few },
  },
  {
    id: "drops-ids-with-their-segment",
    about: "unlinks files of the log although an id in them is inside its window",
    replace: [
      { file: space, find: "file.damaged || this.#idsUntilNs(file) > nowNs) {", mistake: "file.damaged) {" },
      {
        file: space,
        find: "    return untilNs;\n",
        mistake: "    return 0n;\n",
      },
      {
        file: compact,
        find: "const keepsId = record.messageId !== undefined &&",
        mistake: "const keepsId = record.messageId === undefined &&",
      },
    ],
    caughtBy: { case: known },
  },
  {
    id: "copies-to-the-wrong-place",
    about: "remembers a wrong place of a message that it moved",
    replace: [
      {
        file: compact,
        find: "        index.relocate(sequence, segment.id, offset);",
        mistake: "        index.relocate(sequence, segment.id, offset + 8);",
      },
    ],
    caughtBy: { case: few },
  },
  {
    id: "copies-half",
    about: "copies every other message that is still stored, and unlinks the file",
    replace: [
      {
        file: compact,
        find: "        if (this.#isLive(record, source, offset)) {\n          this.#writerFor",
        mistake:
          "        if (record.sequence % 2 === 0 && this.#isLive(record, source, offset)) {\n          source.releaseMessage(0);\n" +
          "        } else if (this.#isLive(record, source, offset)) {\n          this.#writerFor",
      },
    ],
    caughtBy: { case: few },
  },
  {
    id: "forgets-sorted-files",
    about: "reads only the log when it opens a store, not what was sorted out of it",
    replace: [
      {
        file: "reference/store/sorted-recovery.ts",
        find: 'name.endsWith(".new") ? [] : [loader.candidate(id, directory)]',
        mistake: 'name.endsWith("d") ? [] : [loader.candidate(id, directory)]',
      },
    ],
    caughtBy: { case: few },
  },
  {
    id: "brings-back-what-was-erased",
    about: "takes an overwritten message for a stored one",
    replace: [
      {
        file: "reference/store/recovery-state.ts",
        find: "    if ((record.flags & recordFlag.erased) !== 0) {",
        mistake: "    if (record.flags < 0) {",
      },
      {
        file: "reference/store/recovery-state.ts",
        find: "          restore.dropRange(start, end);\n",
        mistake: "          void [start, end];\n",
      },
    ],
    caughtBy: { case: "bugs.recovery/an-erasure-brings-no-deleted-message-back" },
  },
];
