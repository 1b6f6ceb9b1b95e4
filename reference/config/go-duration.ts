/** Durations as Go writes them: `300ms`, `1.5h`, `1h30m`. */

const UNITS_MS: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const PART = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)/y;

/** Milliseconds; undefined when the text is no duration. */
export function durationMs(text: string): number | undefined {
  const sign = text.startsWith("-") ? -1 : 1;
  const body = text.replace(/^[+-]/, "");
  if (body === "0") {
    return 0;
  }
  let total = 0;
  PART.lastIndex = 0;
  while (PART.lastIndex < body.length) {
    const part = PART.exec(body);
    if (part === null) {
      return undefined;
    }
    total += Number(part[1]) * UNITS_MS[part[2]!]!;
  }
  return body === "" ? undefined : sign * total;
}
