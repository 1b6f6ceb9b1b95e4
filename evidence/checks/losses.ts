/**
 * Which acknowledged publishes are gone, and where they stood in their writers' order. The place points to the fault: a suffix to lazy sync, a
 * hole to a damaged block, a prefix to a wrong first sequence.
 */
import type { History } from "../history/history.ts";
import { type AcknowledgedPublish, mayHaveHappened, type OperationOf, type OperationRecord } from "../history/operation-record.ts";
import type { StoredMessage } from "../history/read-back.ts";
import { type Explanation, Removals } from "../history/removals.ts";

type Publish = OperationRecord<OperationOf<"publish">>;

export type LossPlace = "none" | "prefix" | "hole" | "suffix" | "everything";

export interface Losses {
  /** In the order of the acknowledgements. */
  readonly acknowledged: readonly AcknowledgedPublish[];
  readonly lost: ReadonlySet<AcknowledgedPublish>;
  /** Missing, but a limit applies whose arithmetic the history does not hold. */
  readonly undecided: readonly AcknowledgedPublish[];
  readonly place: LossPlace;
}

const known = new WeakMap<History, Losses>();

/** A history never changes, and several checks ask for its losses. */
export function findLosses(history: History): Losses {
  const found = known.get(history) ?? lossesOf(history);
  known.set(history, found);
  return found;
}

function lossesOf(history: History): Losses {
  const acknowledged = history.acknowledged();
  const removals = new Removals(history);
  const attempts = attemptsById(history);
  const readBacks = new Map(history.streams.map((stream) => [stream, history.readBack(stream)]));
  const lost = new Set<AcknowledgedPublish>();
  const undecided: AcknowledgedPublish[] = [];
  for (const ack of acknowledged) {
    const stored = readBacks.get(ack.op.stream)?.get(ack.seq);
    if (isStored(ack, { stored, attempts })) {
      continue;
    }
    const explanation = explain(ack, { removals, attempts });
    if (explanation === "no") {
      lost.add(ack);
    } else if (explanation === "unknown") {
      undecided.push(ack);
    }
  }
  return { acknowledged, lost, undecided, place: placeOf(acknowledged, lost) };
}

/** Every publish of one message id that was not refused, in the order they began. */
type Attempts = ReadonlyMap<string, readonly Publish[]>;

function attemptsById(history: History): Attempts {
  const identified = history.of("publish").filter((each) => each.op.msgId !== undefined && mayHaveHappened(each));
  return Map.groupBy(identified, (each) => idKey(each.op));
}

/** A duplicate stands where its original does, with the bytes of any publish that bore the id. */
function isStored(ack: AcknowledgedPublish, found: { stored: StoredMessage | undefined; attempts: Attempts }): boolean {
  const { stored, attempts } = found;
  if (stored === undefined || stored.digest === undefined || stored.problem !== undefined) {
    return false;
  }
  if (ack.duplicate === true) {
    return attempts.get(idKey(ack.op))?.some((each) => each.op.digest === stored.digest) === true;
  }
  return stored.digest === ack.op.digest && (stored.subject === undefined || stored.subject === ack.op.subject);
}

/** What removed the original, before a duplicate was sent as well as after it, removed what the duplicate names. */
function explain(ack: AcknowledgedPublish, found: { removals: Removals; attempts: Attempts }): Explanation {
  const originals = ack.duplicate === true ? (found.attempts.get(idKey(ack.op)) ?? []) : [];
  const answers = [ack, ...originals].map((each) => found.removals.explain({ ...each, seq: ack.seq }));
  return answers.find((answer) => typeof answer === "object") ?? answers.find((answer) => answer === "unknown") ?? "no";
}

function idKey(op: Publish["op"]): string {
  return JSON.stringify([op.stream, op.msgId]);
}

/** The worst place over all writers: one hole among suffixes is a hole. */
export function placeOf(acknowledged: readonly AcknowledgedPublish[], lost: ReadonlySet<AcknowledgedPublish>): LossPlace {
  if (lost.size === 0) {
    return "none";
  }
  if (lost.size === acknowledged.length) {
    return "everything";
  }
  const writers = Map.groupBy(acknowledged, (ack) => JSON.stringify([ack.process, ack.op.stream]));
  const places = new Set([...writers.values()].map((acks) => placeOfWriter(acks.map((ack) => lost.has(ack)))));
  places.delete("none");
  // A writer that lost everything fits both a suffix and a prefix; the others decide.
  if (places.size > 1) {
    places.delete("everything");
  }
  const [only] = places;
  if (places.size !== 1 || only === undefined) {
    return "hole";
  }
  // Writers that lost everything beside writers that lost nothing: of two streams one is gone.
  return only === "everything" ? "suffix" : only;
}

function placeOfWriter(gone: readonly boolean[]): LossPlace {
  const count = gone.filter(Boolean).length;
  if (count === 0) {
    return "none";
  }
  if (count === gone.length) {
    return "everything";
  }
  if (gone.slice(-count).every(Boolean)) {
    return "suffix";
  }
  return gone.slice(0, count).every(Boolean) ? "prefix" : "hole";
}
