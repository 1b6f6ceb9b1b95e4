/**
 * Read-backs of a stream: the `read` events up to each `read-end`. Reads after the last `read-end` belong to a read-back that never ended, which
 * counts as the last one and as incomplete. `missing` counts as complete: there is nothing left to read.
 */
import type { HistoryEvent, ReadEndEvent, ReadEvent } from "./events.ts";

export interface StoredMessage {
  readonly seq: string;
  readonly subject?: string;
  readonly digest?: string;
  readonly time?: string;
  /** The server answered with an error for this sequence instead of a message. */
  readonly problem?: string;
}

export interface ReadBack {
  readonly stream: string;
  /** Where in the history its first message was read. */
  readonly begin: number;
  /** Where in the history it ended. */
  readonly position: number;
  readonly complete: boolean;
  readonly end: ReadEndEvent | undefined;
  /** In the order they were read. */
  readonly reads: readonly ReadEvent[];
  readonly messages: ReadonlyMap<string, StoredMessage>;
}

export function readBacksOf(events: readonly HistoryEvent[]): Map<string, ReadBack[]> {
  const open = new Map<string, { readonly begin: number; readonly reads: ReadEvent[] }>();
  const found = new Map<string, ReadBack[]>();
  const close = (stream: string, position: number, end?: ReadEndEvent): void => {
    const backs = found.get(stream) ?? [];
    const { begin, reads } = open.get(stream) ?? { begin: position, reads: [] };
    backs.push(readBackOf(reads, { stream, begin, position, end }));
    found.set(stream, backs);
    open.delete(stream);
  };
  for (const [position, event] of events.entries()) {
    if (event.type === "read") {
      const back = open.get(event.stream) ?? { begin: position, reads: [] };
      back.reads.push(event);
      open.set(event.stream, back);
    } else if (event.type === "read-end") {
      close(event.stream, position, event);
    }
  }
  for (const stream of open.keys()) {
    close(stream, events.length);
  }
  return found;
}

function readBackOf(reads: readonly ReadEvent[], about: Pick<ReadBack, "stream" | "begin" | "position" | "end">): ReadBack {
  const messages = new Map(reads.map(({ type: _type, at: _at, stream: _stream, ...message }) => [message.seq, message]));
  return { ...about, complete: about.end?.missing === true || about.end?.complete === true, reads, messages };
}
