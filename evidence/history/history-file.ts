/**
 * A history sink on a file. Lines are gathered into blocks and written in order; `flush` before and after every fault, so that what the judge
 * saw is on disk should the judge itself die.
 */
import { closeSync, openSync, writeSync } from "node:fs";
import type { HistorySink } from "./history-writer.ts";

const blockLengthMax = 64 * 1024;

export class HistoryFile implements HistorySink {
  readonly path: string;
  #file: number | undefined;
  #pending: string[] = [];
  #pendingLength = 0;

  /** Creates the file, or empties it. The folder must exist. */
  constructor(path: string) {
    this.path = path;
    this.#file = openSync(path, "w");
  }

  write(line: string): void {
    this.#pending.push(line);
    this.#pendingLength += line.length;
    if (this.#pendingLength >= blockLengthMax) {
      this.flush();
    }
  }

  flush(): void {
    if (this.#file === undefined || this.#pending.length === 0) {
      return;
    }
    const bytes = Buffer.from(this.#pending.join(""));
    this.#pending = [];
    this.#pendingLength = 0;
    for (let written = 0; written < bytes.length; ) {
      written += writeSync(this.#file, bytes, written);
    }
  }

  close(): void {
    this.flush();
    if (this.#file !== undefined) {
      closeSync(this.#file);
      this.#file = undefined;
    }
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
