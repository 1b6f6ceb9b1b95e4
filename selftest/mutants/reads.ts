/** Mistakes with what a publish expects, and with reads. */
import type { Mutant } from "./mutant.ts";

const checks = "reference/jetstream/publish-checks.ts";
const lookup = "reference/jetstream/message-lookup.ts";

export const reads: readonly Mutant[] = [
  {
    id: "wrong-error-code",
    about: "refuses a wrong expected sequence with the code of a wrong message id",
    replace: [
      {
        file: "reference/jetstream/error-catalogue.ts",
        find: 'entry(400, 10071, "wrong last sequence: {seq}")',
        mistake: 'entry(400, 10070, "wrong last sequence: {seq}")',
      },
    ],
    caughtBy: { case: "publish.expectations/**" },
  },
  {
    id: "lets-two-writers-win",
    about: "accepts any expected last sequence of a subject up to the last",
    replace: [
      {
        file: checks,
        find: '    if (last !== stream.sequences.expected(headers.text("expectedLastSubjectSequence"))) {',
        mistake: '    if (last > stream.sequences.expected(headers.text("expectedLastSubjectSequence")) + 1) {',
      },
    ],
    caughtBy: { case: "publish.expectations/**/a-wrong-expected-last-subject-sequence-is-refused" },
  },
  {
    id: "expects-nothing-of-an-empty-key",
    about: "accepts any expected last sequence of a subject without messages",
    replace: [
      {
        file: checks,
        find: '    if (last !== stream.sequences.expected(headers.text("expectedLastSubjectSequence"))) {',
        mistake: '    if (last !== 0 && last !== stream.sequences.expected(headers.text("expectedLastSubjectSequence"))) {',
      },
    ],
    caughtBy: { case: "publish.after-removals/**/a-deleted-value-is-no-expected-last" },
  },
  {
    id: "counts-messages-for-the-last-sequence",
    about: "compares an expected last sequence with the number of messages",
    replace: [
      {
        file: checks,
        find: "    const last = stream.messages.state.lastSequence;\n",
        mistake: "    const last = stream.messages.state.messages;\n",
      },
    ],
    caughtBy: { case: "publish.after-removals/**/the-last-sequence-is-expected-after-a-purge" },
  },
  {
    id: "ignores-the-expected-id",
    about: "stores a message whose expected last message id is wrong",
    replace: [
      {
        file: "reference/jetstream/publish.ts",
        find: 'if (expectedId !== "" && expectedId !== this.#writer.lastMessageId()) {',
        mistake: 'if (expectedId === "?" && expectedId !== this.#writer.lastMessageId()) {',
      },
    ],
    caughtBy: { case: "publish.expectations/**/a-wrong-expected-last-message-id-is-refused" },
  },
  {
    id: "ignores-the-expected-subject",
    about: "compares the last sequence of the message's own subject where another one was named",
    replace: [
      {
        file: checks,
        find: '? headers.text("expectedLastSubjectSequenceSubject") : subject;',
        mistake: "? subject : subject;",
      },
    ],
    caughtBy: { case: "publish.expectations/**/an-alternate-subject-is-checked-instead" },
  },
  {
    id: "ignores-the-expected-stream",
    about: "stores a message that names another stream",
    replace: [
      { file: checks, find: 'headers.text("expectedStream") !== publish.stream.name', mistake: 'headers.text("expectedStream") === ""' },
    ],
    caughtBy: { case: "publish.expectations/**/another-expected-stream-is-refused" },
  },
  {
    id: "names-the-wrong-sequence",
    about: "gives a direct get the sequence behind that of its message",
    replace: [
      {
        file: "reference/jetstream/direct-get.ts",
        find: '"Nats-Sequence": this.stream.sequences.shown(view.sequence),',
        mistake: '"Nats-Sequence": this.stream.sequences.shown(view.sequence + 1),',
      },
    ],
    caughtBy: { case: "replay.reads/**/a-direct-get-returns-the-message-itself" },
  },
  {
    id: "drops-headers",
    about: "stores messages without their headers",
    replace: [
      {
        file: "reference/jetstream/message-writer.ts",
        find: "input.headers = payloadStart > headersStart ? buffer.subarray(headersStart, payloadStart) : NO_BYTES;",
        mistake: "input.headers = payloadStart < headersStart ? buffer.subarray(headersStart, payloadStart) : NO_BYTES;",
      },
    ],
    caughtBy: { case: "publish.acks/**/headers-keep-case-and-repetition" },
  },
  {
    id: "reads-a-stale-value",
    about: "gives the first message of a subject for its last",
    replace: [
      {
        file: lookup,
        find: "(messages.subjectState(subject)?.lastSequence ?? 0)",
        mistake: "(messages.subjectState(subject)?.firstSequence ?? 0)",
      },
    ],
    caughtBy: { case: "replay.reads/**/the-last-message-of-a-subject-is-read" },
  },
  {
    id: "reads-past-deleted-messages",
    about: "gives the next message for one that was deleted",
    replace: [
      {
        file: lookup,
        find: "    return messages.has(start) ? start : 0;",
        mistake: "    return messages.nextMatching(compileFilter([]), start);",
      },
    ],
    caughtBy: { case: "replay.holes/**/a-deleted-message-leaves-its-sequence-empty" },
  },
  {
    id: "finds-the-wrong-next",
    about: "passes over the message that a search for the next one begins with",
    replace: [
      {
        file: lookup,
        find: '(compileFilter([request.next_by_subj ?? ""]), Math.max(start, 1));',
        mistake: '(compileFilter([request.next_by_subj ?? ""]), Math.max(start, 1) + 1);',
      },
    ],
    caughtBy: { case: "replay.reads/**/the-next-message-of-a-subject-is-read" },
  },
];
