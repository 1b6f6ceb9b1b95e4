/**
 * Publishes one message and reads its PubAck (ADR-1; docs: JetStream headers). With `ack: false` nothing is waited for but the server's PONG,
 * which shows that it has read the message.
 */
import { z } from "zod";
import type { Connection } from "../../wire/connection.ts";
import { isWireError } from "../../wire/errors.ts";
import type { OutgoingMessage } from "../../wire/frames.ts";
import type { Names } from "../runner/names.ts";
import { headersOf, jsonOrStatus } from "./api-call.ts";
import { count, headerLines, headers, name, sequence, text } from "./fields.ts";
import { verb } from "./verb.ts";

export const publish = verb({
  name: "publish",
  about: "Publishes one message and reads its PubAck.",
  fields: {
    subject: name(),
    data: text().optional(),
    /** Payload of so many bytes, instead of `data`. */
    size: count().optional(),
    msgId: text().optional(),
    expectStream: name().optional(),
    expectLastSeq: sequence().optional(),
    expectLastSubjectSeq: sequence().optional(),
    /** Another subject, wildcards allowed, that `expectLastSubjectSeq` is about. */
    expectLastSubjectSeqSubject: name().optional(),
    expectLastMsgId: text().optional(),
    headers: headers().optional(),
    ack: z.boolean().optional(),
    /** A subject of the case that the answer goes to, with `ack: false`. */
    reply: name().optional(),
    /** Sends the message so many times, each after the answer to the one before; the reply is the last one. `{n}` in `subject`, `data` and `msgId` counts from 1. */
    times: count().optional(),
  },
  reply:
    "PubAck: `stream`, `seq`, `duplicate`; `error: { code, err_code, description }`; `status: 503` when no stream listens; `{}` with `ack: false`",
  async run(step, { session, names, connection: which, timeoutMs }) {
    const connection = await session.connection(which);
    const lines = [
      ...headerLines(step.headers),
      ...line("Nats-Expected-Stream", step.expectStream === undefined ? undefined : names.stream(step.expectStream)),
      ...line("Nats-Expected-Last-Sequence", step.expectLastSeq),
      ...line("Nats-Expected-Last-Subject-Sequence", step.expectLastSubjectSeq),
      ...line("Nats-Expected-Last-Subject-Sequence-Subject", subjectOf(step.expectLastSubjectSeqSubject, names)),
      ...line("Nats-Expected-Last-Msg-Id", step.expectLastMsgId),
    ];
    const messageOf = (n: number): OutgoingMessage => ({
      subject: names.subject(counted(step.subject, n)),
      payload: step.size === undefined ? counted(step.data ?? "", n) : "x".repeat(Number(step.size)),
      ...headersOf([...lines, ...line("Nats-Msg-Id", step.msgId === undefined ? undefined : counted(step.msgId, n))]),
    });
    const reply = step.reply === undefined ? {} : { reply: names.subject(step.reply) };
    const times = Number(step.times ?? 1);
    if (step.ack === false) {
      for (let n = 1; n <= times; n++) {
        connection.publish({ ...messageOf(n), ...reply });
      }
      await connection.flush({ timeoutMs });
      return {};
    }
    let answer: unknown = {};
    const deadline = performance.now() + timeoutMs;
    for (let n = 1; n <= times; n++) {
      answer = await request(connection, messageOf(n), Math.max(1, deadline - performance.now()));
    }
    return names.strip(answer);
  },
});

async function request(connection: Connection, message: OutgoingMessage, timeoutMs: number): Promise<unknown> {
  try {
    return jsonOrStatus(await connection.request(message, { timeoutMs }));
  } catch (error) {
    // Nobody listens is an answer of the server, not its silence.
    if (isWireError(error, "WIRE_NO_RESPONDERS")) {
      return { status: 503 };
    }
    throw error;
  }
}

function counted(template: string, n: number): string {
  return template.replaceAll("{n}", String(n));
}

function line(key: string, value: string | number | undefined): [string, string][] {
  return value === undefined ? [] : [[key, String(value)]];
}

function subjectOf(subject: string | undefined, names: Names): string | undefined {
  return subject === undefined ? undefined : names.subject(subject);
}
