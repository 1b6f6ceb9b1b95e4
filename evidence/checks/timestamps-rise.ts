/**
 * The server's own time of a message: it never falls from one sequence to the next, whatever the clock did, and a message keeps the time that it was
 * first seen with.
 */
import type { History } from "../history/history.ts";
import { observationsOf } from "../history/observations.ts";
import { bySequence } from "../history/sequence-order.ts";
import { type Check, counted, fail, inconclusive, pass } from "./check.ts";
import type { Violation } from "./witness.ts";

export const timestampsRise: Check = {
  id: "timestamps-rise",
  subject: "timed",
  says: "The time of a stored message is no earlier than that of the message before it, and stays the same.",
  judge(history) {
    const timed = history.streams.map((stream) => ({ stream, messages: timedOf(history, stream) }));
    const judged = timed.reduce((sum, { messages }) => sum + messages.length, 0);
    const violations = [...timed.flatMap(({ stream, messages }) => fallen(history, stream, messages)), ...changed(history)];
    const figures = { timed: judged, violations: violations.length };
    if (violations.length > 0) {
      return fail(history, { summary: `${counted(violations.length, "time")} of a message wrong`, figures, violations });
    }
    return judged === 0 ? inconclusive("no message was read with its time", figures) : pass(`${counted(judged, "time")} rise`, figures);
  },
};

interface Timed {
  readonly seq: string;
  readonly time: bigint;
}

function timedOf(history: History, stream: string): Timed[] {
  const messages = [...history.readBack(stream).values()];
  return messages.flatMap(({ seq, time }) => (time === undefined ? [] : [{ seq, time: BigInt(time) }])).sort(bySequence);
}

function fallen(history: History, stream: string, messages: readonly Timed[]): Violation[] {
  return messages.flatMap((message, index) => {
    const before = messages[index - 1];
    if (before === undefined || before.time <= message.time) {
      return [];
    }
    const says = `sequence ${message.seq} of ${stream} bears ${message.time}, which is before ${before.time} of sequence ${before.seq}`;
    return [{ says, operations: [...history.ownersOf(stream, before.seq).slice(-1), ...history.ownersOf(stream, message.seq).slice(-1)] }];
  });
}

/** The same bytes at the same sequence are the same message. */
function changed(history: History): Violation[] {
  return observationsOf(history).flatMap((seen) => {
    const now = history.readBack(seen.stream).get(seen.seq);
    const isSame = now?.digest === seen.digest && now.time !== undefined && seen.time !== undefined;
    if (!isSame || now.time === seen.time || history.of("delete-stream").some((each) => each.op.stream === seen.stream)) {
      return [];
    }
    const says = `sequence ${seen.seq} of ${seen.stream} was seen by ${seen.by} with time ${seen.time} and now bears ${now.time}`;
    return [{ says, operations: history.ownersOf(seen.stream, seen.seq).slice(-1) }];
  });
}
