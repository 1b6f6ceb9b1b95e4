/** Mistakes of consumers: acknowledgements, floors, redelivery, and what of it is written down. */
import type { Mutant } from "./mutant.ts";

const acks = "reference/jetstream/consumer-acks.ts";
const state = "reference/jetstream/consumer-state.ts";
const delivery = "reference/jetstream/consumer-delivery.ts";
const core = "reference/jetstream/consumer-core.ts";
const consumer = "reference/jetstream/consumer.ts";

export const consumers: readonly Mutant[] = [
  {
    id: "keeps-acks-in-memory",
    about: "answers a double ack from memory and never writes it down",
    replace: [{ file: consumer, find: "      this.#asset?.append(record);", mistake: "      void record;" }],
    caughtBy: { case: "durability.kill/confirmed-acks-survive" },
  },
  {
    id: "answers-acks-before-they-are-recorded",
    about: "answers a double ack and records it a tenth of a second later",
    replace: [
      {
        file: acks,
        find: "    core.isAnswered = true;\n    core.wake();\n    core.host.context.account.respond",
        mistake: "    core.wake();\n    core.host.context.account.respond",
      },
    ],
    caughtBy: { campaign: "kill9", cycles: 2, seed: 1 },
  },
  {
    id: "moves-the-floor-over-gaps",
    about: "moves the ack floor to every acknowledged message",
    replace: [
      {
        file: state,
        find: "    if (consumerSequence !== floor.consumer + 1) {",
        mistake: "    if (consumerSequence < floor.consumer + 1) {",
      },
    ],
    caughtBy: { case: "replay.acknowledgements/**/the-floor-waits-for-the-gap" },
  },
  {
    id: "leaves-the-floor-behind",
    about: "leaves the ack floor where it was when nothing is pending any more",
    replace: [
      {
        file: state,
        find: "      setPair(this.reportedFloor, this.delivered.consumer, this.delivered.stream);\n",
        mistake: "      void moved;\n",
      },
    ],
    caughtBy: { case: "replay.acknowledgements/**/an-acknowledged-message-is-not-redelivered" },
  },
  {
    id: "records-no-deliveries",
    about: "writes down acknowledgements, but no deliveries",
    replace: [{ file: delivery, find: "  core.journal.delivered(sequence);\n", mistake: "" }],
    caughtBy: { case: "durability.changes/deliveries-are-counted-on-after-a-kill" },
  },
  {
    id: "records-no-redeliveries",
    about: "forgets at a restart how often a message was delivered",
    replace: [{ file: delivery, find: "  core.journal.redelivered(sequence, redeliveries);\n", mistake: "" }],
    caughtBy: { case: "durability.changes/deliveries-are-counted-on-after-a-kill" },
  },
  {
    id: "forgets-what-was-given-up",
    about: "delivers a message again after a restart that had used up its deliveries",
    replace: [{ file: delivery, find: "  core.journal.exhausted(sequence, redeliveries);\n", mistake: "" }],
    caughtBy: { case: "durability.changes/what-was-given-up-stays-so-after-a-kill" },
  },
  {
    id: "one-delivery-too-many",
    about: "delivers once more than max_deliver allows",
    replace: [{ file: delivery, find: "deliveries >= settings.maxDeliver", mistake: "deliveries > settings.maxDeliver" }],
    caughtBy: { case: "replay.acknowledgements/**/redelivery-ends-at-max-deliver" },
  },
  {
    id: "ignores-the-delay-of-a-nak",
    about: "delivers a message again at once that was refused with a delay",
    replace: [{ file: acks, find: "  if (delayNs === undefined) {", mistake: "  if (delayNs === undefined || delayNs > 0) {" }],
    caughtBy: { case: "replay.acknowledgements/**/a-nak-with-delay-waits" },
  },
  {
    id: "ignores-naks",
    about: "answers a nak and does nothing about it",
    replace: [{ file: acks, find: "    core.redelivery.add(streamSequence);\n", mistake: "" }],
    caughtBy: { case: "replay.acknowledgements/**/a-nak-brings-the-message-back-at-once" },
  },
  {
    id: "acknowledges-the-next-message",
    about: "takes an acknowledgement for one of the message behind it",
    replace: [
      {
        file: acks,
        find: "  if (state.acknowledge(streamSequence) || wasRedelivered) {",
        mistake: "  if (state.acknowledge(streamSequence + 1) || wasRedelivered) {",
      },
    ],
    caughtBy: { case: "replay.acknowledgements/**/an-acknowledged-message-is-not-redelivered" },
  },
  {
    id: "acknowledges-one-of-all",
    about: "acknowledges only the named message under the policy that covers those before it",
    replace: [
      {
        file: state,
        find: "    const done = this.#pendingThrough(streamSequence);",
        mistake: "    const done = this.#pendingThrough(streamSequence).slice(-1);",
      },
    ],
    caughtBy: { case: "replay.acknowledgements/**/ack-all-covers-earlier-messages" },
  },
  {
    id: "ignores-progress",
    about: "does not begin the ack wait anew when a client says that it is at work",
    replace: [
      {
        file: acks,
        find: "core.state.pending.touch(numbers.streamSequence, core.nowMs)",
        mistake: "core.state.pending.has(numbers.streamSequence)",
      },
    ],
    caughtBy: { case: "replay.acknowledgements/**/progress-starts-the-wait-anew" },
  },
  {
    id: "redelivers-what-was-terminated",
    about: "answers a term and keeps the message pending",
    replace: [
      {
        file: acks,
        find: "  const isAnswered = ackDelivery(core, numbers, { sample: false });",
        mistake: "  const isAnswered = true;",
      },
    ],
    caughtBy: { case: "replay.acknowledgements/**/a-terminated-message-is-not-redelivered" },
  },
  {
    id: "one-pending-too-many",
    about: "delivers one message more than max_ack_pending allows",
    replace: [
      {
        file: core,
        find: "this.state.pending.size >= this.settings.maxAckPending",
        mistake: "this.state.pending.size > this.settings.maxAckPending",
      },
    ],
    caughtBy: { case: "replay.acknowledgements/**/delivery-stops-at-max-ack-pending" },
  },
  {
    id: "ignores-backoff",
    about: "waits for ack_wait where backoff names another time",
    replace: [{ file: core, find: "return backoffMs.length === 0 ?", mistake: "return backoffMs.length >= 0 ?" }],
    caughtBy: { case: "replay.acknowledgements/**/the-first-backoff-takes-the-place-of-ack-wait" },
  },
  {
    id: "forgets-updates-of-consumers",
    about: "updates and pauses consumers in memory only",
    replace: [
      {
        file: consumer,
        find: "    core.journal.definition(encodeDefinition({ name: core.name, createdNs: core.createdNs, config: printConfig(config) }));\n",
        mistake: "",
      },
    ],
    caughtBy: { case: "durability.changes/an-update-of-a-consumer-survives-a-kill" },
  },
  {
    id: "resumes-at-a-restart",
    about: "delivers from a paused consumer after a restart",
    replace: [
      { file: consumer, find: "    recomputeAckDue(this.core);\n    this.#watchPause();\n", mistake: "    recomputeAckDue(this.core);\n" },
    ],
    caughtBy: { case: "durability.changes/a-pause-survives-a-kill" },
  },
  {
    id: "keeps-what-was-purged-pending",
    about: "keeps waiting for acknowledgements of messages that a purge took",
    replace: [
      {
        file: state,
        find: "      if (sequence < first || !isStored(sequence)) {",
        mistake: "      if (sequence < 0 && !isStored(sequence)) {",
      },
    ],
    caughtBy: { case: "replay.purged-pending/**/a-purge-ends-what-is-pending" },
  },
];
