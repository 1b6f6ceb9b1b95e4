/**
 * One client of a workload: a connection whose operations go into the history, begun before the first byte is sent and ended as yes, no or
 * unknown. It never throws for what a server does; `gone` says that nothing more can come of this life of the server.
 */

import type { CompletionEvent, Operation } from "../../evidence/history/events.ts";
import type { HistoryWriter } from "../../evidence/history/history-writer.ts";
import { type Connection, connect } from "../../wire/connection.ts";
import { isWireError } from "../../wire/errors.ts";
import type { OutgoingMessage } from "../../wire/frames.ts";
import { type ChangeReply, changeReply, readReply } from "./replies.ts";
import type { PhaseContext } from "./workload.ts";

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
      if (!isWireError(error)) {
        throw error;
      }
      this.#gone = true;
      this.#history.info(id, reasons[error.code] ?? "disconnected");
      return { outcome: "info", reply: undefined };
    }
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
