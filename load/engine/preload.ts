/** Publishes what the passes of a closed model will read. Rejects when the server refuses a message or does not get on with it. */
import { Publisher } from "../drivers/publisher.ts";
import { SequenceCheck } from "./accounting.ts";
import type { FlowContext } from "./flow.ts";

const window = 1000;
/** Longest wait for the next acknowledgement. */
const silenceMaxMs = 10_000;

/** Returns how many messages were acknowledged: all of `context.preload`. */
export async function preload(context: FlowContext): Promise<number> {
  const { connections, subject, payloadBytes, seed, run, preload: count } = context;
  const [connection] = connections;
  if (connection === undefined) {
    throw new Error("reading needs a connection");
  }
  const acknowledged = new SequenceCheck();
  const publisher = new Publisher({ connection, window, subject, payloadBytes, messageIds: false, seed, run, acknowledged });
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
  void connection.closed.then((reason) => reject(reason.error));
  fill();
  try {
    await promise;
  } finally {
    clearInterval(timer);
  }
  return publisher.acknowledged;
}
