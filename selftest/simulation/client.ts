/** A client at the end of a simulated connection: reads the protocol's bytes and keeps what arrived apart by where it was sent. */
import type { SimulatedPeer } from "../../reference/sim/simulated-net.ts";

export interface Received {
  readonly subject: string;
  readonly reply: string;
  /** 0 without a status line. */
  readonly status: number;
  readonly headers: string;
  readonly payload: string;
}

export class SimulatedClient {
  readonly peer: SimulatedPeer;
  readonly inbox: string;
  #rest = "";

  constructor(peer: SimulatedPeer, name: string) {
    this.peer = peer;
    this.inbox = `inbox.${name}`;
    this.peer.send(`CONNECT {"verbose":false,"headers":true,"no_responders":true}\r\nSUB ${this.inbox}.> 1\r\n`);
  }

  /** Messages that arrived since the last call; pings are answered. */
  take(): Received[] {
    this.#rest += this.peer.takeReceived();
    const received: Received[] = [];
    for (let end = this.#rest.indexOf("\r\n"); end >= 0; end = this.#rest.indexOf("\r\n")) {
      const line = this.#rest.slice(0, end);
      const words = line.split(" ");
      if (words[0] !== "MSG" && words[0] !== "HMSG") {
        this.#rest = this.#rest.slice(end + 2);
        if (line === "PING") {
          this.peer.send("PONG\r\n");
        }
        continue;
      }
      const total = Number(words.at(-1));
      if (this.#rest.length < end + 4 + total) {
        return received;
      }
      const headerBytes = words[0] === "HMSG" ? Number(words.at(-2)) : 0;
      const hasReply = words.length === (words[0] === "HMSG" ? 6 : 5);
      const headers = this.#rest.slice(end + 2, end + 2 + headerBytes);
      received.push({
        subject: words[1] ?? "",
        reply: hasReply ? (words[3] ?? "") : "",
        status: Number(/^NATS\/1\.0 (\d{3})/.exec(headers)?.[1] ?? 0),
        headers,
        payload: this.#rest.slice(end + 2 + headerBytes, end + 2 + total),
      });
      this.#rest = this.#rest.slice(end + 4 + total);
    }
    return received;
  }
}
