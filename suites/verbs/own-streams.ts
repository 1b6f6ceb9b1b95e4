/** Keeps, of a reply that lists streams, those of the case: a shared server holds the streams of other cases too. */
import { fieldOf, recordOf } from "../catalog/record.ts";
import type { Names } from "../runner/names.ts";

export function ownStreams(reply: unknown, names: Names): unknown {
  const streams = fieldOf(reply, "streams");
  if (!Array.isArray(streams)) {
    return names.strip(reply);
  }
  const all: readonly unknown[] = streams;
  return names.strip({ ...recordOf(reply), streams: all.filter((stream) => names.owns(nameOf(stream))) });
}

function nameOf(stream: unknown): string {
  const name = typeof stream === "string" ? stream : fieldOf(fieldOf(stream, "config"), "name");
  return typeof name === "string" ? name : "";
}
