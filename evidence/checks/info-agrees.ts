/**
 * What a stream says about itself equals what is in it: the number of messages, the first and the last sequence, the holes between them, the subjects and
 * the messages of each. A message that answers with an explicit error may be counted or not. Bytes are not judged: what a message weighs is the store's own.
 */
import type { ReadBack } from "../history/read-back.ts";
import { type Check, counted, fail, inconclusive, pass } from "./check.ts";
import type { Violation } from "./witness.ts";

export const infoAgrees: Check = {
  id: "info-agrees",
  subject: "streams",
  says: "A stream's own count, first and last sequence, holes and subjects equal what is read from it.",
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
  wrong.push(...holesWrong(stream, end, { whole, read: reads.length }), ...subjectsWrong(stream, end, reads));
  return wrong.map((says) => ({ says, operations: [] }));
}

type End = ReadBack["end"];

/** `num_deleted` is what lies between the first and the last sequence and is no message. */
function holesWrong(stream: string, end: End, counts: { whole: number; read: number }): string[] {
  if (end?.deleted === undefined || end.firstSeq === undefined || end.lastSeq === undefined) {
    return [];
  }
  const span = Number(BigInt(end.lastSeq) - BigInt(end.firstSeq) + 1n);
  const [least, most] = [span - counts.read, span - counts.whole];
  const isRight = end.deleted >= least && end.deleted <= most;
  return isRight ? [] : [`stream ${stream} counts ${end.deleted} deleted and has ${most} holes`];
}

/** Judged only where every message could be read: a damaged one hides its subject. */
function subjectsWrong(stream: string, end: End, reads: ReadBack["reads"]): string[] {
  if (reads.some((read) => read.subject === undefined)) {
    return [];
  }
  const found = Map.groupBy(reads, (read) => read.subject ?? "");
  const wrong: string[] = [];
  if (end?.subjects !== undefined && end.subjects !== found.size) {
    wrong.push(`stream ${stream} counts ${end.subjects} subjects and has ${found.size}`);
  }
  const told = end?.perSubject;
  for (const subject of told === undefined ? [] : new Set([...Object.keys(told), ...found.keys()])) {
    const [said = 0, has = 0] = [told?.[subject], found.get(subject)?.length];
    if (said !== has) {
      wrong.push(`stream ${stream} counts ${said} messages of ${subject} and gives ${has}`);
    }
  }
  return wrong;
}
