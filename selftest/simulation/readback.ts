/** Reads everything a server shows over the protocol, in the words of the model. */
import type { SimulatedClient } from "./client.ts";
import type { Received } from "./client.ts";
import type { Machine } from "./machine.ts";
import { type Change, describeMessage, duplicateWindowMs, errorOf, type World } from "./model.ts";
import { frameOf } from "./requests.ts";

interface Question {
  readonly subject: string;
  readonly body: string;
  readonly headers?: string;
}

/** An answer in the model's words. */
export function answerOf(kind: Change["kind"], { status, payload }: Received): string {
  if (status !== 0) {
    return `status ${status}`;
  }
  const json = parseObject(payload);
  const error = json["error"] as { err_code?: number } | undefined;
  if (error !== undefined) {
    const says = `error ${error.err_code ?? 0}`;
    return kind === "delete-message" && says !== errorOf.streamNotFound ? "missing" : says;
  }
  switch (kind) {
    case "publish":
      return json["duplicate"] === true ? `duplicate of ${String(json["seq"])}` : `stored as ${String(json["seq"])}`;
    case "purge":
      return `purged ${String(json["purged"])}`;
    case "get":
      return readMessage(json["message"] as StoredMessage);
    default:
      return "ok";
  }
}

/** Does this answer say that the server could not do it? */
export function isServerError({ status, payload }: Received): boolean {
  const error = status === 0 ? (parseObject(payload)["error"] as { code?: number } | undefined) : undefined;
  return status === 503 || (error?.code ?? 0) >= 500;
}

/** Everything readable, line by line as `describeWorld` says it. */
export function readWorld(machine: Machine): string[] {
  const client = machine.connect();
  const [list] = ask(machine, client, [{ subject: "$JS.API.STREAM.NAMES", body: "" }]);
  const names = ((list?.["streams"] as string[] | null) ?? []).toSorted();
  const lines = names.flatMap((name) => readStream(machine, client, name));
  client.peer.hangUp();
  machine.settle();
  return lines;
}

/** Publishes every id that must still be known once more: each must be told as a duplicate. Returns what was wrong. */
export function probeIds(machine: Machine, world: World): string[] {
  const client = machine.connect();
  const wrong: string[] = [];
  for (const [name, { ids }] of world) {
    const known = [...ids].filter(([, { timeMs }]) => machine.nowMs - timeMs < duplicateWindowMs);
    const subject = `s${name.slice(1)}.probe`;
    const questions = known.map(([id]) => ({ subject, body: "a probe", headers: `NATS/1.0\r\nNats-Msg-Id: ${id}\r\n\r\n` }));
    for (const [at, answer] of ask(machine, client, questions).entries()) {
      const [id, { sequence }] = known[at] ?? ["", { sequence: 0 }];
      if (answer["duplicate"] !== true || answer["seq"] !== sequence) {
        wrong.push(`id ${id} of stream ${name} was message ${sequence}, now the server answers ${JSON.stringify(answer)}`);
      }
    }
  }
  client.peer.hangUp();
  machine.settle();
  return wrong;
}

function readStream(machine: Machine, client: SimulatedClient, name: string): string[] {
  const [info, consumers] = ask(machine, client, [
    { subject: `$JS.API.STREAM.INFO.${name}`, body: '{"deleted_details":true}' },
    { subject: `$JS.API.CONSUMER.LIST.${name}`, body: "" },
  ]);
  const state = info?.["state"] as { messages: number; first_seq: number; last_seq: number; lost?: unknown };
  const config = info?.["config"] as { max_msgs: number; max_msgs_per_subject: number; discard: string };
  const limit = Math.max(0, config.max_msgs, config.max_msgs_per_subject);
  const limitedBy = config.discard === "new" ? "refusal" : config.max_msgs_per_subject > 0 ? "subject" : "count";
  const range = state.messages === 0 ? "empty" : `from ${state.first_seq}`;
  const created = Date.parse(String(info?.["created"]));
  const sequences = Array.from({ length: state.last_seq }, (_, at) => at + 1);
  const messages = ask(
    machine,
    client,
    sequences.map((sequence) => ({ subject: `$JS.API.STREAM.MSG.GET.${name}`, body: JSON.stringify({ seq: sequence }) })),
  );
  return [
    `stream ${name} of ${created} limit ${limit} ${limitedBy}: ${state.messages} messages ${range}, last ${state.last_seq}`,
    ...((consumers?.["consumers"] as ConsumerInfo[] | null) ?? [])
      .map((each) => `consumer ${name}/${each.name} of ${Date.parse(each.created)} on ${each.config.filter_subject ?? ""}`)
      .toSorted(),
    ...messages.flatMap((answer, at) => {
      const error = answer["error"] as { err_code: number } | undefined;
      if (error === undefined) {
        return [`message ${name} ${readMessage(answer["message"] as StoredMessage)}`];
      }
      // Anything but "not found" is said: an unreadable message is not an absent one.
      return `error ${error.err_code}` === errorOf.noMessage ? [] : [`message ${name} ${at + 1} error ${error.err_code}`];
    }),
  ];
}

interface ConsumerInfo {
  readonly name: string;
  readonly created: string;
  readonly config: { readonly filter_subject?: string };
}

interface StoredMessage {
  readonly seq: number;
  readonly subject: string;
  readonly hdrs?: string;
  readonly data?: string;
  readonly time: string;
}

function readMessage(message: StoredMessage): string {
  return describeMessage(message.seq, {
    subject: message.subject,
    headers: Buffer.from(message.hdrs ?? "", "base64").toString("latin1"),
    payload: Buffer.from(message.data ?? "", "base64").toString("latin1"),
    timeMs: Date.parse(message.time),
  });
}

function ask(machine: Machine, client: SimulatedClient, questions: readonly Question[]): Record<string, unknown>[] {
  for (const [at, { subject, body, headers = "" }] of questions.entries()) {
    client.peer.send(frameOf({ subject, reply: `${client.inbox}.${at}`, headers, payload: body }));
  }
  machine.settle();
  const answers: Record<string, unknown>[] = questions.map(() => ({ error: { err_code: 0, description: "no answer" } }));
  for (const { subject, payload } of client.take()) {
    answers[Number(subject.slice(client.inbox.length + 1))] = parseObject(payload);
  }
  return answers;
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return { error: { err_code: 0, description: `not JSON: ${text}` } };
  }
}
