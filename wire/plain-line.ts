/** The one form of MSG that servers write, read in one pass: nearly every line a load client sees. */
import { parseDigits } from "./digits.ts";
import type { MessageFrame } from "./message-frame.ts";

export const notPlain = -1;

const LF = 10;
const CR = 13;
const SPACE = 32;
/** `MSG a 1 0` and CR LF. */
const shortestLine = 11;

/**
 * `MSG subject sid [reply] size` as servers write it: upper case, single blanks, CR LF. Fills the frame and returns the position of LF, or
 * `notPlain` for anything else, also for a line that is cut: then the parser's general way has the word.
 */
export function readPlainLine(bytes: Buffer, at: number, end: number, frame: MessageFrame): number {
  if (end - at < shortestLine || bytes[at] !== 0x4d || bytes[at + 1] !== 0x53 || bytes[at + 2] !== 0x47 || bytes[at + 3] !== SPACE) {
    return notPlain;
  }
  const subjectEnd = wordEnd(bytes, at + 4, end);
  if (subjectEnd >= end || bytes[subjectEnd] !== SPACE) {
    return notPlain;
  }
  const sidEnd = wordEnd(bytes, subjectEnd + 1, end);
  if (sidEnd >= end || bytes[sidEnd] !== SPACE) {
    return notPlain;
  }
  let replyEnd = 0;
  let sizeStart = sidEnd + 1;
  let lineEnd = wordEnd(bytes, sizeStart, end);
  if (lineEnd < end && bytes[lineEnd] === SPACE) {
    replyEnd = lineEnd;
    sizeStart = lineEnd + 1;
    lineEnd = wordEnd(bytes, sizeStart, end);
  }
  if (lineEnd + 1 >= end || bytes[lineEnd] !== CR || bytes[lineEnd + 1] !== LF) {
    return notPlain;
  }
  const size = parseDigits(bytes, sizeStart, lineEnd);
  // Two blanks in a row are not plain either: they look like an empty word.
  const isPlain = subjectEnd > at + 4 && sidEnd > subjectEnd + 1 && (replyEnd === 0 || replyEnd > sidEnd + 1);
  if (!isPlain || size < 0) {
    return notPlain;
  }
  frame.replyStart = replyEnd === 0 ? 0 : sidEnd + 1;
  frame.replyEnd = replyEnd;
  frame.subjectStart = at + 4;
  frame.subjectEnd = subjectEnd;
  frame.sidStart = subjectEnd + 1;
  frame.sidEnd = sidEnd;
  frame.headersStart = lineEnd + 2;
  frame.headersEnd = lineEnd + 2;
  frame.payloadStart = lineEnd + 2;
  frame.payloadEnd = lineEnd + 2 + size;
  return lineEnd + 1;
}

/** Where the word that begins at `from` ends: at a blank, a control character or `end`. */
function wordEnd(bytes: Buffer, from: number, end: number): number {
  let at = from;
  while (at < end && bytes[at]! > SPACE) {
    at++;
  }
  return at;
}
