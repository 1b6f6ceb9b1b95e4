/**
 * The body of a pull request (`$JS.API.CONSUMER.MSG.NEXT`): nothing, a number, or a JSON object. Other text counts as nothing.
 * Never strict: unknown fields are ignored, and what does not fit is told in Go's words (`400 Bad Request - …`).
 */
import { oneShotProblem } from "./consumer-json.ts";
import { decodeJson } from "./json/decode.ts";
import { bool, duration, int, int64, text } from "./json/field-types.ts";

export interface PriorityRequest {
  readonly group: string;
  readonly minPending: number;
  readonly minAckPending: number;
  readonly id: string;
  readonly priority: number;
}

export interface PullRequest {
  readonly batch: number;
  /** Milliseconds until the request ends; 0 is never. */
  readonly expiresMs: number;
  readonly maxBytes: number;
  readonly noWait: boolean;
  /** Milliseconds of silence after which the request asks for a heartbeat; 0 is none. */
  readonly heartbeatMs: number;
  /** Only a JSON request can name a group. */
  readonly priority: PriorityRequest | undefined;
}

const plain: PullRequest = { batch: 1, expiresMs: 0, maxBytes: 0, noWait: false, heartbeatMs: 0, priority: undefined };

const shape = {
  struct: "JSApiConsumerGetNextRequest",
  embedded: "PriorityGroup",
  own: ["expires", "batch", "max_bytes", "no_wait", "idle_heartbeat"],
  fields: {
    expires: duration,
    batch: int,
    max_bytes: int,
    no_wait: bool,
    idle_heartbeat: duration,
    group: text,
    min_pending: int64,
    min_ack_pending: int64,
    id: text,
    priority: int,
  },
} as const;

type Fields = { readonly [name in keyof typeof shape.fields]?: unknown };

/** `invalid` is the text behind `400 Bad Request - `. */
export function parsePullRequest(body: string): PullRequest | { readonly invalid: string } {
  const trimmed = body.trim();
  if (!trimmed.startsWith("{")) {
    return /^[+-]?\d+$/.test(trimmed) ? { ...plain, batch: Number(trimmed) } : plain;
  }
  const fields = parseQuickly(trimmed);
  if (fields !== undefined) {
    return requestOf(fields);
  }
  const decoded = decodeJson(trimmed, shape, { strict: false });
  return "invalid" in decoded ? { invalid: oneShotProblem(decoded.invalid) } : requestOf(decoded.value);
}

/** Well-formed requests take the engine's parser; everything unusual is left to the exact one. */
function parseQuickly(body: string): Fields | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return undefined;
  }
  return isUsual(value) ? value : undefined;
}

function isUsual(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && Object.entries(value).every(([name, field]) => isUsualField(name, field));
}

function isUsualField(name: string, field: unknown): boolean {
  switch (name) {
    case "no_wait":
      return typeof field === "boolean";
    case "group":
    case "id":
      return typeof field === "string";
    default:
      return Object.hasOwn(shape.fields, name) && Number.isSafeInteger(field);
  }
}

function requestOf(fields: Fields): PullRequest | { readonly invalid: string } {
  const heartbeatNs = numberOf(fields.idle_heartbeat);
  const expiresNs = numberOf(fields.expires);
  if (heartbeatNs > 0 && heartbeatNs * 2 > expiresNs) {
    return { invalid: "heartbeat value too large" };
  }
  return {
    batch: numberOf(fields.batch),
    expiresMs: expiresNs / 1e6,
    maxBytes: numberOf(fields.max_bytes),
    noWait: fields.no_wait === true,
    heartbeatMs: heartbeatNs / 1e6,
    priority: {
      group: textOf(fields.group),
      minPending: numberOf(fields.min_pending),
      minAckPending: numberOf(fields.min_ack_pending),
      id: textOf(fields.id),
      priority: numberOf(fields.priority),
    },
  };
}

function numberOf(value: unknown): number {
  return typeof value === "number" || typeof value === "bigint" ? Number(value) : 0;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
