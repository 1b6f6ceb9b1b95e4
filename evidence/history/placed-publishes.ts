/**
 * Publishes whose sequence is known: acknowledged as new, or unanswered and found in the last read-back by bytes that nobody else sent and that stand
 * there once. In the order of their sequences, a stream at a time.
 */
import type { History } from "./history.ts";
import { mayHaveHappened, type OperationOf, type OperationRecord } from "./operation-record.ts";
import { streamDeleteAfter } from "./removals.ts";
import { bySequence } from "./sequence-order.ts";

export interface PlacedPublish extends OperationRecord<OperationOf<"publish">> {
  readonly seq: string;
}

export function placedPublishes(history: History): Map<string, PlacedPublish[]> {
  const publishes = Map.groupBy(history.of("publish").filter(mayHaveHappened), (each) => each.op.stream);
  return new Map([...publishes].map(([stream, ofStream]) => [stream, placedOf(history, stream, ofStream)]));
}

function placedOf(history: History, stream: string, publishes: readonly OperationRecord<OperationOf<"publish">>[]): PlacedPublish[] {
  const sends = countBy(publishes.map((each) => each.op.digest));
  const copies = countBy([...history.readBack(stream).values()].map((message) => message.digest ?? ""));
  const found = new Map([...history.readBack(stream).values()].map((message) => [message.digest ?? "", message.seq]));
  const placed: PlacedPublish[] = [];
  for (const each of publishes) {
    const { digest } = each.op;
    const isOnly = sends.get(digest) === 1 && copies.get(digest) === 1;
    const seq = each.outcome === "ok" ? each.seq : isOnly ? found.get(digest) : undefined;
    if (seq !== undefined && each.duplicate !== true && (each.outcome === "ok" || !streamDeleteAfter(history, each))) {
      placed.push({ ...each, seq });
    }
  }
  return placed.sort(bySequence);
}

function countBy(keys: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) {
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}
