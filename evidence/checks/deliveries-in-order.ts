/**
 * How a consumer delivers, in one life of the server: first deliveries to a client come in the order of the stream, every consumer sequence is given once, a message's
 * count of deliveries never shows the same number twice nor exceeds `max_deliver`, and it comes again only after its `ack_wait`, or after somebody
 * asked for that.
 *
 * The judge sees when a message arrived, not when it was sent, and its clock may have stood still in between. So "too early" is only what came in less
 * than half of an `ack_wait` of at least `ackWaitMsMin`.
 */
import { type ConsumerStory, consumerStories, type PlacedDelivery } from "../history/consumer-story.ts";
import type { History } from "../history/history.ts";
import { compareSequences } from "../history/sequence-order.ts";
import { type Check, counted, fail, inconclusive, pass } from "./check.ts";
import type { Violation } from "./witness.ts";

const ackWaitMsMin = 500;

export const deliveriesInOrder: Check = {
  id: "deliveries-in-order",
  subject: "delivered",
  says: "Messages are first delivered in the order of the stream, and again only after the acknowledgement wait or a negative acknowledgement.",
  judge(history) {
    const stories = consumerStories(history);
    const delivered = stories.reduce((sum, story) => sum + story.deliveries.length, 0);
    const violations = stories.flatMap((story) => violationsOf(story, history));
    const figures = { delivered, violations: violations.length };
    if (violations.length > 0) {
      return fail(history, { summary: `deliveries out of order: ${violations[0]?.says}`, figures, violations });
    }
    return delivered === 0
      ? inconclusive("no delivery was recorded", figures)
      : pass(`${counted(delivered, "delivery", "deliveries")} in order`, figures);
  },
};

function violationsOf(story: ConsumerStory, history: History): Violation[] {
  const lives = [...Map.groupBy(story.deliveries, ({ epoch }) => epoch).values()];
  const found = lives.flatMap((life) => {
    const clients = [...Map.groupBy(life, ({ event }) => event.process).values()];
    const messages = [...Map.groupBy(life, ({ event }) => event.seq).values()];
    return [
      ...clients.flatMap((deliveries) => disordered(deliveries)),
      ...repeatedNumbers(life),
      ...messages.flatMap((deliveries) => wronglyRepeated(story, deliveries)),
    ];
  });
  return found.map(({ says, seq }) => ({ says: `${story.consumer} ${says}`, operations: history.ownersOf(story.stream, seq).slice(-1) }));
}

interface Found {
  readonly says: string;
  readonly seq: string;
}

function disordered(deliveries: readonly PlacedDelivery[]): Found[] {
  const first = deliveries.filter(({ event }) => event.delivered === 1).map(({ event }) => event);
  return first.flatMap((event, index) => {
    const before = first[index - 1];
    return before === undefined || compareSequences(before.seq, event.seq) < 0
      ? []
      : [{ says: `first delivered ${before.seq} and then ${event.seq} to client ${event.process}`, seq: event.seq }];
  });
}

function repeatedNumbers(deliveries: readonly PlacedDelivery[]): Found[] {
  const given = new Map<string, string>();
  return deliveries.flatMap(({ event }) => {
    const before = given.get(event.consumerSeq);
    given.set(event.consumerSeq, event.seq);
    return before === undefined
      ? []
      : [{ says: `gave consumer sequence ${event.consumerSeq} to ${before} and ${event.seq}`, seq: event.seq }];
  });
}

function wronglyRepeated(story: ConsumerStory, deliveries: readonly PlacedDelivery[]): Found[] {
  const counts = new Set<number>();
  const max = story.settings?.maxDeliver ?? Number.POSITIVE_INFINITY;
  return deliveries.flatMap(({ event }, index) => {
    const { seq, delivered } = event;
    const isCounted = counts.has(delivered);
    counts.add(delivered);
    if (isCounted) {
      return [{ says: `delivered ${seq} twice as number ${delivered}`, seq }];
    }
    if (delivered > max) {
      return [{ says: `delivered ${seq} as number ${delivered} of at most ${max}`, seq }];
    }
    const before = deliveries[index - 1];
    return before !== undefined && isTooEarly(story, before, deliveries[index]) ? [tooEarly(before, event.at, seq)] : [];
  });
}

function isTooEarly(story: ConsumerStory, before: PlacedDelivery, again: PlacedDelivery | undefined): boolean {
  const waitMs = story.settings?.ackWaitMs ?? 0;
  if (again === undefined || waitMs < ackWaitMsMin || again.event.at - before.event.at >= waitMs / 2) {
    return false;
  }
  const { seq } = before.event;
  return !story.naks.some((nak) => nak.op.seq === seq && nak.begin < again.position);
}

function tooEarly(before: PlacedDelivery, atMs: number, seq: string): Found {
  return { says: `delivered ${seq} again ${Math.round(atMs - before.event.at)} ms after the last time, and nobody asked for it`, seq };
}
