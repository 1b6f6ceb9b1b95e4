/**
 * The acknowledgement floor of a consumer never falls and never passes a stored message that it still owes: what is below the floor is never delivered
 * again, so a floor too high loses a message for that consumer, and one that fell delivers anew what was done.
 */
import { type ConsumerLook, type ConsumerStory, consumerStories } from "../history/consumer-story.ts";
import type { History } from "../history/history.ts";
import { compareSequences } from "../history/sequence-order.ts";
import { type Check, counted, fail, inconclusive, pass } from "./check.ts";
import type { Violation } from "./witness.ts";

export const ackFloorRises: Check = {
  id: "ack-floor-rises",
  subject: "looks",
  says: "The ack floor of a consumer never falls, and never passes a message that is stored and was not acknowledged.",
  judge(history) {
    const stories = consumerStories(history).filter((story) => story.settings !== undefined);
    const looks = stories.reduce((sum, story) => sum + story.looks.filter(({ figures }) => figures.ackFloorSeq !== undefined).length, 0);
    const violations = stories.flatMap((story) => [...fallen(story), ...overtaking(story, history)]);
    const figures = { looks, violations: violations.length };
    if (violations.length > 0) {
      return fail(history, { summary: `ack floors wrong: ${violations[0]?.says}`, figures, violations });
    }
    return looks === 0
      ? inconclusive("no ack floor was read of a consumer with known settings", figures)
      : pass(`${counted(looks, "look")} at an ack floor, none lower than before`, figures);
  },
};

const floorOf = ({ figures }: ConsumerLook): string => figures.ackFloorSeq ?? "0";

/** Sweeps the looks in the order they were asked for, against the highest floor that was known by then. */
function fallen(story: ConsumerStory): Violation[] {
  const looks = story.looks.filter(({ figures }) => figures.ackFloorSeq !== undefined);
  const byEnd = looks.toSorted((a, b) => a.end - b.end);
  const violations: Violation[] = [];
  let done = 0;
  let highest = "0";
  for (const look of looks.toSorted((a, b) => a.begin - b.begin)) {
    for (let next = byEnd[done]; next !== undefined && next.end < look.begin; next = byEnd[done]) {
      highest = compareSequences(floorOf(next), highest) > 0 ? floorOf(next) : highest;
      done += 1;
    }
    if (compareSequences(floorOf(look), highest) < 0) {
      const says = `the ack floor of ${story.consumer} is ${floorOf(look)} after it was ${highest}`;
      violations.push({ says, operations: acksAt(story, highest) });
    }
  }
  return violations;
}

function acksAt(story: ConsumerStory, seq: string): ConsumerStory["acks"] {
  return story.acks.filter((ack) => ack.op.seq === seq).slice(0, 1);
}

/** With `max_deliver` a message is given up one day and the floor passes it; where acks are not asked for, every delivery is one. */
function overtaking(story: ConsumerStory, history: History): Violation[] {
  const floor = story.read?.ackFloorSeq;
  const { settings } = story;
  if (
    floor === undefined ||
    settings === undefined ||
    settings.ackPolicy === "none" ||
    settings.maxDeliver !== undefined ||
    settings.deliver !== "all"
  ) {
    return [];
  }
  const owed = [...history.readBack(story.stream).values()].find(
    ({ seq, subject }) => compareSequences(seq, floor) <= 0 && subject !== undefined && story.wants(subject) && !story.maySettle(seq),
  );
  if (owed === undefined) {
    return [];
  }
  const says = `the ack floor of ${story.consumer} is ${floor}, above message ${owed.seq}, which is stored and was not acknowledged`;
  return [{ says, operations: history.ownersOf(story.stream, owed.seq).slice(-1) }];
}
