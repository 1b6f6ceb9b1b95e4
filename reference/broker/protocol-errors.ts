/** The texts of `-ERR '<text>'`, as nats-server 2.15.2 sends them. */
export const protocolErrors = {
  unknownOperation: "Unknown Protocol Operation",
  authorizationViolation: "Authorization Violation",
  authenticationTimeout: "Authentication Timeout",
  maximumControlLine: "maximum control line exceeded",
  maximumPayload: "Maximum Payload Violation",
  maximumConnections: "maximum connections exceeded",
  maximumSubscriptions: "maximum subscriptions exceeded",
  staleConnection: "Stale Connection",
  badClientProtocol: "invalid client protocol",
  noRespondersNeedsHeaders: "no responders requires headers support",
  invalidSubject: "Invalid Subject",
  invalidPublishSubject: "Invalid Publish Subject",
} as const;

export function publishViolation(subject: string): string {
  return `Permissions Violation for Publish to "${subject}"`;
}

export function replyViolation(reply: string): string {
  return `Permissions Violation for Publish with Reply of "${reply}"`;
}

export function queueViolation(pattern: string, queue: string): string {
  return `Permissions Violation for Subscription to "${pattern}" using queue "${queue}"`;
}
