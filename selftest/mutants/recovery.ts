/** Mistakes of opening a store: what is taken from log and checkpoint, and what becomes of damage. */
import type { Mutant } from "./mutant.ts";

const state = "reference/store/recovery-state.ts";
const scan = "reference/store/segment-scan.ts";

export const recovery: readonly Mutant[] = [
  {
    id: "cuts-the-log-at-damage",
    about: "ends the log at the first damaged record, although what follows is sound",
    replace: [{ file: scan, find: "    offset = salvage(options, offset, trusted);", mistake: "    break;" }],
    caughtBy: { case: "bugs.damage/one-flipped-bit-takes-one-message" },
  },
  {
    id: "ignores-the-checksum",
    about: "takes every record whose header is right for a sound one",
    replace: [
      {
        file: scan,
        find: "  return headerIsSound(content, offset) && content.reader.memory.isSound(offset, content.reader.length, content.segment, offset);",
        mistake: "  return headerIsSound(content, offset);",
      },
      {
        file: "reference/store/log-reader.ts",
        find: "cache.memory.isSound(record.pointer, record.length, segment.id, offset) ? record : undefined;",
        mistake: "record;",
      },
    ],
    caughtBy: { campaign: "bit-flip", cycles: 6, seed: 1 },
  },
  {
    id: "skips-damaged-messages",
    about: "takes a message whose body is damaged for one that was never there",
    replace: [
      {
        file: state,
        find: "      stream.restore.lose(record.sequence, record.timeNs);",
        mistake: "      stream.restore.skip(record.sequence, record.timeNs);",
      },
    ],
    caughtBy: { campaign: "bit-flip", cycles: 6, seed: 1 },
  },
  {
    id: "creates-a-damaged-key",
    about: "takes a key for free whose value can't be read",
    replace: [
      {
        file: "reference/jetstream/publish-checks.ts",
        find: "    if (lost > 0) {\n",
        mistake: "    if (lost < 0) {\n",
      },
    ],
    caughtBy: { case: "bugs.damage/a-key-whose-value-is-damaged-is-not-created-again" },
  },
  {
    id: "calls-damage-not-found",
    about: "answers a read of a damaged message as if it had never been stored",
    replace: [
      {
        file: "reference/jetstream/api/message-get.ts",
        find: "lost === 0 ? apiErrors.noMessageFound",
        mistake: "lost >= 0 ? apiErrors.noMessageFound",
      },
      { file: "reference/jetstream/direct-get.ts", find: "    if (lost === 0) {\n", mistake: "    if (lost >= 0) {\n" },
    ],
    caughtBy: { campaign: "bit-flip", cycles: 6, seed: 1 },
  },
  {
    id: "loses-floors",
    about: "passes over what the log says about purges",
    replace: [{ file: state, find: "        restore.raiseFloor(record.sequence);\n", mistake: "" }],
    caughtBy: { case: "durability.kill/a-purge-survives" },
  },
  {
    id: "drops-tombstones",
    about: "passes over what the log says about single deletes",
    replace: [{ file: state, find: "          restore.dropRange(start, end);\n", mistake: "          void [start, end];\n" }],
    caughtBy: { case: "durability.changes/holes-in-the-middle-survive-a-kill" },
  },
  {
    id: "deletes-one-too-many",
    about: "takes one message more than a tombstone names",
    replace: [{ file: state, find: "          restore.dropRange(start, end);", mistake: "          restore.dropRange(start, end + 1);" }],
    caughtBy: { case: "durability.changes/holes-in-the-middle-survive-a-kill" },
  },
  {
    id: "revives-deleted-streams",
    about: "passes over what the log says about deleted streams",
    replace: [{ file: state, find: "        this.streams.delete(stored.id);\n", mistake: "" }],
    caughtBy: { case: "durability.kill/a-delete-of-a-stream-survives" },
  },
  {
    id: "forgets-updates",
    about: "starts streams with the configuration that they were created with",
    replace: [{ file: state, find: "        stored.messages.config = record.payload.slice();\n", mistake: "" }],
    caughtBy: { case: "durability.kill/an-update-survives" },
  },
  {
    id: "forgets-consumers",
    about: "passes over the consumers in the log",
    replace: [
      {
        file: state,
        find: '      assets.set(id, { name: decoder.decode(record.subject), base: record.payload.slice(), baseIs: "definition", records: [] });\n',
        mistake: "",
      },
    ],
    caughtBy: { case: "durability.kill/a-consumer-survives" },
  },
  {
    id: "revives-deleted-consumers",
    about: "passes over what the log says about deleted consumers",
    replace: [{ file: state, find: "      assets.delete(id);\n", mistake: "" }],
    caughtBy: { case: "durability.changes/a-deleted-consumer-stays-deleted-after-a-kill" },
  },
  {
    id: "reuses-stream-ids",
    about: "counts streams from the beginning after a restart, so that a new one gets the number of an old one",
    replace: [{ file: state, find: "    this.lastStream = Math.max(this.lastStream, id);\n", mistake: "" }],
    caughtBy: { case: "durability.changes/a-stream-made-after-a-kill-is-apart-from-those-before" },
  },
  {
    id: "reuses-sequences",
    about: "gives sequences of deleted messages again after a kill",
    replace: [
      {
        file: "reference/store/index-restore.ts",
        find: "    index.last = this.last;\n",
        mistake: "    while (this.last > 0 && !index.has(this.last)) this.last -= 1;\n    index.last = this.last;\n",
      },
    ],
    caughtBy: { case: "durability.kill/a-purge-survives" },
  },
  {
    id: "reuses-sequences-of-emptied-streams",
    about: "forgets the last sequence of a stream without messages in a checkpoint",
    replace: [
      {
        file: "reference/store/checkpoint-stream.ts",
        find: "    last: index.last,",
        mistake: "    last: index.nextStored(1) === 0 ? 0 : index.last,",
      },
    ],
    caughtBy: { case: "bugs.recovery/an-emptied-workqueue-keeps-its-sequence" },
  },
  {
    id: "forgets-when-it-was-created",
    about: "gives streams the time of the restart as their time of creation",
    replace: [
      { file: state, find: "      createdNs: record.timeNs,", mistake: "      createdNs: this.#host.nowNs," },
      {
        file: "reference/store/checkpoint-stream.ts",
        find: "    createdNs: messages.createdNs,",
        mistake: "    createdNs: messages.createdNs + 1_000_000_000n,",
      },
    ],
    caughtBy: { case: "bugs.recovery/the-time-of-creation-outlives-updates-and-restarts" },
  },
  {
    id: "forgets-the-first-sequence",
    about: "starts streams at 1 that were to start elsewhere",
    replace: [{ file: state, find: "    const first = record.sequence;\n", mistake: "    const first = 1;\n" }],
    caughtBy: { case: "durability.changes/a-first-sequence-survives" },
  },
  {
    id: "trusts-the-checkpoint-alone",
    about: "reads nothing that came after the last checkpoint",
    replace: [
      {
        file: state,
        find: "    } else if (!this.#before) {\n      this.#change(stream, record);",
        mistake: "    } else if (!this.#before && this.streams.size === 0) {\n      this.#change(stream, record);",
      },
    ],
    caughtBy: { case: "durability.kill/a-purge-survives" },
  },
  {
    id: "forgets-deletes-in-checkpoints",
    about: "writes checkpoints that name no deleted messages",
    replace: [
      {
        file: "reference/store/checkpoint-stream.ts",
        find: "    runs.add(start, present);\n",
        mistake: "",
      },
    ],
    caughtBy: { case: "durability.changes/deleted-messages-stay-deleted-after-a-restart" },
  },
  {
    id: "forgets-consumers-in-checkpoints",
    about: "writes checkpoints without consumers",
    replace: [
      {
        file: "reference/store/checkpoint-stream.ts",
        find: "[...stream.assets.values()].map(",
        mistake: "[...stream.assets.values()].slice(1).map(",
      },
    ],
    caughtBy: { case: "durability.restart/streams-messages-and-consumers-are-as-they-were" },
  },
];
