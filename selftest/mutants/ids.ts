/** Mistakes with message ids and the duplicate window. */
import type { Mutant } from "./mutant.ts";

const publish = "reference/jetstream/publish.ts";

export const ids: readonly Mutant[] = [
  {
    id: "forgets-ids-at-restart",
    about: "starts with an empty duplicate table",
    replace: [
      {
        file: "reference/jetstream/stream-recovery.ts",
        find: "if (timeNs > nowNs - windowNs) {",
        mistake: "if (timeNs > nowNs + windowNs) {",
      },
    ],
    caughtBy: { case: "durability.kill/ids-are-still-known" },
  },
  {
    id: "forgets-ids-before-the-checkpoint",
    about: "knows only the ids that came after the last checkpoint",
    replace: [
      {
        file: "reference/store/recovery-state.ts",
        find: "    this.#noteId(stream, record, segment);\n    if (this.#before && (",
        mistake: "    if (!this.#before) this.#noteId(stream, record, segment);\n    if (this.#before && (",
      },
    ],
    caughtBy: { case: "dedup.exactly-once/ids-are-known-after-a-restart" },
  },
  {
    id: "forgets-ids-of-removed-messages",
    about: "forgets an id with its message",
    replace: [
      {
        file: publish,
        find: "      if (known !== 0) {\n        return known;",
        mistake: "      if (known !== 0 && this.#stream.messages.has(known)) {\n        return known;",
      },
    ],
    caughtBy: { case: "dedup.window/**/the-id-of-a-purged-message-is-still-known" },
  },
  {
    id: "forgets-ids-of-removed-messages-at-restart",
    about: "restores only the ids of messages that are still stored",
    replace: [
      {
        file: "reference/jetstream/stream-recovery.ts",
        find: "if (timeNs > nowNs - windowNs) {",
        mistake: "if (timeNs > nowNs - windowNs && stream.messages.has(sequence)) {",
      },
    ],
    caughtBy: { case: "bugs.dedup/ids-of-removed-messages-outlive-a-restart" },
  },
  {
    id: "refreshes-the-window",
    about: "lets a duplicate begin the window of its id anew",
    replace: [
      {
        file: publish,
        find: "      if (known !== 0) {\n        return known;",
        mistake:
          "      if (known !== 0) {\n        this.#ids.add(message.buffer, start, end, known, Number(nowNs));\n        return known;",
      },
    ],
    caughtBy: { case: "dedup.window/**/a-duplicate-does-not-extend-the-window" },
  },
  {
    id: "never-ends-the-window",
    about: "remembers ids for ever",
    replace: [
      {
        file: "reference/jetstream/message-ids.ts",
        find: "    shard.dropBefore(nowNs - this.#windowNs);\n    return",
        mistake: "    return",
      },
    ],
    caughtBy: { case: "dedup.window/**/an-id-is-new-again-after-the-window" },
  },
  {
    id: "claims-ids-of-refused-publishes",
    about: "remembers the id of a publish that it refused",
    replace: [
      {
        file: publish,
        find: "    if (problem !== undefined) {\n      return problem;\n    }\n    // dedup",
        mistake:
          '    if (problem !== undefined) {\n      if (headers.has("messageId")) {\n        const { start, end } = headers.range("messageId");\n' +
          "        this.#ids.add(message.buffer, start, end, 1, Number(nowNs));\n      }\n      return problem;\n    }\n    // dedup",
      },
    ],
    caughtBy: { case: "dedup.window/**/a-refused-publish-leaves-its-id-free" },
  },
  {
    id: "names-the-wrong-first",
    about: "answers a duplicate with the sequence behind that of the first",
    replace: [
      {
        file: "reference/jetstream/message-id-shard.ts",
        find: "        return this.#ring.sequence[position] ?? 0;",
        mistake: "        return (this.#ring.sequence[position] ?? 0) + 1;",
      },
    ],
    caughtBy: { case: "dedup.window/**/resend-inside-the-window-is-a-duplicate" },
  },
  {
    id: "shares-ids-between-streams",
    about: "takes an id that another stream knows for a duplicate",
    replace: [
      {
        file: "reference/jetstream/message-ids.ts",
        find: "    this.#seed = options.seed;\n",
        mistake:
          "    this.#seed = 1;\n    this.#shards = (MessageIds as unknown as { all?: (IdShard | undefined)[] }).all ??= this.#shards;\n",
      },
    ],
    caughtBy: { case: "dedup.window/**/ids-of-two-streams-are-apart" },
  },
  {
    id: "keeps-no-ids-in-the-log",
    about: "writes messages without their ids",
    replace: [
      {
        file: "reference/jetstream/message-writer.ts",
        find: "    input.messageId = id === undefined ? undefined : buffer.subarray(id.start, id.end);",
        mistake: "    void id;\n    input.messageId = undefined;",
      },
    ],
    caughtBy: { campaign: "dedup", cycles: 1, seed: 1 },
  },
  {
    id: "forgets-the-window",
    about: "never tells the store how long ids are to be kept",
    replace: [
      {
        file: "reference/store/file-stored-stream.ts",
        find: "    if (windowNs !== this.messages.messageIdWindowNs) {",
        mistake: "    if (windowNs < 0n) {",
      },
    ],
    caughtBy: { case: "durability.kill/ids-are-still-known" },
  },
];
