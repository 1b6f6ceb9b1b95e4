/**
 * One client of a workload: a connection whose operations go into the history, begun before the first byte is sent and ended as yes, no or
 * unknown. It never throws for what a server does; `gone` says that nothing more can come of this life of the server.
 */

import type { z } from "zod";
import type { CompletionEvent, Operation } from "../../evidence/history/events.ts";
import type { HistoryWriter } from "../../evidence/history/history-writer.ts";
import { digestOf } from "../../evidence/history/message-digest.ts";
import { type Connection, connect } from "../../wire/connection.ts";
import { isWireError } from "../../wire/errors.ts";
import type { OutgoingMessage } from "../../wire/frames.ts";
import { Headers } from "../../wire/headers.ts";
import { type ChangeReply, changeReply, messageReply, readReply } from "./replies.ts";
import type { PhaseContext } from "./workload.ts";

const messageNotFound = 10037;

type ApiError = NonNullable<CompletionEvent["error"]>;
export interface Outcome {
  readonly outcome: "ok" | "fail" | "info";
  /** What the server said, when it said something. */
  readonly reply: ChangeReply | undefined;
}

export class RecordedClient {
  readonly connection: Connection;
  readonly #history: HistoryWriter;
  readonly #process: number;
  readonly #timeoutMs: number;
  readonly #answered: PhaseContext["answered"];
  #gone = false;

  static async open(process: number, context: PhaseContext): Promise<RecordedClient> {
    const { url, timeoutMs } = context;
    const connection = await connect({ url, name: `w${process}`, timeoutMs, signal: context.signal });
    // After a cut nothing that is still on its way counts as answered.
    context.cut.addEventListener("abort", () => void connection.close(), { once: true });
    return new RecordedClient(connection, process, context);
  }

  private constructor(connection: Connection, process: number, { history, timeoutMs, answered }: PhaseContext) {
    this.connection = connection;
    this.#process = process;
    this.#history = history;
    this.#timeoutMs = timeoutMs;
    this.#answered = answered;
  }

  get gone(): boolean {
    return this.#gone || this.connection.isClosed;
  }

  publish(op: Extract<Operation, { kind: "publish" }>, message: OutgoingMessage): Promise<Outcome> {
    return this.#ask(op, message, ({ seq, duplicate }) =>
      seq === undefined ? undefined : { seq: String(seq), ...(duplicate === true ? { duplicate } : {}) },
    );
  }

  api(op: Operation, subject: string, body?: unknown): Promise<Outcome> {
    const payload = body === undefined ? "" : JSON.stringify(body);
    return this.#ask(op, { subject: `$JS.API.${subject}`, payload }, (reply) =>
      op.kind === "purge" ? { purged: Number(reply["purged"]) } : {},
    );
  }

  /** The last message of a subject. Gives its sequence; undefined when there is none, or nothing is known. */
  async getLast(op: Extract<Operation, { kind: "get" }> & { readonly subject: string }): Promise<string | undefined> {
    const id = this.#history.invoke(this.#process, op);
    const payload = JSON.stringify({ last_by_subj: op.subject });
    try {
      const answer = await this.connection.request(
        { subject: `$JS.API.STREAM.MSG.GET.${op.stream}`, payload },
        { timeoutMs: this.#timeoutMs },
      );
      return this.#seen(id, readReply(messageReply, answer));
    } catch (error) {
      this.#lost(id, error);
      return undefined;
    }
  }

  /** A double ack: the server's empty answer is its yes. */
  confirmedAck(op: Extract<Operation, { kind: "ack" }>, subject: string): Promise<Outcome> {
    return this.#ask(op, { subject, payload: "+ACK" }, () => ({}));
  }

  /** An ack that nobody answers has no known outcome. */
  plainAck(op: Extract<Operation, { kind: "ack" }>, subject: string): void {
    const id = this.#history.invoke(this.#process, op);
    this.#history.info(id, "not confirmed");
    if (!this.gone) {
      this.connection.publish({ subject, payload: "+ACK" });
    }
  }

  async close(): Promise<void> {
    await this.connection.close();
  }

  async #ask(op: Operation, message: OutgoingMessage, yes: (reply: ChangeReply) => Partial<CompletionEvent> | undefined): Promise<Outcome> {
    const id = this.#history.invoke(this.#process, op);
    try {
      const answer = await this.connection.request(message, { timeoutMs: this.#timeoutMs });
      // The answer to a double ack is empty.
      const reply = answer.payload.byteLength === 0 && op.kind === "ack" ? {} : readReply(changeReply, answer);
      const end = this.#end(id, reply, yes);
      if (end.outcome === "ok") {
        this.#answered(op);
      }
      return end;
    } catch (error) {
      this.#lost(id, error);
      return { outcome: "info", reply: undefined };
    }
  }

  #seen(id: number, reply: z.infer<typeof messageReply> | undefined): string | undefined {
    if (reply?.message !== undefined) {
      const { seq, subject, hdrs, data = "" } = reply.message;
      const headers = hdrs === undefined ? {} : { headers: Headers.parse(Buffer.from(hdrs, "base64")) };
      const digest = digestOf({ payload: Buffer.from(data, "base64"), ...headers });
      this.#history.ok(id, { message: { seq: String(seq), subject, digest } });
      return String(seq);
    }
    if (reply?.error?.err_code === messageNotFound) {
      this.#history.ok(id, { absent: true });
    } else if (reply?.error === undefined) {
      this.#history.info(id, "unreadable answer");
    } else {
      this.#history.fail(id, apiError(reply.error));
    }
    return undefined;
  }

  #lost(id: number, error: unknown): void {
    if (!isWireError(error)) {
      throw error;
    }
    this.#gone = true;
    this.#history.info(id, reasons[error.code] ?? "disconnected");
  }

  /** What can't be read as an answer leaves the outcome unknown. */
  #end(id: number, reply: ChangeReply | undefined, yes: (reply: ChangeReply) => Partial<CompletionEvent> | undefined): Outcome {
    if (reply?.error !== undefined) {
      this.#history.fail(id, apiError(reply.error));
      return { outcome: "fail", reply };
    }
    const said = reply === undefined ? undefined : yes(reply);
    if (said === undefined) {
      this.#history.info(id, "unreadable answer");
      return { outcome: "info", reply: undefined };
    }
    this.#history.ok(id, said);
    return { outcome: "ok", reply };
  }
}

const reasons: Readonly<Record<string, string>> = { WIRE_TIMEOUT: "timeout", WIRE_NO_RESPONDERS: "no-responders" };

function apiError({ code, err_code: errCode, description = "" }: NonNullable<ChangeReply["error"]>): ApiError {
  return { ...(code === undefined ? {} : { code }), ...(errCode === undefined ? {} : { errCode }), description };
}
