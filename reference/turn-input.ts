/**
 * Who may go on sending. A connection that has had its share of the turn is read again when the turn has ended, so that one flood does not
 * keep the others waiting; one whose input makes the memory grow while the disk does not answer is read again when it did.
 */

/** A connection as a source of input. */
export interface InputSource {
  /** No more bytes are taken from the socket until `releaseInput`. */
  holdInput(): void;
  releaseInput(): void;
  /** Output that waits for an epoch to become durable. */
  readonly heldBytes: number;
  /** What it sent in which turn; the gate's own notes. */
  readonly share: { turn: number; bytes: number };
}

/** A quarter of a turn's input. */
const SHARE_BYTES = 256 * 1024;
/** What may wait for a commit that is under way. A commit of this size is what a slow disk likes best, too. */
const BACKLOG_BYTES = 16 * 1024 * 1024;
/** Answers of one connection that may wait for it. */
const HELD_BYTES = 4 * 1024 * 1024;

export class InputGate {
  #turn = 1;
  #backlog = 0;
  readonly #sated = new Set<InputSource>();
  readonly #stalled = new Set<InputSource>();

  /** Bytes from `source` were stepped; `backlog` is what waits for the disk now. */
  took(source: InputSource, bytes: number, backlog: number): void {
    const { share } = source;
    const grew = backlog > this.#backlog;
    this.#backlog = backlog;
    share.bytes = share.turn === this.#turn ? share.bytes + bytes : bytes;
    share.turn = this.#turn;
    if ((grew && backlog > BACKLOG_BYTES) || source.heldBytes > HELD_BYTES) {
      this.#stalled.add(source);
      source.holdInput();
    } else if (share.bytes >= SHARE_BYTES) {
      this.#sated.add(source);
      source.holdInput();
    }
  }

  /** Releases whom it may; they may deliver within this call. */
  turnEnded(backlog: number): void {
    this.#turn += 1;
    this.#backlog = backlog;
    if (this.#sated.size > 0) {
      this.#release(this.#sated, ({ heldBytes }) => heldBytes <= HELD_BYTES);
    }
    if (this.#stalled.size > 0 && backlog <= BACKLOG_BYTES / 2) {
      this.#release(this.#stalled, ({ heldBytes }) => heldBytes <= HELD_BYTES / 2);
    }
  }

  #release(from: Set<InputSource>, mayGoOn: (source: InputSource) => boolean): void {
    for (const source of [...from].filter(mayGoOn)) {
      from.delete(source);
      source.releaseInput();
    }
  }
}
