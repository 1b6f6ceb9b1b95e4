/** The newest frames of one connection as printable text. Bounded in frames and in text a frame, so tracing may stay on for a whole run. */

/** `atMs` is `performance.now()`: one monotonic clock for all connections of the process. */
export interface TraceFrame {
  readonly atMs: number;
  readonly direction: "sent" | "received";
  readonly connection: string;
  readonly text: string;
}

const framesMax = 4096;
const textMax = 512;

export class Trace {
  readonly #connection: string;
  #frames: TraceFrame[] = [];

  constructor(connection: string) {
    this.#connection = connection;
  }

  get frames(): readonly TraceFrame[] {
    return this.#frames;
  }

  add(direction: "sent" | "received", frame: Uint8Array | string): void {
    if (this.#frames.length >= framesMax) {
      this.#frames = this.#frames.slice(framesMax / 2);
    }
    this.#frames.push({ atMs: performance.now(), direction, connection: this.#connection, text: printable(frame) });
  }

  clear(): void {
    this.#frames = [];
  }
}

/** One line: line ends as `␍␊`, other unprintable bytes as `\xNN`, credentials hidden, cut with its full length named. */
export function printable(frame: Uint8Array | string): string {
  const bytes = typeof frame === "string" ? Buffer.from(frame) : Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength);
  const whole = bytes.length <= textMax;
  const text = escape(bytes.toString("utf8", 0, textMax).replace(/(?:\r\n)+$/, ""));
  const shown = text.startsWith("CONNECT ") ? hideCredentials(text) : text;
  return whole ? shown : `${shown}… (${bytes.length} bytes)`;
}

function escape(text: string): string {
  return text
    .replaceAll("\r\n", "␍␊")
    .replace(/[\p{Cc}\u2028\u2029]/gu, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`);
}

function hideCredentials(text: string): string {
  return text.replace(/"(pass|auth_token|jwt|sig)":"(?:[^"\\]|\\.)*"?/g, '"$1":"…"');
}
