/**
 * The reply subject of a fast batch message carries the batch (ADR-50): `<prefix>.<id>.<flow>.<ok|fail>.<sequence>.<operation>.$FI`.
 */
import type { InboundMessage } from "../broker/service.ts";

const SUFFIX = Buffer.from(".$FI");
const FLOW_DEFAULT = 10;
const FLOW_MAX = 65_535;
const OPERATION = { start: 0, append: 1, commit: 2, end: 3, ping: 4 };

export interface FastBatchStep {
  readonly id: string;
  /** The client wants an acknowledgement at least every so many messages. */
  readonly flow: number;
  readonly isGapAllowed: boolean;
  readonly sequence: number;
  readonly isCommit: boolean;
  /** Commits without a message. */
  readonly isEnd: boolean;
  readonly isPing: boolean;
}

/** Looks at the last bytes only: this is asked for every publish. */
export function isFastBatchReply({ buffer, replyStart, replyEnd }: InboundMessage): boolean {
  const start = replyEnd - SUFFIX.length;
  if (start <= replyStart || buffer[replyEnd - 1] !== SUFFIX[SUFFIX.length - 1]) {
    return false;
  }
  return SUFFIX.every((octet, index) => buffer[start + index] === octet);
}

/** undefined when the subject does not follow the pattern. */
export function parseFastBatchReply(reply: string): FastBatchStep | undefined {
  const tokens = reply.slice(0, -SUFFIX.length).split(".");
  const [id, flow, gap, sequence, operation] = tokens.slice(-5);
  if (tokens.length < 6 || id === undefined || flow === undefined || !/^\d+$/.test(sequence ?? "") || !/^[0-4]$/.test(operation ?? "")) {
    return undefined;
  }
  const number = Number(sequence);
  const code = Number(operation);
  const isMisplaced =
    (code === OPERATION.start && number !== 1) || (code === OPERATION.append && number <= 1) || (code === OPERATION.end && number === 1);
  if ((gap !== "ok" && gap !== "fail") || number < 1 || number >= Number.MAX_SAFE_INTEGER || isMisplaced) {
    return undefined;
  }
  const asked = /^\d+$/.test(flow) ? Number(flow) : 0;
  return {
    id,
    flow: asked <= 0 ? FLOW_DEFAULT : Math.min(asked, FLOW_MAX),
    isGapAllowed: gap === "ok",
    sequence: number,
    isCommit: code === OPERATION.commit || code === OPERATION.end,
    isEnd: code === OPERATION.end,
    isPing: code === OPERATION.ping,
  };
}
