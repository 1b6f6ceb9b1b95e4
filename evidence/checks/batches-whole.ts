/**
 * An atomic batch is stored whole or not at all, whatever its publisher was told and whatever crashed: when any of its messages is read back, all of them
 * are, side by side in their order. Messages that something recorded removed, or may have removed, are not missed.
 */
import type { History } from "../history/history.ts";
import { mayHaveHappened, type OperationOf, type OperationRecord } from "../history/operation-record.ts";
import { Removals, streamDeleteAfter } from "../history/removals.ts";
import { type Check, counted, fail, inconclusive, pass } from "./check.ts";
import type { Violation } from "./witness.ts";

type Batch = OperationRecord<OperationOf<"publish-batch">>;

export const batchesWhole: Check = {
  id: "batches-whole",
  subject: "batches",
  says: "An atomic batch is stored whole and side by side, or not at all.",
  judge(history) {
    const batches = history.of("publish-batch").filter((each) => mayHaveHappened(each) && !streamDeleteAfter(history, each));
    const removals = new Removals(history);
    const places = placesOf(history);
    const violations = batches.flatMap((batch) => violationOf(batch, { places, removals }));
    const figures = { batches: batches.length, violations: violations.length };
    if (violations.length > 0) {
      return fail(history, { summary: `${counted(violations.length, "batch", "batches")} in parts`, figures, violations });
    }
    const incomplete = history.whyReadBackIncomplete();
    if (incomplete !== undefined) {
      return inconclusive(incomplete, figures);
    }
    return batches.length === 0
      ? inconclusive("no batch was published", figures)
      : pass(`${counted(batches.length, "batch", "batches")} whole or absent`, figures);
  },
};

interface Known {
  /** Sequences by stream and digest. */
  readonly places: ReadonlyMap<string, readonly string[]>;
  readonly removals: Removals;
}

function placesOf(history: History): Map<string, string[]> {
  const places = new Map<string, string[]>();
  for (const stream of history.streams) {
    for (const { seq, digest = "" } of history.readBack(stream).values()) {
      const key = `${stream} ${digest}`;
      places.set(key, [...(places.get(key) ?? []), seq]);
    }
  }
  return places;
}

function violationOf(batch: Batch, { places, removals }: Known): Violation[] {
  const { stream, messages } = batch.op;
  const found = messages.map((message) => places.get(`${stream} ${message.digest}`) ?? []);
  const base = baseOf(batch, found);
  if (base === undefined) {
    return [];
  }
  const wrong = messages.flatMap((message, index) => {
    const seq = String(base + BigInt(index));
    if (found[index]?.includes(seq) === true) {
      return [];
    }
    const { op: _op, ...rest } = batch;
    const removed = removals.explain({ ...rest, op: { kind: "publish", stream, ...message }, seq });
    return removed === "no" ? [{ place: index + 1, seq }] : [];
  });
  const [first] = wrong;
  if (first === undefined) {
    return [];
  }
  const stored = `${messages.length - wrong.length} of ${messages.length} messages of batch ${batch.op.batch} are stored`;
  return [{ says: `${stored}; number ${first.place} is not at ${first.seq} of ${stream}`, operations: [batch] }];
}

/** The sequence of the first message: by the answer, else by the first of its messages that is read back. Undefined when none is. */
function baseOf(batch: Batch, found: readonly (readonly string[])[]): bigint | undefined {
  if (batch.seq !== undefined) {
    return BigInt(batch.seq) - BigInt(batch.op.messages.length - 1);
  }
  const index = found.findIndex((places) => places.length > 0);
  const [seq] = found[index] ?? [];
  return seq === undefined ? undefined : BigInt(seq) - BigInt(index);
}
