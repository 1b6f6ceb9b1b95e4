/**
 * What a consumer says about itself, when nothing is on its way, equals what is known of it: `num_pending` counts the stored messages it wants and has
 * not reached, `num_ack_pending` those it delivered and nobody acknowledged, `num_redelivered` no more than those, and it has reached what it was seen to
 * deliver. A plain acknowledgement may be lost, and a removed message may still be counted as unacknowledged for a while: both widen the range.
 */

import { type ConsumerStory, consumerStories } from "../history/consumer-story.ts";
import type { ConsumerReadEvent } from "../history/events.ts";
import type { History } from "../history/history.ts";
import { compareSequences } from "../history/sequence-order.ts";
import { type Check, counted, fail, inconclusive, pass } from "./check.ts";
import type { Violation } from "./witness.ts";

export const consumerInfoAgrees: Check = {
  id: "consumer-info-agrees",
  subject: "consumers",
  says: "A consumer's counts of pending, unacknowledged and redelivered messages equal what is stored, delivered and acknowledged.",
  judge(history) {
    const told = consumerStories(history).filter((story) => story.read?.quiet === true && story.settings !== undefined);
    const violations = told.flatMap((story) => violationsOf(story, history));
    const figures = { consumers: told.length, violations: violations.length };
    if (violations.length > 0) {
      return fail(history, { summary: `a consumer's account is wrong: ${violations[0]?.says}`, figures, violations });
    }
    return told.length === 0
      ? inconclusive("no consumer with known settings was read while all was quiet", figures)
      : pass(`${counted(told.length, "consumer")} told right`, figures);
  },
};

function violationsOf(story: ConsumerStory, history: History): Violation[] {
  const { read } = story;
  const back = history.lastReadBack(story.stream);
  if (read?.deliveredSeq === undefined || back?.complete !== true) {
    return [];
  }
  const reached = read.deliveredSeq;
  const stored = [...back.messages.values()].filter(({ subject }) => subject !== undefined && story.wants(subject)).map(({ seq }) => seq);
  const removed = Number(reached) - [...back.messages.keys()].filter((seq) => compareSequences(seq, reached) <= 0).length;
  const wrong = [
    ...pendingWrong(story, read, stored.filter((seq) => compareSequences(seq, reached) > 0).length),
    ...ackPendingWrong(story, read, { removed, delivered: stored.filter((seq) => compareSequences(seq, reached) <= 0) }),
    ...(history.epochs.length > (story.deliveries.at(-1)?.epoch ?? 0) ? [] : reachedWrong(story, reached)),
  ];
  return wrong.map((says) => ({ says: `${story.consumer} ${says}`, operations: story.creation === undefined ? [] : [story.creation] }));
}

/** Nothing is known of what lies behind a start that nobody saw the sequence of. */
function pendingWrong({ settings }: ConsumerStory, { pending }: ConsumerReadEvent, behind: number): string[] {
  const isKnown = settings?.deliver === "all" && pending !== undefined;
  return isKnown && pending !== behind ? [`says that ${pending} are pending, and ${behind} are stored behind what it delivered`] : [];
}

function ackPendingWrong(
  story: ConsumerStory,
  { ackPending, redeliveredPending, ackFloorSeq = "0" }: ConsumerReadEvent,
  { removed, delivered }: { removed: number; delivered: readonly string[] },
): string[] {
  const { settings } = story;
  if (ackPending === undefined || settings === undefined || settings.maxDeliver !== undefined || settings.deliver !== "all") {
    return [];
  }
  if (settings.ackPolicy === "none") {
    return ackPending === 0 ? [] : [`says that ${ackPending} are unacknowledged, and asks for no acknowledgements`];
  }
  const least = delivered.filter((seq) => !story.maySettle(seq) && compareSequences(seq, ackFloorSeq) > 0).length;
  const most = delivered.filter((seq) => !story.isConfirmed(seq)).length + removed;
  const wrong =
    ackPending < least || ackPending > most
      ? [`says that ${ackPending} are unacknowledged, and ${least === most ? least : `${least} to ${most}`} are`]
      : [];
  return redeliveredPending !== undefined && redeliveredPending > ackPending
    ? [...wrong, `says that ${redeliveredPending} of ${ackPending} unacknowledged were redelivered`]
    : wrong;
}

/** Deliveries of an earlier life of the server were never promised to be remembered. */
function reachedWrong({ deliveries }: ConsumerStory, reached: string): string[] {
  const lastLife = deliveries.at(-1)?.epoch;
  const ofLife = deliveries.filter(({ epoch }) => epoch === lastLife);
  const highest = ofLife.reduce((most, { event }) => (compareSequences(event.seq, most) > 0 ? event.seq : most), "0");
  return compareSequences(highest, reached) > 0 ? [`says that it delivered up to ${reached}, and delivered ${highest}`] : [];
}
