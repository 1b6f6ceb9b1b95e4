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
  | {
      readonly success: Record<string, unknown>;
      /** Neither counted nor audited (a successful MSG.GET). */
      readonly quiet?: boolean;
      /** What the answer shows; without it everything that happened so far. */
      readonly epoch?: number;
    }
  | {
      readonly error: ApiError;
      readonly extra?: Record<string, unknown>;
      /** Counted as an answered request, not as an error (what the official server finds out late). */
      readonly counted?: "success";
    }
  | undefined;

export interface Endpoint {
  /** Subject pattern below `$JS.API.`, e.g. `STREAM.CREATE.*`. */
  readonly subject: string;
  /** Response type without the prefix `io.nats.jetstream.api.v1.`. */
  readonly type: string;
  /** Fields that stand in every error answer too, with their empty values. */
  readonly always?: Record<string, unknown>;
  /** Neither counted nor audited, whatever the answer. */
  readonly uncounted?: true;
  handle(call: ApiCall): ApiReply;
}

/** The empty values of a paged answer. */
export const noPage = { total: 0, offset: 0, limit: 0 };
