/** One JetStream API request: JSON out, JSON in without rounding, the case's prefix taken off again. */
import { Headers } from "../../wire/headers.ts";
import type { Message } from "../../wire/message.ts";
import { parseLossless, stringifyLossless } from "../runner/lossless-json.ts";
import type { VerbContext } from "./verb.ts";

export interface ApiCall {
  /** Everything behind `$JS.API.`. */
  readonly subject: string;
  /** Already as the wire takes it; undefined sends an empty body. */
  readonly body?: unknown;
  /** Sent as it is instead of a body. */
  readonly text?: string | undefined;
  readonly headers?: readonly (readonly [string, string])[];
}

export async function callApi(call: ApiCall, context: VerbContext): Promise<unknown> {
  return context.names.strip(await callApiUnstripped(call, context));
}

/** With the prefix left on, for replies that name streams of other cases too. */
export async function callApiUnstripped(call: ApiCall, context: VerbContext): Promise<unknown> {
  const connection = await context.session.connection(context.connection);
  const payload = call.text ?? (call.body === undefined ? "" : stringifyLossless(call.body));
  const message = { subject: `$JS.API.${call.subject}`, payload, ...headersOf(call.headers ?? []) };
  return jsonOrStatus(await connection.request(message, { timeoutMs: context.timeoutMs }));
}

export function headersOf(lines: readonly (readonly [string, string])[]): { headers?: Headers } {
  return lines.length === 0 ? {} : { headers: new Headers(lines) };
}

/** The reply as data: JSON where it is JSON, the status line where the server sent one. */
export function jsonOrStatus(answer: Message): unknown {
  const { status } = answer;
  if (status !== undefined) {
    return { status: status.code, description: status.description };
  }
  const text = answer.text();
  try {
    return parseLossless(text);
  } catch {
    return { data: text };
  }
}
