/** How a connection ends that broke the protocol: with which -ERR, and for which reason. */
import type { Violation } from "../protocol/parser.ts";
import type { CloseReason } from "./connection-host.ts";
import { protocolErrors } from "./protocol-errors.ts";

/** `text` undefined: without a word. */
export const violationEnds: Readonly<Record<Violation, { readonly text: string | undefined; readonly reason: CloseReason }>> = {
  "unknown-operation": { text: protocolErrors.unknownOperation, reason: "Protocol Violation" },
  "control-line-too-long": { text: protocolErrors.maximumControlLine, reason: "Maximum Control Line Exceeded" },
  "payload-too-large": { text: protocolErrors.maximumPayload, reason: "Maximum Message Payload Exceeded" },
  "connect-expected": { text: protocolErrors.authorizationViolation, reason: "Authentication Failure" },
  silent: { text: undefined, reason: "Protocol Violation" },
};
