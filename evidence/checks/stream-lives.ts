/** A stream that was deleted and made again is another stream of the same name: sequences, ids and order start anew. */
import type { History } from "../history/history.ts";
import { mayHaveHappened, type OperationRecord, precedes } from "../history/operation-record.ts";

/** The stream was deleted after `first` was over and before `second` began, for sure. */
export function certainlyParted(history: History, first: OperationRecord, second: OperationRecord): boolean {
  return history
    .of("delete-stream")
    .some((each) => each.op.stream === first.op.stream && each.outcome === "ok" && precedes(first, each) && precedes(each, second));
}

/** A delete of the stream may have come after one of the two and before the other. */
export function betweenStreams(history: History, a: OperationRecord, b: OperationRecord): boolean {
  return history
    .of("delete-stream")
    .some(
      (each) =>
        each.op.stream === a.op.stream &&
        mayHaveHappened(each) &&
        ((!precedes(each, a) && !precedes(b, each)) || (!precedes(each, b) && !precedes(a, each))),
    );
}
