/**
 * How one `$JS.API` request is described. `table.ts` lists all endpoints; the table drives dispatch, API statistics and level gates.
 * Handlers return values; protocol errors are values of the catalogue (`errors.ts`), never thrown.
 */
import type { InboundMessage } from "../../broker/service.ts";
import type { JetStreamAccount } from "../account.ts";
import type { ApiError } from "../errors.ts";

export interface ApiCall {
  readonly account: JetStreamAccount;
  /** What the `*` tokens of the subject matched, then the rest that `>` matched as one string. */
  readonly tokens: readonly string[];
  /** The whole request, for header and identity checks. */
  readonly message: InboundMessage;
  /** The request body as text; empty when there was none. */
  readonly body: string;
}

/** `undefined` means that no reply is sent (the handler answers by itself, or not at all). */
export type ApiReply =
  | { readonly success: Record<string, unknown> }
  | { readonly error: ApiError; readonly extra?: Record<string, unknown> }
  | undefined;

export interface Endpoint {
  /** Subject pattern below `$JS.API.`, e.g. `STREAM.CREATE.*`. */
  readonly subject: string;
  /** Response type without the prefix `io.nats.jetstream.api.v1.`. */
  readonly type: string;
  handle(call: ApiCall): ApiReply;
}
