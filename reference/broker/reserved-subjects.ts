/** Subjects that only the server itself speaks on: replies of service imports, gateway replies, the cluster's own traffic. */
import type { PublishFrame } from "../protocol/publish-frame.ts";
import { publishViolation, replyViolation } from "./protocol-errors.ts";

const UNDERSCORE = 0x5f;
const DOLLAR = 0x24;
const LETTER_R = 0x52;
const SUBJECTS = ["_GR_.", "$NRG."];
const REPLY = "_R_.";

/** The -ERR text for a message that a client may not publish; undefined for all others. Looks at two bytes in the usual case. */
export function reservedViolation({ buffer, subjectStart, subjectEnd, replyStart, replyEnd }: PublishFrame): string | undefined {
  const first = buffer[subjectStart];
  if (first === UNDERSCORE || first === DOLLAR) {
    const subject = buffer.toString("latin1", subjectStart, subjectEnd);
    if (SUBJECTS.some((prefix) => subject.startsWith(prefix))) {
      return publishViolation(subject);
    }
  }
  if (replyEnd > replyStart && buffer[replyStart] === UNDERSCORE && buffer[replyStart + 1] === LETTER_R) {
    const reply = buffer.toString("latin1", replyStart, replyEnd);
    return reply.startsWith(REPLY) ? replyViolation(reply) : undefined;
  }
  return undefined;
}
