/**
 * One writer: keeps a window of publishes in flight, each payload unique, until there is enough or the server is gone. It goes on with its own
 * count after a fault, so a payload never comes twice.
 */
import { digestOf } from "../../evidence/history/message-digest.ts";
import { sendInWindow } from "./in-window.ts";
import type { RecordedClient } from "./recorded-client.ts";
import type { PhaseContext, WorkloadOptions } from "./workload.ts";

export interface Publication {
  readonly stream: string;
  readonly subject: string;
}

export class Publisher {
  readonly #process: number;
  readonly #to: Publication;
  readonly #options: WorkloadOptions;
  readonly #onAcknowledged: (seq: string) => void;
  #count = 0;

  constructor(
    process: number,
    { to, options, onAcknowledged }: { to: Publication; options: WorkloadOptions; onAcknowledged: (seq: string) => void },
  ) {
    this.#process = process;
    this.#to = to;
    this.#options = options;
    this.#onAcknowledged = onAcknowledged;
  }

  /** Ends with every publish answered or given up. `isEnough` is asked before each. */
  run(context: PhaseContext): Promise<void> {
    const next = (client: RecordedClient): Promise<void> => this.#publish(client);
    return sendInWindow({ process: this.#process, window: this.#options.window, next }, context);
  }

  async #publish(client: RecordedClient): Promise<void> {
    const { stream, subject } = this.#to;
    this.#count++;
    const text = `${this.#process}-${this.#count} `;
    const payload = Buffer.from(text.padEnd(this.#options.size, "."));
    const { outcome, reply } = await client.publish(
      { kind: "publish", stream, subject, digest: digestOf({ payload }) },
      { subject, payload },
    );
    if (outcome === "ok") {
      this.#onAcknowledged(String(reply?.seq));
    }
  }
}
