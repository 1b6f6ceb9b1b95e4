/** Subjects that only the server itself speaks on: replies of service imports, gateway replies, the cluster's own traffic. */
import { equalOctets } from "../protocol/octets.ts";
import type { PublishFrame } from "../protocol/publish-frame.ts";
import { publishViolation, replyViolation } from "./protocol-errors.ts";

const UNDERSCORE = 0x5f;
const DOLLAR = 0x24;
const LETTER_R = 0x52;
const SUBJECTS = [Buffer.from("_GR_."), Buffer.from("$NRG.")];
const REPLY = Buffer.from("_R_.");

/** The -ERR text for a message that a client may not publish; undefined for all others. Every acknowledgement begins with `$`, so no text is made to find out. */
export function reservedViolation({ buffer, subjectStart, subjectEnd, replyStart, replyEnd }: PublishFrame): string | undefined {
  const first = buffer[subjectStart];
  if (first === UNDERSCORE || first === DOLLAR) {
    for (const prefix of SUBJECTS) {
      if (startsWith(buffer, subjectStart, subjectEnd, prefix)) {
        return publishViolation(buffer.toString("latin1", subjectStart, subjectEnd));
      }
    }
  }
  if (replyEnd > replyStart && buffer[replyStart] === UNDERSCORE && buffer[replyStart + 1] === LETTER_R) {
    return startsWith(buffer, replyStart, replyEnd, REPLY) ? replyViolation(buffer.toString("latin1", replyStart, replyEnd)) : undefined;
  }
  return undefined;
}

function startsWith(buffer: Buffer, start: number, end: number, prefix: Uint8Array): boolean {
  return start + prefix.length <= end && equalOctets(buffer, start, prefix, 0, prefix.length);
}
