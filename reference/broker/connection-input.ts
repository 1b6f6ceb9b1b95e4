/** A connection as a source of input: what the turn loop holds back and lets go on. A held one is not stale, however silent it seems. */
import type { Socket } from "../ports.ts";
import type { InputSource } from "../turn-input.ts";
import type { Output } from "./output.ts";
import type { Pings } from "./pings.ts";

export class ConnectionInput implements InputSource {
  readonly share = { turn: 0, bytes: 0 };
  readonly #socket: Socket;
  readonly #pings: Pings;
  readonly #output: Output;

  constructor(socket: Socket, pings: Pings, output: Output) {
    this.#socket = socket;
    this.#pings = pings;
    this.#output = output;
  }

  get heldBytes(): number {
    return this.#output.heldBytes;
  }

  holdInput(): void {
    this.#pings.isDeaf = true;
    this.#socket.pause();
  }

  releaseInput(): void {
    this.#pings.isDeaf = false;
    this.#pings.heard();
    this.#socket.resume();
  }
}
