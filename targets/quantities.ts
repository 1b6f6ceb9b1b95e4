/** Durations and sizes as people write them in target files and settings: a number with a unit. */

const durationUnits: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** `500ms`, `10s`, `2m`, `1h` → milliseconds; undefined when it is not a duration. */
export function parseDurationMs(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text);
  const unit = durationUnits[match?.[2] ?? ""];
  return match === null || unit === undefined ? undefined : Number(match[1]) * unit;
}

const sizeUnits: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  k: 1000,
  m: 1000 ** 2,
  g: 1000 ** 3,
  kb: 1024,
  mb: 1024 ** 2,
  gb: 1024 ** 3,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
};

/** `64MB`, `1g`, `4096` → bytes, with the units' meaning of nats-server's configuration language (k is 1000, kb is 1024). */
export function parseSizeBytes(text: string): number | undefined {
  const match = /^(\d+)\s*([a-z]*)$/i.exec(text);
  const unit = sizeUnits[(match?.[2] ?? "").toLowerCase()];
  return match === null || unit === undefined ? undefined : Number(match[1]) * unit;
}
