/**
 * Acknowledges one delivered message (ADR-15, "JSAck"; docs: acknowledgement models). With `confirm: true` the server's answer is waited for
 * (double ack); without it a flush makes sure that the server has read the acknowledgement.
 */
import { z } from "zod";
import type { Connection } from "../../wire/connection.ts";
import { isWireError } from "../../wire/errors.ts";
import { parseDuration } from "../catalog/quantities.ts";
import { fieldOf } from "../catalog/record.ts";
import type { Names } from "../runner/names.ts";
import { duration, name, text, variable } from "./fields.ts";
import { messageValue } from "./message-value.ts";
import { StepInvalid, verb } from "./verb.ts";

const words: Readonly<Record<string, string>> = { ack: "+ACK", empty: "", nak: "-NAK", progress: "+WPI", term: "+TERM", next: "+NXT" };

export const ack = verb({
  name: "ack",
  about: "Acknowledges delivered messages: ack, nak, progress, term or next.",
  fields: {
    /** `$got.messages.0`, or a list such as `$got.messages`. */
    message: z.union([variable, z.looseObject({ reply: z.string() }), z.array(z.looseObject({ reply: z.string() }))]),
    kind: z.enum(["ack", "empty", "nak", "progress", "term", "next"]).default("ack"),
    delay: duration().optional(),
    reason: text().optional(),
    confirm: z.boolean().default(false),
    /** Sent as it is instead of the word of `kind`. */
    text: text().optional(),
    consumer: name().optional(),
  },
  reply: "`{}`; with `confirm: true` the answer: `{}` with empty `data`, or `status: 503` when nothing listens; for `next` the message",
  async run(step, { session, names, connection: which, timeoutMs }) {
    const connection = await session.connection(which);
    const payload = step.text ?? payloadOf(step);
    const replies = repliesOf(step.message);
    let answer: unknown = {};
    for (const subject of replies) {
      if (step.kind === "next") {
        answer = await next(connection, { subject, payload, timeoutMs, names });
      } else if (step.confirm) {
        answer = await confirmed(connection, { subject, payload, timeoutMs, names });
      } else {
        connection.publish({ subject, payload });
      }
    }
    if (!step.confirm) {
      await connection.flush({ timeoutMs });
    }
    return answer;
  },
});

interface Acknowledgement {
  readonly subject: string;
  readonly payload: string;
  readonly timeoutMs: number;
  readonly names: Names;
}

async function confirmed(connection: Connection, { subject, payload, timeoutMs, names }: Acknowledgement): Promise<unknown> {
  try {
    return { data: messageValue(await connection.request({ subject, payload }, { timeoutMs }), names).data };
  } catch (error) {
    if (isWireError(error, "WIRE_NO_RESPONDERS")) {
      return { status: 503 };
    }
    throw error;
  }
}

/** The message that comes keeps its own subject, so it needs an inbox of its own. */
async function next(connection: Connection, { subject, payload, timeoutMs, names }: Acknowledgement): Promise<unknown> {
  const reply = connection.newInbox();
  const subscription = connection.subscribe(reply);
  try {
    connection.publish({ subject, reply, payload });
    return messageValue(await subscription.next({ timeoutMs }), names);
  } finally {
    subscription.unsubscribe();
  }
}

function payloadOf({ kind, delay, reason }: { kind: string; delay?: string | undefined; reason?: string | undefined }): string {
  const word = words[kind] ?? "";
  if (delay !== undefined) {
    return `${word} {"delay": ${String(parseDuration(delay) ?? 0n)}}`;
  }
  return reason === undefined ? word : `${word} ${reason}`;
}

function repliesOf(message: unknown): string[] {
  const list: unknown[] = Array.isArray(message) ? message : [message];
  return list.map((each) => {
    const reply = fieldOf(each, "reply");
    if (typeof reply !== "string") {
      throw new StepInvalid('step "ack": the message has no reply subject; pass a delivered message such as $got.messages.0');
    }
    return reply;
  });
}
