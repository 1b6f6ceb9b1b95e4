/** Reads a history back from its NDJSON text. Every refusal names the line, the field and what would be right. */
import type { z } from "zod";
import { EventOrder } from "./event-order.ts";
import { historyEvent } from "./event-schema.ts";
import type { HistoryEvent } from "./events.ts";
import { History } from "./history.ts";
import { HistoryError } from "./history-error.ts";

/**
 * `source` is the whole text or its lines. Empty lines are skipped. A last line without its newline is a file whose writer was
 * killed: it is dropped when it is no JSON, because everything before it is still true.
 */
export function parseHistory(source: string | Iterable<string>): History {
  const lines = typeof source === "string" ? source.split("\n") : [...source];
  const order = new EventOrder();
  const events: HistoryEvent[] = [];
  lines.forEach((line, index) => {
    if (line.trim() === "") {
      return;
    }
    const torn = typeof source === "string" && index === lines.length - 1;
    const event = parseLine(line, { number: index + 1, torn });
    if (event === undefined) {
      return;
    }
    const reason = order.refuse(event);
    if (reason !== undefined) {
      throw new HistoryError(`line ${index + 1}: ${reason}`);
    }
    events.push(event);
  });
  return History.of(events);
}

function parseLine(line: string, place: { number: number; torn: boolean }): HistoryEvent | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    if (place.torn) {
      return undefined;
    }
    throw new HistoryError(`line ${place.number}: not JSON (${error instanceof Error ? error.message : String(error)})`, { cause: error });
  }
  const parsed = historyEvent.safeParse(value);
  if (parsed.success) {
    return parsed.data;
  }
  throw new HistoryError(`line ${place.number}: ${describeIssue(parsed.error.issues[0])}`);
}

function describeIssue(issue: z.core.$ZodIssue | undefined): string {
  if (issue === undefined) {
    return "not a history event";
  }
  const field = issue.path.join(".") || "event";
  return `${field}: ${issue.message}`;
}
