/** The few JetStream API requests that setting up and accounting a block needs. An error reply is an exception here: the block can't run. */
import type { Connection } from "../../wire/connection.ts";

export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly errorCode: number;
  constructor(subject: string, error: { err_code: number; description: string }) {
    super(`${subject} was refused: ${error.description} (err_code ${error.err_code})`);
    this.errorCode = error.err_code;
  }
}

export interface StreamSettings {
  readonly name: string;
  readonly subject: string;
  readonly storage: "file" | "memory";
}

const streamNotFound = 10059;
const noMessageFound = 10037;
const defaultTimeoutMs = 10_000;
const nanosecondsPerSecond = 1e9;

export async function recreateStream(connection: Connection, stream: StreamSettings): Promise<void> {
  await deleteStream(connection, stream.name);
  await call(connection, `$JS.API.STREAM.CREATE.${stream.name}`, {
    name: stream.name,
    subjects: [stream.subject],
    storage: stream.storage,
    retention: "limits",
    discard: "old",
    num_replicas: 1,
    max_msgs: -1,
    max_bytes: -1,
    max_age: 0,
  });
}

/** Deleting what is not there is no error. */
export async function deleteStream(connection: Connection, name: string, timeoutMs = defaultTimeoutMs): Promise<void> {
  try {
    await call(connection, `$JS.API.STREAM.DELETE.${name}`, undefined, timeoutMs);
  } catch (error) {
    if (!(error instanceof ApiError) || error.errorCode !== streamNotFound) {
      throw error;
    }
  }
}

export interface StreamState {
  readonly messages: number;
  readonly lastSequence: number;
}

export async function streamState(connection: Connection, name: string): Promise<StreamState> {
  const state = field(await call(connection, `$JS.API.STREAM.INFO.${name}`, undefined), "state");
  const messages = field(state, "messages");
  const lastSequence = field(state, "last_seq");
  if (typeof messages !== "number") {
    throw new Error(`STREAM.INFO of ${name} holds no state.messages`);
  }
  return { messages, lastSequence: typeof lastSequence === "number" ? lastSequence : 0 };
}

/** The payload stored at a sequence; undefined when the server says there is none. */
export async function storedPayload(connection: Connection, stream: string, sequence: number): Promise<Buffer | undefined> {
  try {
    const reply = await call(connection, `$JS.API.STREAM.MSG.GET.${stream}`, { seq: sequence });
    const data = field(field(reply, "message"), "data");
    return typeof data === "string" ? Buffer.from(data, "base64") : undefined;
  } catch (error) {
    if (error instanceof ApiError && error.errorCode === noMessageFound) {
      return undefined;
    }
    throw error;
  }
}

export interface PullConsumerSettings {
  readonly stream: string;
  readonly name: string;
  readonly ack: "none" | "explicit";
  readonly maxAckPending: number;
}

/** A pull consumer over the whole stream; the server removes it when it is idle for a minute. */
export function createPullConsumer(connection: Connection, consumer: PullConsumerSettings): Promise<void> {
  const { stream, name, ack, maxAckPending } = consumer;
  return createConsumer(connection, stream, { name, ack_policy: ack, ...(ack === "explicit" ? { max_ack_pending: maxAckPending } : {}) });
}

export interface PushConsumerSettings {
  readonly stream: string;
  readonly name: string;
  readonly deliverTo: string;
  /** As the ordered consumers of the clients: flow control, heartbeats, nothing of it on disk. */
  readonly ordered: boolean;
}

/** A push consumer over the whole stream, without acknowledgements. It delivers as soon as it is there. */
export function createPushConsumer(connection: Connection, consumer: PushConsumerSettings): Promise<void> {
  const { stream, name, deliverTo, ordered } = consumer;
  return createConsumer(connection, stream, {
    name,
    deliver_subject: deliverTo,
    ack_policy: "none",
    ...(ordered
      ? { flow_control: true, idle_heartbeat: 5 * nanosecondsPerSecond, max_deliver: 1, mem_storage: true, num_replicas: 1 }
      : {}),
  });
}

async function createConsumer(connection: Connection, stream: string, config: Readonly<Record<string, unknown>>): Promise<void> {
  await call(connection, `$JS.API.CONSUMER.CREATE.${stream}.${String(config["name"])}`, {
    stream_name: stream,
    action: "create",
    config: { deliver_policy: "all", replay_policy: "instant", inactive_threshold: 60 * nanosecondsPerSecond, ...config },
  });
}

export async function deleteConsumer(connection: Connection, stream: string, name: string): Promise<void> {
  await call(connection, `$JS.API.CONSUMER.DELETE.${stream}.${name}`, undefined);
}

/** Messages delivered and, as the server sees it, not acknowledged. */
export async function ackPending(connection: Connection, stream: string, name: string): Promise<number> {
  const pending = field(await call(connection, `$JS.API.CONSUMER.INFO.${stream}.${name}`, undefined), "num_ack_pending");
  if (typeof pending !== "number") {
    throw new Error(`CONSUMER.INFO of ${name} holds no num_ack_pending`);
  }
  return pending;
}

async function call(connection: Connection, subject: string, body: unknown, timeoutMs = defaultTimeoutMs): Promise<unknown> {
  const message = await connection.request(body === undefined ? { subject } : { subject, payload: JSON.stringify(body) }, { timeoutMs });
  const reply = message.json();
  const error = field(reply, "error");
  if (error !== undefined) {
    const code = field(error, "err_code");
    const description = field(error, "description");
    throw new ApiError(subject, {
      err_code: typeof code === "number" ? code : 0,
      description: typeof description === "string" ? description : "no description",
    });
  }
  return reply;
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}
