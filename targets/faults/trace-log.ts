/**
 * What strace wrote, read as it grows. One line a call, `PID call(…) = …`, in two halves (`<unfinished ...>`, `<... call resumed>`) when
 * another thread came between. A fault left its mark as `(INJECTED)` or `(DELAYED)`, or as a call that never ended and a SIGKILL.
 */
import { closeSync, openSync, readSync } from "node:fs";

export interface Hit {
  readonly call: string;
  /** The line, both halves together. */
  readonly line: string;
  readonly thread: number;
}

export class TraceLog {
  /** Calls of the watched group that were begun. */
  calls = 0;
  readonly hits: Hit[] = [];
  readonly threads = new Set<number>();
  #killed = false;
  readonly #file: string;
  #offset = 0;
  #rest = "";
  readonly #open = new Map<number, Hit>();
  readonly #counts = new Map<string, number>();

  constructor(file: string) {
    this.#file = file;
  }

  /** Takes in what was written since the last time. */
  read(): void {
    const lines = (this.#rest + this.#newText()).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) {
      this.#take(line);
    }
  }

  /** The call at which SIGKILL was to come, when it was begun, never ended, and a thread of the server ended by SIGKILL. */
  killedAt(count: number): Hit | undefined {
    return this.#killed ? [...this.#open.values()].find(({ thread, call }) => this.#countOf(thread, call) === count) : undefined;
  }

  /** Calls under way that have come as far as `at`, also one whose line is not ended yet: what is being delayed right now, or was at the end. */
  underWay({ at, repeats }: { at: number; repeats: boolean }): Hit[] {
    const reached = (count: number) => count === at || (repeats && count > at);
    const open = [...this.#open.values()].filter(({ thread, call }) => reached(this.#countOf(thread, call)));
    const [, pid, line = "", call = ""] = /^(\d+)\s+((\w+)\(.*)$/.exec(this.#rest) ?? [];
    const last = { thread: Number(pid), line, call };
    return call !== "" && reached(this.#countOf(last.thread, call) + 1) ? [...open, last] : open;
  }

  #take(line: string): void {
    const [, pid, text = ""] = /^(\d+)\s+(?:\d+\.\d+\s+)?(.*)$/.exec(line) ?? [];
    const thread = Number(pid);
    if (text.startsWith("+++ killed by SIGKILL")) {
      this.#killed = true;
      return;
    }
    const resumed = /^<\.\.\. (\w+) resumed>/.exec(text);
    if (resumed !== null) {
      this.#finish(thread, text);
      return;
    }
    const call = /^(\w+)\(/.exec(text)?.[1];
    if (call !== undefined) {
      this.#begin({ call, line: text, thread });
    }
  }

  #begin(hit: Hit): void {
    const { thread, call, line } = hit;
    this.calls++;
    this.threads.add(thread);
    this.#counts.set(`${thread} ${call}`, this.#countOf(thread, call) + 1);
    if (line.includes("<unfinished ...>") || line.includes("<detached ...>")) {
      this.#open.set(thread, hit);
    } else if (isMarked(line)) {
      this.hits.push(hit);
    } else if (line.trimEnd().endsWith("= ?")) {
      // A call that never ended and was not interrupted by another line.
      this.#open.set(thread, hit);
    }
  }

  #finish(thread: number, text: string): void {
    const begun = this.#open.get(thread);
    if (begun === undefined || /= \?(?: <unavailable>)?$/.test(text.trimEnd())) {
      return;
    }
    this.#open.delete(thread);
    const line = begun.line.replace("<unfinished ...>", "") + text.replace(/^<[^>]*>/, "");
    if (isMarked(line)) {
      this.hits.push({ ...begun, line });
    }
  }

  #countOf(thread: number, call: string): number {
    return this.#counts.get(`${thread} ${call}`) ?? 0;
  }

  #newText(): string {
    let descriptor: number;
    try {
      descriptor = openSync(this.#file, "r");
    } catch {
      return "";
    }
    try {
      const parts: Buffer[] = [];
      for (;;) {
        const chunk = Buffer.alloc(65_536);
        const length = readSync(descriptor, chunk, 0, chunk.length, this.#offset);
        if (length === 0) {
          return Buffer.concat(parts).toString("latin1");
        }
        this.#offset += length;
        parts.push(chunk.subarray(0, length));
      }
    } finally {
      closeSync(descriptor);
    }
  }
}

function isMarked(line: string): boolean {
  return line.includes("(INJECTED)") || line.includes("(DELAYED)");
}
