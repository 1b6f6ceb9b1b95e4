/**
 * Flow control of a push consumer (ADR-9): how many bytes are out that the receiver has not confirmed. Past half of the window the
 * receiver is asked to answer, past the whole window delivery stalls until it does. Every answer doubles the window, up to 32 MiB.
 */
const windowMax = 32 * 1024 * 1024;
const windowFirst = windowMax / 16;

export class FlowWindow {
  #window = windowFirst;
  #outstanding = 0;
  /** What the receiver has to answer on; empty when it was not asked. */
  #asked = "";
  /** How many of the outstanding bytes that answer confirms. */
  #askedFor = 0;

  get isStalled(): boolean {
    return this.#outstanding > this.#window;
  }

  get outstandingBytes(): number {
    return this.#outstanding;
  }

  /** The subject of the answer that is waited for; empty when none is. */
  get asked(): string {
    return this.#asked;
  }

  /** Counts a delivery; true when the receiver has to be asked now. */
  sent(bytes: number): boolean {
    this.#outstanding += bytes;
    if (this.#asked === "") {
      return this.#outstanding > this.#window / 2;
    }
    // A single message larger than the window must not stall the consumer for good.
    if (this.#outstanding - this.#askedFor >= this.#window) {
      this.#askedFor += bytes;
    }
    return false;
  }

  ask(subject: string): void {
    this.#asked = subject;
    this.#askedFor = this.#outstanding;
  }

  /** Takes the answer; false when it answers nothing that is still open. */
  answered(subject: string): boolean {
    if (subject !== this.#asked) {
      return false;
    }
    this.#window = Math.min(this.#window * 2, windowMax);
    this.#outstanding = Math.max(this.#outstanding - this.#askedFor, 0);
    this.#asked = "";
    this.#askedFor = 0;
    return true;
  }
}
