/** JSON rules that only consumer requests have. */
import type { FieldType } from "./json/decode.ts";
import { time } from "./json/field-types.ts";
import { formatTime } from "./json/time.ts";

/** A time with the zone it was written in: equal times compare by `timeNs`, but the echo keeps the zone. */
export interface ZonedTime {
  readonly timeNs: bigint;
  /** `Z` or `+02:00`. */
  readonly zone: string;
}

export const zonedTime: FieldType<ZonedTime> = {
  go: time.go,
  decode(value, place) {
    const timeNs = time.decode(value, place);
    const zone = typeof value === "string" ? (/[+-]\d\d:\d\d$/.exec(value)?.[0] ?? "Z") : "Z";
    return timeNs === undefined ? undefined : { timeNs, zone: zone === "+00:00" ? "Z" : zone };
  },
};

export function formatZonedTime({ timeNs, zone }: ZonedTime): string {
  if (zone === "Z") {
    return formatTime(timeNs);
  }
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4));
  const offsetNs = BigInt(zone.startsWith("-") ? -minutes : minutes) * 60_000_000_000n;
  return formatTime(timeNs + offsetNs).replace(/Z$/, zone);
}

/**
 * Requests that are no API endpoints on the official server (pulls, RESET, UNPIN) are read by Go's one-shot decoder, which says some
 * things differently from the streaming one.
 */
export function oneShotProblem(streaming: string): string {
  const withoutOffset = streaming.replace(/ at offset \d+$/, "");
  return withoutOffset === "unexpected EOF" ? "unexpected end of JSON input" : withoutOffset;
}
