/** Reads everything a server shows over the protocol, in the words of the model. */
import type { Received, SimulatedClient } from "./client.ts";
import { JsonAnswer } from "./json-answer.ts";
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
  const json = JsonAnswer.parse(payload);
  if (!json.at("error").isMissing) {
    const says = errorText(json);
    return kind === "delete-message" && says !== errorOf.streamNotFound ? "missing" : says;
  }
  switch (kind) {
    case "publish":
      return `${json.at("duplicate").isTrue ? "duplicate of" : "stored as"} ${json.at("seq").number}`;
    case "purge":
      return `purged ${json.at("purged").number}`;
    case "get":
      return readMessage(json.at("message"));
    default:
      return "ok";
  }
}

/** Does this answer say that the server could not do it? */
export function isServerError({ status, payload }: Received): boolean {
  return status === 503 || (status === 0 && JsonAnswer.parse(payload).at("error").at("code").number >= 500);
}

/** Everything readable, line by line as `describeWorld` says it. */
export function readWorld(machine: Machine): string[] {
  const client = machine.connect();
  const [list] = ask(machine, client, [{ subject: "$JS.API.STREAM.NAMES", body: "" }]);
  const names = (list?.at("streams").items ?? []).map((name) => name.text).toSorted();
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
      if (!answer.at("duplicate").isTrue || answer.at("seq").number !== sequence) {
        wrong.push(`id ${id} of stream ${name} was message ${sequence}, now the server answers ${String(answer)}`);
      }
    }
  }
  client.peer.hangUp();
  machine.settle();
  return wrong;
}

function readStream(machine: Machine, client: SimulatedClient, name: string): string[] {
  const [info = nothing, consumers = nothing] = ask(machine, client, [
    { subject: `$JS.API.STREAM.INFO.${name}`, body: '{"deleted_details":true}' },
    { subject: `$JS.API.CONSUMER.LIST.${name}`, body: "" },
  ]);
  const [state, config] = [info.at("state"), info.at("config")];
  const perSubject = config.at("max_msgs_per_subject").number;
  const limit = Math.max(0, config.at("max_msgs").number, perSubject);
  const limitedBy = config.at("discard").text === "new" ? "refusal" : perSubject > 0 ? "subject" : "count";
  const count = state.at("messages").number;
  const last = state.at("last_seq").number;
  const range = count === 0 ? "empty" : `from ${state.at("first_seq").number}`;
  const created = Date.parse(info.at("created").text);
  const questions = Array.from({ length: last }, (_, at) => ({
    subject: `$JS.API.STREAM.MSG.GET.${name}`,
    body: JSON.stringify({ seq: at + 1 }),
  }));
  return [
    `stream ${name} of ${created} limit ${limit} ${limitedBy}: ${count} messages ${range}, last ${last}`,
    ...consumers
      .at("consumers")
      .items.map((each) => {
        const filter = each.at("config").at("filter_subject").text;
        return `consumer ${name}/${each.at("name").text} of ${Date.parse(each.at("created").text)} on ${filter}`;
      })
      .toSorted(),
    ...ask(machine, client, questions).flatMap((answer, at) => {
      if (answer.at("error").isMissing) {
        return [`message ${name} ${readMessage(answer.at("message"))}`];
      }
      // Anything but "not found" is said: an unreadable message is not an absent one.
      const error = errorText(answer);
      return error === errorOf.noMessage ? [] : [`message ${name} ${at + 1} ${error}`];
    }),
  ];
}

function errorText(answer: JsonAnswer): string {
  return `error ${answer.at("error").at("err_code").number}`;
}

function readMessage(message: JsonAnswer): string {
  return describeMessage(message.at("seq").number, {
    subject: message.at("subject").text,
    headers: Buffer.from(message.at("hdrs").text, "base64").toString("latin1"),
    payload: Buffer.from(message.at("data").text, "base64").toString("latin1"),
    timeMs: Date.parse(message.at("time").text),
  });
}

const nothing = new JsonAnswer(undefined);
const noAnswer = new JsonAnswer({ error: { err_code: 0, description: "no answer" } });

function ask(machine: Machine, client: SimulatedClient, questions: readonly Question[]): JsonAnswer[] {
  for (const [at, { subject, body, headers = "" }] of questions.entries()) {
    client.peer.send(frameOf({ subject, reply: `${client.inbox}.${at}`, headers, payload: body }));
  }
  machine.settle();
  const answers = questions.map(() => noAnswer);
  for (const { subject, payload } of client.take()) {
    answers[Number(subject.slice(client.inbox.length + 1))] = JsonAnswer.parse(payload);
  }
  return answers;
}
