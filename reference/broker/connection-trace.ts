/** The lines that -D and -V write about one connection. Nothing is formatted while nobody reads them. */
import type { PublishFrame } from "../protocol/publish-frame.ts";
import type { ConnectionLog } from "./connection-host.ts";
import type { Message } from "./message.ts";
import type { Subscription } from "./subscription.ts";

export class ConnectionTrace {
  readonly label: string;
  readonly #log: ConnectionLog;

  constructor(log: ConnectionLog, label: string) {
    this.#log = log;
    this.label = label;
  }

  get tracing(): boolean {
    return this.#log.tracing;
  }

  debug(text: string): void {
    if (this.#log.debugging) {
      this.#log.debug(`${this.label} - ${text}`);
    }
  }

  warn(text: string): void {
    this.#log.warn(`${this.label} - ${text}`);
  }

  error(text: string): void {
    this.#log.error(`${this.label} - ${text}`);
  }

  received(verb: string, argument = ""): void {
    if (this.#log.tracing) {
      this.#log.trace(`${this.label} - <<- [${argument === "" ? verb : `${verb} ${argument}`}]`);
    }
  }

  published(frame: PublishFrame): void {
    const { buffer, subjectStart, sizeEnd, headersStart, payloadStart, payloadEnd } = frame;
    this.received(payloadStart > headersStart ? "HPUB" : "PUB", buffer.toString("latin1", subjectStart, sizeEnd));
    this.#log.trace(`${this.label} - <<- MSG_PAYLOAD: [${JSON.stringify(buffer.toString("latin1", headersStart, payloadEnd))}]`);
  }

  delivered(subscription: Subscription, message: Message): void {
    const subject = Buffer.from(message.subjectOctets.subarray(message.subjectStart, message.subjectEnd)).toString("latin1");
    const sid = Buffer.from(subscription.sid).toString("latin1");
    this.#log.trace(`${this.label} - ->> [MSG ${subject} ${sid} ${message.payloadEnd - message.headersStart}]`);
  }
}
