/**
 * In a work queue and in an interest stream an acknowledgement removes and nothing else does: a message whose acknowledgements were all answered is gone
 * within `removalMsMax`, and one that somebody still owes an acknowledgement is there.
 *
 * A work queue wants one acknowledgement, an interest stream that of every consumer whose filters match and that was there when the message was published.
 */

import { type ConsumerStory, consumerStories } from "../history/consumer-story.ts";
import type { StreamLimits } from "../history/events.ts";
import type { History } from "../history/history.ts";
import { type AcknowledgedPublish, mayHaveHappened, type OperationRecord, precedes } from "../history/operation-record.ts";
import { limitsOf } from "../history/removals.ts";
import { type Check, counted, fail, inconclusive, pass } from "./check.ts";
import { findLosses } from "./losses.ts";
import type { Violation } from "./witness.ts";

const removalMsMax = 2000;

export const retentionFollowsAcks: Check = {
  id: "retention-follows-acks",
  subject: "streams",
  says: "A work queue or interest stream removes a message once its consumers acknowledged it, and not before.",
  judge(history) {
    const queues = history.streams.flatMap((stream) => queueOf(history, stream) ?? []);
    const violations = queues.flatMap((queue) => [...leftBehind(history, queue), ...removedEarly(history, queue)]);
    const figures = { streams: queues.length, violations: violations.length };
    if (violations.length > 0) {
      return fail(history, { summary: `acknowledged and stored disagree: ${violations[0]?.says}`, figures, violations });
    }
    const incomplete = history.whyReadBackIncomplete();
    if (incomplete !== undefined) {
      return inconclusive(incomplete, figures);
    }
    return queues.length === 0
      ? inconclusive("no stream with work-queue or interest retention throughout", figures)
      : pass(`${counted(queues.length, "stream")} kept what was owed`, figures);
  },
};

interface Queue {
  readonly stream: string;
  readonly retention: "workqueue" | "interest";
  readonly consumers: readonly ConsumerStory[];
}

/** Undefined for a stream whose retention changed, or that may have been made again. */
function queueOf(history: History, stream: string): Queue | undefined {
  const retentions = new Set<StreamLimits["retention"]>(limitsOf(history, stream).map((limits) => limits.retention ?? "limits"));
  const [retention] = retentions;
  const remade = history.of("delete-stream").some((each) => each.op.stream === stream && mayHaveHappened(each));
  if (retentions.size !== 1 || remade || (retention !== "workqueue" && retention !== "interest")) {
    return undefined;
  }
  return { stream, retention, consumers: consumerStories(history).filter((story) => story.stream === stream) };
}

function leftBehind(history: History, queue: Queue): Violation[] {
  const back = history.lastReadBack(queue.stream);
  const readAt = back?.reads[0]?.at ?? 0;
  return [...(back?.messages.keys() ?? [])].flatMap((seq) => {
    const [owner] = history.ownersOf(queue.stream, seq);
    const wanted = owner === undefined ? [] : wantedAcks(history, queue, owner);
    const acks = wanted.map((story) => confirmedAck(story, seq, readAt));
    if (owner === undefined || acks.length === 0 || acks.includes(undefined)) {
      return [];
    }
    const says = `message ${seq} of ${queue.stream} is stored, and its acknowledgement was answered`;
    return [{ says, operations: [owner, ...acks.filter((ack) => ack !== undefined)] }];
  });
}

/** The consumers whose acknowledgements remove the message: any one that acknowledged it in a work queue. */
function wantedAcks(history: History, { retention, consumers }: Queue, owner: AcknowledgedPublish): ConsumerStory[] {
  if (retention === "workqueue") {
    return consumers.filter((story) => story.isConfirmed(owner.seq)).slice(0, 1);
  }
  const isCounted = (story: ConsumerStory): boolean =>
    story.wants(owner.op.subject) &&
    history.of("create-consumer").some((each) => isOf(story, each) && mayHaveHappened(each) && !precedes(owner, each));
  return consumers.filter(isCounted);
}

function isOf({ stream, consumer }: ConsumerStory, { op }: OperationRecord): boolean {
  return "consumer" in op && op.stream === stream && op.consumer === consumer;
}

/** Answered long enough before the read-back. */
function confirmedAck(story: ConsumerStory, seq: string, readAt: number): OperationRecord | undefined {
  const isAll = story.settings?.ackPolicy === "all";
  return story.acks.find(
    (ack) =>
      ack.op.confirmed &&
      ack.outcome === "ok" &&
      (ack.op.seq === seq || (isAll && BigInt(ack.op.seq) >= BigInt(seq))) &&
      readAt - (ack.completedAt ?? readAt) >= removalMsMax,
  );
}

/** Nothing explains the absence, or the acknowledgement of one consumer while another still owed its own. */
function removedEarly(history: History, queue: Queue): Violation[] {
  if (history.lastReadBack(queue.stream)?.complete !== true) {
    return [];
  }
  const { lost } = findLosses(history);
  const gone = [...lost].filter((ack) => ack.op.stream === queue.stream);
  return gone.map((ack) => ({ says: `message ${ack.seq} of ${queue.stream} is gone, and was not acknowledged`, operations: [ack] }));
}
