/**
 * Nothing is read that was never written: every message read back is one that some client published to that stream, was not refused, and stands
 * at the sequence it was acknowledged at. That holds for the read-back and for whatever a get or a consumer showed during the run. A message that answers with
 * an explicit error is damage, not a phantom.
 */
import type { History } from "../history/history.ts";
import { observationsOf } from "../history/observations.ts";
import { type AcknowledgedPublish, mayHaveHappened, type OperationOf, type OperationRecord } from "../history/operation-record.ts";
import { streamDeleteAfter } from "../history/removals.ts";
import { type Check, counted, fail, inconclusive, pass } from "./check.ts";
import type { Violation } from "./witness.ts";

type Publish = OperationRecord<OperationOf<"publish">>;

export const noPhantoms: Check = {
  id: "no-phantoms",
  subject: "read",
  says: "Every message read back is one that was published, with the published subject, headers and bytes.",
  judge(history) {
    const readBacks = history.streams.map((stream) => history.lastReadBack(stream)).filter((back) => back !== undefined);
    if (readBacks.length === 0) {
      return inconclusive("no stream was read back");
    }
    const published = Map.groupBy(history.of("publish"), (each) => keyOf(each.op.stream, each.op.digest));
    const reads = readBacks.flatMap((back) => [...back.reads]).filter((read) => read.problem === undefined);
    // Where a stream was made again, nobody can tell which of its lives an early look showed.
    const remade = new Set(
      history
        .of("delete-stream")
        .filter(mayHaveHappened)
        .map((each) => each.op.stream),
    );
    const seen = observationsOf(history).map((read) => ({ read, owners: remade.has(read.stream) ? [] : currentOwners(history, read) }));
    const judged = [...reads.map((read) => ({ read, owners: currentOwners(history, read) })), ...seen];
    const violations = judged.map(({ read, owners }) => violationOf(read, { published, owners })).filter((each) => each !== undefined);
    const figures = { read: judged.length, phantoms: violations.length };
    if (violations.length > 0) {
      return fail(history, { summary: `${counted(violations.length, "message")} read that nobody wrote so`, figures, violations });
    }
    return pass(`all ${counted(judged.length, "message")} read were published`, figures);
  },
};

interface Seen {
  readonly stream: string;
  readonly seq: string;
  readonly subject?: string | undefined;
  readonly digest?: string | undefined;
}

/** An owner in a stream that may have been deleted since says nothing about the stream that was read. */
function currentOwners(history: History, read: Seen): AcknowledgedPublish[] {
  return history.ownersOf(read.stream, read.seq).filter((owner) => !streamDeleteAfter(history, owner));
}

interface Known {
  readonly published: ReadonlyMap<string, readonly Publish[]>;
  readonly owners: readonly AcknowledgedPublish[];
}

function violationOf(read: Seen, { published, owners }: Known): Violation | undefined {
  const place = `sequence ${read.seq} of ${read.stream}`;
  const senders = published.get(keyOf(read.stream, read.digest ?? "")) ?? [];
  const sender = senders.find(mayHaveHappened);
  if (sender === undefined) {
    const says =
      senders.length > 0 ? `${place} holds a message that was refused` : `${place} holds bytes that nobody published (${describe(read)})`;
    return { says, operations: senders.length > 0 ? senders.slice(0, 1) : owners.slice(0, 1) };
  }
  if (read.subject !== undefined && !senders.some((each) => mayHaveHappened(each) && each.op.subject === read.subject)) {
    return { says: `${place} has subject ${read.subject} instead of ${sender.op.subject}`, operations: [sender] };
  }
  if (owners.length > 0 && !owners.some((owner) => owner.op.digest === read.digest)) {
    return {
      says: `${place} holds another message than the one acknowledged there (${describe(read)})`,
      operations: [...owners.slice(-1), sender],
    };
  }
  return undefined;
}

function describe(read: Seen): string {
  return `subject ${read.subject ?? "unknown"}, digest ${read.digest ?? "unknown"}`;
}

function keyOf(stream: string, text: string): string {
  return JSON.stringify([stream, text]);
}
