/**
 * What a stream says about itself equals what is in it: the number of messages, the first and the last sequence. A message that answers with an explicit
 * error may be counted or not.
 */
import type { ReadBack } from "../history/read-back.ts";
import { type Check, counted, fail, inconclusive, pass } from "./check.ts";
import type { Violation } from "./witness.ts";

export const infoAgrees: Check = {
  id: "info-agrees",
  says: "A stream's own count, first and last sequence equal what is read from it.",
  judge(history) {
    const complete = history.streams.map((stream) => history.lastReadBack(stream)).filter((back) => back?.end?.complete === true);
    const told = complete
      .filter((back) => back !== undefined)
      .filter((back) => back.end?.messages !== undefined && back.end.missing !== true);
    const violations = told.flatMap(violationsOf);
    const figures = { streams: told.length, violations: violations.length };
    if (violations.length > 0) {
      return fail(history, { summary: `${counted(violations.length, "figure")} of a stream's own account wrong`, figures, violations });
    }
    return told.length === 0
      ? inconclusive("no stream was read to its end with its own account", figures)
      : pass(`${counted(told.length, "stream")} told right`, figures);
  },
};

function violationsOf({ stream, end, reads }: ReadBack): Violation[] {
  const whole = reads.filter((read) => read.problem === undefined).length;
  const sequences = reads.map((read) => BigInt(read.seq)).sort((a, b) => (a < b ? -1 : 1));
  const [first, last] = [sequences[0], sequences.at(-1)];
  const wrong: string[] = [];
  if (end?.messages !== undefined && (end.messages < whole || end.messages > reads.length)) {
    wrong.push(`stream ${stream} counts ${end.messages} messages and gives ${whole}`);
  }
  if (end?.firstSeq !== undefined && first !== undefined && BigInt(end.firstSeq) !== first) {
    wrong.push(`stream ${stream} begins at ${end.firstSeq} and gives ${first} first`);
  }
  if (end?.lastSeq !== undefined && last !== undefined && BigInt(end.lastSeq) < last) {
    wrong.push(`stream ${stream} ends at ${end.lastSeq} and gives ${last}`);
  }
  return wrong.map((says) => ({ says, operations: [] }));
}
