/** What can go wrong with consumers: withheld, too early, out of order, delivered after the end, miscounted; and what acknowledgements remove. */
import { ConsumerStory } from "../history/consumer-story.ts";
import type { ConsumerReadEvent } from "../history/events.ts";
import type { History } from "../history/history.ts";
import {
  answeredOtherwise,
  changed,
  insertedAfter,
  isDelivery,
  lastEnd,
  lastReads,
  type Mutation,
  ownedReads,
  replaced,
} from "./mutation.ts";
import { soundStreams } from "./sound-history.ts";

const { plain, queue } = soundStreams;

export const consumerMutations: readonly Mutation[] = [
  {
    id: "redeliver-after-double-ack",
    says: "a message comes again after its double ack was answered",
    caughtBy: "confirmed-acks-kept",
    apply(history, pick) {
      const ack = pick(confirmed(history, "C"));
      const read = readOf(history, "C");
      return ack && read && replaced(history, read, { ...read, redelivered: [...(read.redelivered ?? []), ack.op.seq] });
    },
  },
  {
    id: "deliver-after-double-ack",
    says: "a consumer delivers a message during the run, after its double ack was answered",
    caughtBy: "confirmed-acks-kept",
    apply(history, pick) {
      const ack = pick(confirmed(history, "C"));
      const delivery = history.deliveries.find(({ event }) => event.consumer === "C" && event.seq === ack?.op.seq)?.event;
      const end = history.events.find((event) => event.type === "ok" && event.id === ack?.id);
      return delivery && end && insertedAfter(history, end, [{ ...delivery, at: end.at, consumerSeq: "100000", delivered: 100 }]);
    },
  },
  {
    id: "lose-consumer",
    says: "a created consumer is gone",
    caughtBy: "acked-changes-kept",
    apply(history) {
      const read = readOf(history, "W");
      return read && replaced(history, read, { type: "consumer-read", at: read.at, stream: queue, consumer: "W", missing: true });
    },
  },
  {
    id: "withhold",
    says: "a consumer does not deliver a message that is stored and unacknowledged",
    caughtBy: "deliveries-complete",
    apply(history, pick) {
      const read = readOf(history, "C");
      const story = new ConsumerStory(history, { stream: plain, consumer: "C" });
      const owed = pick((read?.redelivered ?? []).filter((seq) => !story.maySettle(seq)));
      return read === undefined || owed === undefined
        ? undefined
        : replaced(history, read, { ...read, redelivered: (read.redelivered ?? []).filter((seq) => seq !== owed) });
    },
  },
  {
    id: "deliver-foreign",
    says: "a consumer delivers what its filter does not match",
    caughtBy: "deliveries-complete",
    apply(history, pick) {
      const delivery = pick(deliveriesOf(history, "C"));
      return delivery && replaced(history, delivery, { ...delivery, subject: "s.foreign" });
    },
  },
  {
    id: "swap-deliveries",
    says: "two first deliveries come in each other's place",
    caughtBy: "deliveries-in-order",
    apply(history, pick) {
      const lives = Map.groupBy(
        history.deliveries.filter(({ event }) => event.consumer === "C" && event.delivered === 1),
        ({ epoch }) => epoch,
      );
      const pairs = [...lives.values()].flatMap((life) =>
        life.slice(1).map((second, index) => [life[index]?.event, second.event] as const),
      );
      const [first, second] = pick(pairs) ?? [];
      if (first === undefined || second === undefined) {
        return undefined;
      }
      return changed(history, (event) => {
        const other = event === first ? second : event === second ? first : undefined;
        return other === undefined ? event : { ...other, at: event.at };
      });
    },
  },
  {
    id: "redeliver-too-early",
    says: "a message comes again before its acknowledgement wait is over, and nobody asked for it",
    caughtBy: "deliveries-in-order",
    apply(history, pick) {
      const naked = new Set(history.of("nak").map((each) => each.op.seq));
      const delivery = pick(deliveriesOf(history, "C").filter((event) => !naked.has(event.seq) && event.delivered === 1));
      return delivery && insertedAfter(history, delivery, [{ ...delivery, consumerSeq: "100000", delivered: 100 }]);
    },
  },
  {
    id: "count-delivery-twice",
    says: "the same delivery count comes twice",
    caughtBy: "deliveries-in-order",
    apply(history, pick) {
      const delivery = pick(deliveriesOf(history, "W"));
      return delivery && insertedAfter(history, delivery, [{ ...delivery, consumerSeq: "100000" }]);
    },
  },
  {
    id: "process-twice",
    says: "a copy of a message is delivered from another sequence and removed, so that no read-back shows it",
    caughtBy: "processed-once",
    apply(history, pick) {
      const delivery = pick(deliveriesOf(history, "W").filter((event) => history.ownersOf(queue, event.seq).length > 0));
      const last = history.events.findLast(isDelivery);
      const seq = String(BigInt(lastEnd(history, queue)?.lastSeq ?? 0) + 1n);
      return delivery && last && insertedAfter(history, last, [{ ...delivery, at: last.at, seq, consumerSeq: "100000", delivered: 1 }]);
    },
  },
  {
    id: "floor-falls",
    says: "an ack floor falls",
    caughtBy: "ack-floor-rises",
    apply(history) {
      const info = history.of("consumer-info").findLast((each) => each.state !== undefined);
      const read = readOf(history, "C");
      const state = { ...info?.state, ackFloorSeq: String(BigInt(read?.ackFloorSeq ?? 0) + 1n) };
      return info && answeredOtherwise(history, info, { state });
    },
  },
  {
    id: "floor-too-high",
    says: "an ack floor passes a message that was not acknowledged",
    caughtBy: "ack-floor-rises",
    apply(history) {
      const read = readOf(history, "C");
      const story = new ConsumerStory(history, { stream: plain, consumer: "C" });
      const isOwed = lastReads(history, plain).some(({ seq, subject = "" }) => story.wants(subject) && !story.maySettle(seq));
      return read && isOwed ? replaced(history, read, { ...read, ackFloorSeq: lastEnd(history, plain)?.lastSeq ?? "0" }) : undefined;
    },
  },
  ...(["pending", "ackPending"] as const).map(
    (figure): Mutation => ({
      id: figure === "pending" ? "miscount-pending" : "miscount-ack-pending",
      says:
        figure === "pending"
          ? "a consumer counts one pending message too few or too many"
          : "a consumer counts unacknowledged messages that it never had",
      caughtBy: "consumer-info-agrees",
      apply(history) {
        const read = readOf(history, "C");
        return read && replaced(history, read, { ...read, [figure]: (read[figure] ?? 0) + (figure === "pending" ? 1 : 100_000) });
      },
    }),
  ),
  {
    id: "miscount-redelivered",
    says: "a consumer counts more redelivered messages than unacknowledged ones",
    caughtBy: "consumer-info-agrees",
    apply(history) {
      const read = readOf(history, "C");
      return read && replaced(history, read, { ...read, redeliveredPending: (read.ackPending ?? 0) + 1 });
    },
  },
  {
    id: "forget-delivered",
    says: "a consumer says it has not come as far as it delivered",
    caughtBy: "consumer-info-agrees",
    apply(history) {
      const read = readOf(history, "C");
      const before = history.deliveries.at(-1)?.event;
      const last = history.events[history.events.findLastIndex((event) => event.type === "epoch")];
      const highest = lastReads(history, plain).at(-1)?.seq ?? "1";
      const delivery = before && {
        ...before,
        stream: plain,
        consumer: "C",
        seq: String(BigInt(highest) + 5n),
        consumerSeq: "100000",
        delivered: 1,
      };
      return read && last && delivery && insertedAfter(history, last, [{ ...delivery, at: last.at }]);
    },
  },
  {
    id: "keep-acknowledged",
    says: "a work queue keeps a message whose acknowledgement was answered",
    caughtBy: "retention-follows-acks",
    apply(history, pick) {
      const ack = pick(confirmed(history, "W").filter((each) => history.ownersOf(queue, each.op.seq).length === 1));
      const [owner] = ack === undefined ? [] : history.ownersOf(queue, ack.op.seq);
      const end = lastEnd(history, queue);
      const before = end && history.events[history.events.indexOf(end) - 1];
      if (owner === undefined || before === undefined) {
        return undefined;
      }
      const { subject, digest } = owner.op;
      return insertedAfter(history, before, [{ type: "read", at: before.at, stream: queue, seq: owner.seq, subject, digest }]);
    },
  },
  {
    id: "remove-unacknowledged",
    says: "a work queue removes a message that nobody acknowledged",
    caughtBy: "retention-follows-acks",
    apply(history, pick) {
      const read = pick(ownedReads(history, queue))?.read;
      return read && replaced(history, read, undefined);
    },
  },
];

function confirmed(history: History, consumer: string) {
  return history.of("ack").filter((each) => each.op.confirmed && each.outcome === "ok" && each.op.consumer === consumer);
}

function deliveriesOf(history: History, consumer: string) {
  return history.events.filter(isDelivery).filter((event) => event.consumer === consumer);
}

function readOf(history: History, consumer: string): ConsumerReadEvent | undefined {
  return history.consumerReads().find((read) => read.consumer === consumer);
}
