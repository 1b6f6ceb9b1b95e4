/**
 * Reads a stream to its end: its state, then every sequence from the first to the last, deleted ones included, many requests in flight. What
 * comes back goes into the history; a read that gives an error instead of a message is kept as a problem.
 */
import type { z } from "zod";
import { digestOf } from "../../evidence/history/message-digest.ts";
import { type Connection, connect } from "../../wire/connection.ts";
import type { OutgoingMessage } from "../../wire/frames.ts";
import { Headers } from "../../wire/headers.ts";
import { messageReply, nanoseconds, readReply, streamInfoReply } from "./replies.ts";
import type { PhaseContext } from "./workload.ts";

const requestsInFlight = 128;
const messageNotFound = 10037;
const streamNotFound = 10059;

type MessageReply = z.infer<typeof messageReply>;

export async function readStreams(streams: readonly string[], context: PhaseContext): Promise<void> {
  const connection = await connect({ url: context.url, name: "read-back", timeoutMs: context.timeoutMs, signal: context.signal });
  try {
    for (const stream of streams) {
      await readStream(connection, stream, context);
    }
  } finally {
    await connection.close();
  }
}

async function readStream(connection: Connection, stream: string, { history, signal }: PhaseContext): Promise<void> {
  const info = await ask(connection, streamInfoReply, { subject: `$JS.API.STREAM.INFO.${stream}` });
  if (info?.state === undefined) {
    const missing = info?.error?.err_code === streamNotFound;
    history.readEnd({ stream, complete: false, ...(missing ? { missing } : {}) });
    return;
  }
  const first = BigInt(info.state.first_seq);
  const last = BigInt(info.state.last_seq);
  // A damaged first message is named here only: the stream then begins behind it.
  for (const seq of (info.state.lost?.msgs ?? []).filter((each) => BigInt(each) < first || BigInt(each) > last)) {
    history.read({ stream, seq: String(seq), problem: "STREAM.INFO names it as lost" });
  }
  for (let from = first; from <= last; from += BigInt(requestsInFlight)) {
    signal.throwIfAborted();
    const until = from + BigInt(requestsInFlight) - 1n;
    const sequences = range(from, until < last ? until : last);
    const replies = await Promise.all(
      sequences.map((seq) => ask(connection, messageReply, { subject: `$JS.API.STREAM.MSG.GET.${stream}`, payload: `{"seq":${seq}}` })),
    );
    for (const [index, reply] of replies.entries()) {
      record(reply, { history, stream, seq: String(sequences[index]) });
    }
  }
  history.readEnd({
    stream,
    complete: true,
    firstSeq: String(first),
    lastSeq: String(last),
    messages: Number(info.state.messages),
    ...(info.state.num_deleted === undefined ? {} : { deleted: info.state.num_deleted }),
    ...(info.config?.description === undefined ? {} : { config: info.config.description }),
  });
}

function record(
  reply: MessageReply | undefined,
  { history, stream, seq }: { history: PhaseContext["history"]; stream: string; seq: string },
): void {
  if (reply?.message !== undefined) {
    const { subject, hdrs, data = "", time } = reply.message;
    const storedAt = nanoseconds(time);
    const headers = hdrs === undefined ? {} : { headers: Headers.parse(Buffer.from(hdrs, "base64")) };
    const digest = digestOf({ payload: Buffer.from(data, "base64"), ...headers });
    history.read({ stream, seq, subject, digest, ...(storedAt === undefined ? {} : { time: storedAt }) });
    return;
  }
  if (reply?.error?.err_code !== messageNotFound) {
    history.read({ stream, seq, problem: reply?.error?.description ?? "no message and no error" });
  }
}

async function ask<T extends z.ZodType>(connection: Connection, schema: T, message: OutgoingMessage): Promise<z.output<T> | undefined> {
  return readReply(schema, await connection.request(message));
}

function range(from: bigint, to: bigint): bigint[] {
  return Array.from({ length: Number(to - from) + 1 }, (_, index) => from + BigInt(index));
}
