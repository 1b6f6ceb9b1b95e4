/**
 * Every message that anybody saw during the run: by a get, a delivery or a read-back that was not the last. What was seen was there, whatever its
 * publisher was told, and stays there until something removes it.
 */
import type { History } from "./history.ts";

export interface Observation {
  readonly stream: string;
  readonly seq: string;
  readonly subject: string | undefined;
  readonly digest: string;
  readonly time: string | undefined;
  /** Where in the history it was written down. */
  readonly position: number;
  /** Who saw it, for people. */
  readonly by: string;
}

/** In the order of the history. */
export function observationsOf(history: History): Observation[] {
  return [...fromGets(history), ...fromDeliveries(history), ...fromReadBacks(history)].sort((a, b) => a.position - b.position);
}

function fromGets(history: History): Observation[] {
  return history
    .of("get")
    .flatMap(({ op, message, end }) =>
      message === undefined ? [] : [{ ...message, time: message.time, stream: op.stream, position: end, by: "a get" }],
    );
}

function fromDeliveries(history: History): Observation[] {
  return history.deliveries.map(({ event, position }) => ({
    stream: event.stream,
    seq: event.seq,
    subject: event.subject,
    digest: event.digest,
    time: event.time,
    position,
    by: `consumer ${event.consumer}`,
  }));
}

function fromReadBacks(history: History): Observation[] {
  return history.streams.flatMap((stream) =>
    history.readBacks(stream).flatMap((back) => (back === history.lastReadBack(stream) ? [] : readsOf(stream, back))),
  );
}

function readsOf(stream: string, back: ReturnType<History["readBacks"]>[number]): Observation[] {
  return [...back.messages.values()].flatMap(({ seq, subject, digest, time }) =>
    digest === undefined ? [] : [{ stream, seq, subject, digest, time, position: back.position, by: "an earlier read-back" }],
  );
}
