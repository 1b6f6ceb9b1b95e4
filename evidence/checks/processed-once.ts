/**
 * Exactly once, end to end: a message that was sent once, or again only under its id, reaches a consumer as one message. Copies that a read-back can't show
 * any more, because each was acknowledged and removed, are still seen here: one body, delivered from two sequences.
 *
 * That nothing is left out is said by `no-acked-loss` and `deliveries-complete`, that nothing comes again after its double ack by `confirmed-acks-kept`.
 */
import type { DeliveryEvent } from "../history/events.ts";
import type { History } from "../history/history.ts";
import { mayHaveHappened, type OperationOf, type OperationRecord } from "../history/operation-record.ts";
import { type Check, counted, fail, inconclusive, pass } from "./check.ts";
import { copiesAllowed } from "./no-duplicates.ts";
import type { Violation } from "./witness.ts";

type Publish = OperationRecord<OperationOf<"publish">>;

export const processedOnce: Check = {
  id: "processed-once",
  subject: "processed",
  says: "A message sent once, or again under its id, is delivered to a consumer from one sequence only.",
  judge(history) {
    const sends = Map.groupBy(history.of("publish").filter(mayHaveHappened), (each) => keyOf(each.op));
    const remade = new Set(
      history
        .of("delete-stream")
        .filter(mayHaveHappened)
        .map((each) => each.op.stream),
    );
    const deliveries = history.deliveries.map(({ event }) => event).filter((event) => !remade.has(event.stream));
    const bodies = [...Map.groupBy(deliveries, (event) => `${event.consumer} ${keyOf(event)}`).values()];
    const violations = bodies.flatMap((copies) => violationOf(history, copies, sends));
    const figures = { processed: bodies.length, violations: violations.length };
    if (violations.length > 0) {
      return fail(history, { summary: `${counted(violations.length, "message")} processed more than once`, figures, violations });
    }
    return bodies.length === 0
      ? inconclusive("no message was delivered by a stream that stayed", figures)
      : pass(`${counted(bodies.length, "message")}, each from one sequence`, figures);
  },
};

function violationOf(history: History, copies: readonly DeliveryEvent[], sends: ReadonlyMap<string, readonly Publish[]>): Violation[] {
  const [first] = copies;
  const sequences = new Set(copies.map((event) => event.seq));
  const senders = first === undefined ? [] : (sends.get(keyOf(first)) ?? []);
  // Bytes that nobody sent are a phantom, which its own check reports.
  if (first === undefined || sequences.size < 2 || senders.length === 0 || sequences.size <= copiesAllowed(history, senders)) {
    return [];
  }
  const says = `${first.consumer} delivered one message from the sequences ${[...sequences].join(", ")} of ${first.stream}`;
  return [{ says, operations: senders.slice(0, 3) }];
}

function keyOf({ stream, digest }: { readonly stream: string; readonly digest: string }): string {
  return `${stream} ${digest}`;
}
