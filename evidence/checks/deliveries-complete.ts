/**
 * A consumer delivers everything it is for and nothing else: each stored message that matches and was neither acknowledged nor ended comes when the
 * consumer is asked at the end; each delivered message matches its filters and lies where it begins.
 *
 * Judged are consumers that were created with known `settings`, were never deleted, and were read back until nothing came any more.
 */
import { type ConsumerStory, consumerStories } from "../history/consumer-story.ts";
import type { History } from "../history/history.ts";
import { precedes } from "../history/operation-record.ts";
import { compareSequences } from "../history/sequence-order.ts";
import { type Check, counted, fail, inconclusive, pass } from "./check.ts";
import type { Violation } from "./witness.ts";

export const deliveriesComplete: Check = {
  id: "deliveries-complete",
  subject: "consumers",
  says: "A consumer delivers every matching message that was not acknowledged, and no other.",
  judge(history) {
    const stories = consumerStories(history).filter((story) => story.settings !== undefined);
    const asked = stories.filter((story) => story.read?.redelivered !== undefined && story.read.missing !== true);
    const violations = [...stories.flatMap((story) => strange(story, history)), ...asked.flatMap((story) => withheld(story, history))];
    const figures = { consumers: asked.length, violations: violations.length };
    if (violations.length > 0) {
      return fail(history, { summary: `deliveries wrong: ${violations[0]?.says}`, figures, violations });
    }
    const [unasked] = stories.filter((story) => !asked.includes(story));
    if (unasked !== undefined) {
      return inconclusive(`consumer ${unasked.consumer} was not asked for what is left`, figures);
    }
    const incomplete = history.whyReadBackIncomplete();
    if (incomplete !== undefined) {
      return inconclusive(incomplete, figures);
    }
    return stories.length === 0
      ? inconclusive("no consumer was created with known settings", figures)
      : pass(`${counted(asked.length, "consumer")} delivered what was left`, figures);
  },
};

function withheld(story: ConsumerStory, history: History): Violation[] {
  const back = history.lastReadBack(story.stream);
  if (back?.complete !== true || story.creation === undefined) {
    return [];
  }
  const came = new Set(story.read?.redelivered);
  const seen = new Set(story.deliveries.map(({ event }) => event.seq));
  const counts = deliveryCounts(story);
  const max = story.settings?.maxDeliver ?? Number.POSITIVE_INFINITY;
  return [...back.messages.values()].flatMap(({ seq, subject, problem }) => {
    const isDue = problem === undefined && subject !== undefined && story.wants(subject) && isInside(story, history, seq);
    const isDone =
      came.has(seq) || (story.settings?.ackPolicy === "none" ? seen.has(seq) : story.maySettle(seq)) || (counts.get(seq) ?? 0) >= max;
    if (!isDue || isDone) {
      return [];
    }
    const says = `message ${seq} of ${story.stream} is stored and unacknowledged, and ${story.consumer} did not deliver it`;
    return [
      { says, operations: [...history.ownersOf(story.stream, seq).slice(-1), ...(story.creation === undefined ? [] : [story.creation])] },
    ];
  });
}

/** Where the consumer begins, for sure. */
function isInside({ settings, creation }: ConsumerStory, history: History, seq: string): boolean {
  const from = settings?.deliver ?? "all";
  if (from === "all") {
    return true;
  }
  if (from === "new") {
    const owners = creation === undefined ? [] : history.ownersOf(creation.op.stream, seq);
    return owners.some((owner) => creation !== undefined && precedes(creation, owner));
  }
  return compareSequences(seq, from.startSeq) >= 0;
}

function deliveryCounts(story: ConsumerStory): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { event } of story.deliveries) {
    counts.set(event.seq, Math.max(event.delivered, (counts.get(event.seq) ?? 0) + 1));
  }
  return counts;
}

function strange(story: ConsumerStory, history: History): Violation[] {
  const from = story.settings?.deliver;
  return story.deliveries.flatMap(({ event }) => {
    const operations = history.ownersOf(story.stream, event.seq).slice(-1);
    if (!story.wants(event.subject)) {
      return [{ says: `${story.consumer} delivered ${event.subject} (${event.seq}), which none of its filters matches`, operations }];
    }
    if (typeof from === "object" && compareSequences(event.seq, from.startSeq) < 0) {
      return [{ says: `${story.consumer} delivered ${event.seq} and begins at ${from.startSeq}`, operations }];
    }
    return [];
  });
}
