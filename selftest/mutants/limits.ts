/** Mistakes with limits, retention and purges. */
import type { Mutant } from "./mutant.ts";

const stream = "reference/jetstream/stream.ts";
const indexed = "reference/store/indexed-stream.ts";
const publish = "reference/jetstream/publish.ts";

export const limits: readonly Mutant[] = [
  {
    id: "one-too-many-on-a-subject",
    about: "keeps one message more than max_msgs_per_subject",
    replace: [
      {
        file: stream,
        find: "state.messages <= this.#limits.perSubjectMax ||",
        mistake: "state.messages <= this.#limits.perSubjectMax + 1 ||",
      },
    ],
    caughtBy: { case: "limits.counts/**/max-msgs-per-subject-keeps-the-newest" },
  },
  {
    id: "takes-one-beyond-max-msgs",
    about: "takes one message more than max_msgs before it discards new ones",
    replace: [
      {
        file: publish,
        find: "messages.state.messages >= limits.messagesMax && replaced === 0",
        mistake: "messages.state.messages > limits.messagesMax && replaced === 0",
      },
    ],
    caughtBy: { case: "limits.counts/**/discard-new-refuses-beyond-max-msgs" },
  },
  {
    id: "ignores-max-bytes",
    about: "counts messages against max_bytes and lets them stay",
    replace: [{ file: stream, find: "messages <= messagesMax && bytes <= bytesMax;", mistake: "messages <= messagesMax && bytes >= 0;" }],
    caughtBy: { case: "limits.counts/**/max-bytes-removes-the-oldest" },
  },
  {
    id: "ages-too-slowly",
    about: "keeps messages a thousand times as long as max_age says",
    replace: [{ file: stream, find: "nowNs - this.#limits.ageNs + 1n", mistake: "nowNs - this.#limits.ageNs * 1000n + 1n" }],
    caughtBy: { case: "limits.sizes-and-ages/**/a-message-older-than-max-age-is-removed" },
  },
  {
    id: "ignores-a-lowered-limit",
    about: "applies a lowered limit to new messages only",
    replace: [
      { file: stream, find: "    this.#enforcePerSubjectEverywhere(before);\n    this.#enforceTotals();\n", mistake: "    void before;\n" },
    ],
    caughtBy: { case: "limits.counts/**/a-lowered-limit-applies-at-once" },
  },
  {
    id: "keeps-what-a-work-queue-is-done-with",
    about: "keeps acknowledged messages of a work queue",
    replace: [
      {
        file: stream,
        find: '    if (this.retention !== "limits") {\n      this.#interest.acknowledged(consumer, sequence);',
        mistake: '    if (this.retention === "interest") {\n      this.#interest.acknowledged(consumer, sequence);',
      },
    ],
    caughtBy: { case: "limits.retention/**/an-acknowledged-message-leaves-a-workqueue" },
  },
  {
    id: "removes-what-others-need",
    about: "removes a message of an interest stream with the first acknowledgement",
    replace: [
      {
        file: "reference/jetstream/retention.ts",
        find: "|| !this.#isNeededBeside(consumer, sequence)) {",
        mistake: "|| sequence > 0) {",
      },
    ],
    caughtBy: { case: "limits.retention/**/an-interest-stream-waits-for-all-consumers" },
  },
  {
    id: "keeps-one-too-many-in-a-purge",
    about: "leaves one message more than a purge was to keep",
    replace: [{ file: indexed, find: "kept < keep && sequence > 0", mistake: "kept <= keep && sequence > 0" }],
    caughtBy: { case: "replay.holes/**/a-purge-with-keep-leaves-the-newest" },
  },
  {
    id: "purges-one-too-many",
    about: "purges also the sequence below which it was to purge",
    replace: [
      {
        file: indexed,
        find: "Math.min(request.below ?? Number.POSITIVE_INFINITY, last + 1)",
        mistake: "Math.min((request.below ?? Number.POSITIVE_INFINITY) + 1, last + 1)",
      },
    ],
    caughtBy: { case: "replay.holes/**/a-purge-below-a-sequence-keeps-it" },
  },
  {
    id: "purges-every-subject",
    about: "purges everything although a filter was given",
    replace: [{ file: stream, find: "          ...(compiled === undefined ? {} : { filter: compiled }),\n", mistake: "" }],
    caughtBy: { case: "replay.holes/**/a-purge-with-filter-removes-what-matches" },
  },
  {
    id: "rolls-up-one-subject-only",
    about: "takes a rollup of everything for one of the message's subject",
    replace: [
      { file: "reference/jetstream/message-writer.ts", find: 'value.toLowerCase() === "sub"', mistake: 'value.toLowerCase() !== ""' },
    ],
    caughtBy: { case: "publish.rollups/**/a-rollup-of-all-replaces-the-stream" },
  },
  {
    id: "deletes-what-must-not-be-deleted",
    about: "deletes messages of a stream that denies it",
    replace: [
      {
        file: "reference/jetstream/api/message-delete.ts",
        find: "if (stream.config.deny_delete) {",
        mistake: "if (stream.config.sealed) {",
      },
    ],
    caughtBy: { case: "streams.permissions/**/deny-delete-refuses-a-message-delete" },
  },
];
