/**
 * Durations and sizes as people write them (`2s`, `250ms`, `1h30m`, `4KiB`) and as the wire carries them (nanoseconds, bytes).
 * Which wire fields are which is listed here once, for what is sent and for what is expected.
 */

const nanosecondsPer: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
  d: 86_400_000_000_000n,
};
const bytesPer: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1000,
  KiB: 1024,
  MB: 1_000_000,
  MiB: 1_048_576,
  GB: 1_000_000_000,
  GiB: 1_073_741_824,
};

export const durationPattern = /^(\d+(\.\d+)?(ns|us|ms|s|m|h|d))+$/;
export const sizePattern = /^\d+(\.\d+)?(B|kB|KiB|MB|MiB|GB|GiB)$/;

/** Nanoseconds, or undefined when the text is no duration. */
export function parseDuration(text: string): bigint | undefined {
  if (!durationPattern.test(text)) {
    return undefined;
  }
  let total = 0n;
  for (const [, amount, , unit] of text.matchAll(/(\d+(\.\d+)?)(ns|us|ms|s|m|h|d)/g)) {
    // Thousandths keep `1.5s` exact without floating point.
    const thousandths = BigInt(Math.round(Number(amount) * 1000));
    total += (thousandths * (nanosecondsPer[unit ?? "ns"] ?? 1n)) / 1000n;
  }
  return total;
}

export function parseDurationMs(text: string): number {
  const nanoseconds = parseDuration(text);
  if (nanoseconds === undefined) {
    throw new TypeError(`not a duration: ${text}`);
  }
  return Number(nanoseconds) / 1e6;
}

/** Bytes, or undefined when the text is no size. */
export function parseSize(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(B|kB|KiB|MB|MiB|GB|GiB)$/.exec(text);
  return match === null ? undefined : Math.round(Number(match[1]) * (bytesPer[match[2] ?? "B"] ?? 1));
}

const durationFields = new Set([
  "ack_wait",
  "backoff",
  "delay",
  "duplicate_window",
  "expires",
  "idle_heartbeat",
  "inactive_threshold",
  "max_age",
  "max_expires",
  "priority_timeout",
  "subject_delete_marker_ttl",
]);
const sequenceFields = new Set(["first_seq", "last_seq", "opt_start_seq", "seq", "up_to_seq"]);
const sizeFields = new Set(["bytes", "max_bytes", "max_msg_size", "max_stream_bytes"]);

/** Turns unit text and 64-bit sequences of the named fields into wire numbers (bigint where needed); everything else stays as it is. */
export function toWireNumbers(value: unknown, field = ""): unknown {
  if (typeof value === "string") {
    return wireNumber(value, field);
  }
  if (Array.isArray(value)) {
    return value.map((item) => toWireNumbers(item, field));
  }
  if (typeof value !== "object" || value === null) {
    return value;
  }
  // Inside an operator (`{ gte: 2s }`) the field is still the one outside.
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toWireNumbers(item, isOperatorKey(key) ? field : key)]));
}

function isOperatorKey(key: string): boolean {
  return ["oneOf", "gt", "gte", "lt", "lte", "equals", "unordered", "contains"].includes(key);
}

function wireNumber(text: string, field: string): unknown {
  if (durationFields.has(field)) {
    return parseDuration(text) ?? text;
  }
  if (sizeFields.has(field)) {
    return parseSize(text) ?? text;
  }
  return sequenceFields.has(field) && /^\d+$/.test(text) ? BigInt(text) : text;
}
