/** Stores messages ahead of a measurement. Rejects when the server refuses one or does not get on with it. */
import type { Connection } from "../../wire/connection.ts";
import { Publisher } from "../drivers/publisher.ts";
import { SequenceCheck } from "./accounting.ts";

const window = 1000;
/** Longest wait for the next acknowledgement. */
const silenceMaxMs = 10_000;

export interface PreloadOptions {
  readonly connection: Connection;
  readonly subject: string;
  /** As `PublisherOptions.subjects`. */
  readonly subjects?: number;
  readonly payloadBytes: number;
  readonly count: number;
  readonly seed: number;
  readonly run: number;
  readonly signal?: AbortSignal | undefined;
}

/** Resolves when all `count` are acknowledged. */
export async function preload(options: PreloadOptions): Promise<void> {
  const { count, signal, ...message } = options;
  signal?.throwIfAborted();
  const { connection } = options;
  const acknowledged = new SequenceCheck();
  const publisher = new Publisher({ ...message, window, messageIds: false, acknowledged });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let seen = 0;
  const timer = setInterval(() => {
    if (publisher.acknowledged === seen) {
      reject(new Error(`only ${seen} of ${count} messages were acknowledged, then nothing for ${silenceMaxMs / 1000} s`));
    }
    seen = publisher.acknowledged;
  }, silenceMaxMs);
  const fill = () => {
    while (publisher.published < count && publisher.hasRoom) {
      publisher.publish(0);
    }
  };
  publisher.onAnswer = ({ error }) => {
    if (error !== undefined) {
      reject(new Error(`the server refused a publish before the measurement with error ${error}`));
    }
    fill();
    if (publisher.acknowledged === count) {
      resolve();
    }
  };
  const onAbort = () => reject(signal?.reason);
  signal?.addEventListener("abort", onAbort);
  void connection.closed.then((reason) => reject(reason.error));
  fill();
  try {
    await promise;
  } finally {
    clearInterval(timer);
    signal?.removeEventListener("abort", onAbort);
  }
  if (acknowledged.duplicated > 0) {
    throw new Error(`${acknowledged.duplicated} of ${count} messages were given the sequence of another one`);
  }
}
