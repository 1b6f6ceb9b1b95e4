/** Times and durations as Go prints them in JSON and in `uptime`. */

const NS_PER_MS = 1_000_000n;

/** RFC 3339 in UTC with as many fractional digits as it takes. */
export function rfc3339(ns: bigint): string {
  const seconds = new Date(Number(ns / NS_PER_MS)).toISOString().slice(0, 19);
  const fraction = (ns % 1_000_000_000n).toString().padStart(9, "0").replace(/0+$/, "");
  return fraction === "" ? `${seconds}Z` : `${seconds}.${fraction}Z`;
}

/** `1d2h3m4s`, from the largest unit that is not zero. */
export function uptime(ns: bigint): string {
  const total = Number(ns / 1_000_000_000n);
  const parts = [
    [Math.floor(total / 86_400), "d"],
    [Math.floor(total / 3600) % 24, "h"],
    [Math.floor(total / 60) % 60, "m"],
    [total % 60, "s"],
  ] as const;
  const first = parts.findIndex(([value]) => value > 0);
  return first < 0
    ? "0s"
    : parts
        .slice(first)
        .map(([value, unit]) => `${value}${unit}`)
        .join("");
}
