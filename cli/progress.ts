/**
 * Progress beside the data: on a terminal one line that is rewritten at most ten times a second, in CI a line per finished step and
 * nothing for the steps between. The last state is erased before anything else is printed.
 */
import type { Terminal } from "./terminal.ts";

const redrawMs = 100;

export class Progress {
  readonly #terminal: Terminal;
  readonly #quiet: boolean;
  #drawn = false;
  #lastDraw = 0;

  constructor(terminal: Terminal, options: { quiet: boolean }) {
    this.#terminal = terminal;
    this.#quiet = options.quiet;
  }

  /** A state that the next one replaces; shown only where a line can be rewritten. */
  status(text: string): void {
    const now = performance.now();
    if (this.#quiet || !this.#terminal.live || now - this.#lastDraw < redrawMs) {
      return;
    }
    this.#lastDraw = now;
    this.#drawn = true;
    this.#terminal.err(`\r\u001B[2K${cut(text, this.#terminal.columns - 1)}`);
  }

  /** A line that stays. */
  line(text: string): void {
    if (!this.#quiet) {
      this.clear();
      this.#terminal.err(`${text}\n`);
    }
  }

  clear(): void {
    if (this.#drawn) {
      this.#terminal.err("\r\u001B[2K");
      this.#drawn = false;
    }
  }
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}
