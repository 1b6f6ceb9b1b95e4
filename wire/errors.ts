/**
 * The one error class of the wire. Tests and callers look at `code`, never at the message. A failing server is a verdict for the layers
 * above, so every way a conversation can end badly has its own code and arrives in bounded time.
 */

/**
 * - `WIRE_TIMEOUT`             a wait reached its deadline
 * - `WIRE_NO_RESPONDERS`       the server answered a request with status 503: nobody listens on the subject
 * - `WIRE_DISCONNECTED`        the connection was lost or closed by the server
 * - `WIRE_CLOSED`              the connection or subscription was closed by this side
 * - `WIRE_UNREACHABLE`         no TCP connection could be made
 * - `WIRE_AUTHORIZATION`       the server refused the credentials
 * - `WIRE_REFUSED`             the server ended the handshake with another -ERR
 * - `WIRE_PROTOCOL`            what arrived is not the NATS protocol, or a frame beyond the size limit
 * - `WIRE_OVERFLOW`            a bound on unread or unsent bytes was reached
 * - `WIRE_ABORTED`             the caller's signal fired
 * - `WIRE_ADDRESS_INVALID`     the URL can't be used
 * - `WIRE_ARGUMENT_INVALID`    a subject or option that would corrupt the frame; send malformed frames as raw bytes instead
 * - `WIRE_UNSUPPORTED`         asked for, or demanded by the server, and not offered here (TLS)
 */
export type WireErrorCode =
  | "WIRE_TIMEOUT"
  | "WIRE_NO_RESPONDERS"
  | "WIRE_DISCONNECTED"
  | "WIRE_CLOSED"
  | "WIRE_UNREACHABLE"
  | "WIRE_AUTHORIZATION"
  | "WIRE_REFUSED"
  | "WIRE_PROTOCOL"
  | "WIRE_OVERFLOW"
  | "WIRE_ABORTED"
  | "WIRE_ADDRESS_INVALID"
  | "WIRE_ARGUMENT_INVALID"
  | "WIRE_UNSUPPORTED";

export class WireError extends Error {
  override readonly name = "WireError";
  readonly code: WireErrorCode;
  /** Text of the server's -ERR, without quotes, when one caused or preceded this error. */
  readonly serverError: string | undefined;

  constructor(code: WireErrorCode, message: string, options: { cause?: unknown; serverError?: string } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.serverError = options.serverError;
  }
}

export function isWireError(error: unknown, code?: WireErrorCode): error is WireError {
  return error instanceof WireError && (code === undefined || error.code === code);
}
