/** One received message. Its bytes are its own copy; headers are read on first use. */
import { Headers, type Status } from "./headers.ts";
import type { MessageFrame } from "./parser.ts";

export interface Message {
  readonly subject: string;
  readonly sid: string;
  readonly reply: string | undefined;
  /** undefined for MSG. Throws `WIRE_PROTOCOL` when the block is malformed. */
  readonly headers: Headers | undefined;
  /** The header block as received, empty for MSG. */
  readonly headerBytes: Uint8Array;
  readonly payload: Uint8Array;
  /** The status line of messages that the server itself sends. */
  readonly status: Status | undefined;
  /** `performance.now()` when its bytes were read from the socket. */
  readonly receivedAtMs: number;
  text(): string;
  /** Throws SyntaxError when the payload is not JSON. Numbers above 2^53 lose digits; read `text()` where they matter. */
  json(): unknown;
}

export function messageOf(frame: MessageFrame, receivedAtMs: number): Message {
  return new ReceivedMessage(frame, receivedAtMs);
}

class ReceivedMessage implements Message {
  readonly subject: string;
  readonly sid: string;
  readonly reply: string | undefined;
  readonly headerBytes: Uint8Array;
  readonly payload: Buffer;
  readonly receivedAtMs: number;
  #headers: Headers | undefined;

  constructor(frame: MessageFrame, receivedAtMs: number) {
    const { bytes } = frame;
    this.subject = bytes.toString("utf8", frame.subjectStart, frame.subjectEnd);
    this.sid = bytes.toString("utf8", frame.sidStart, frame.sidEnd);
    this.reply = frame.replyEnd === frame.replyStart ? undefined : bytes.toString("utf8", frame.replyStart, frame.replyEnd);
    // Copied: the parser re-uses its buffer, and a slice would keep a whole socket read alive.
    const body = Buffer.from(bytes.subarray(frame.headersStart, frame.payloadEnd));
    const headersSize = frame.headersEnd - frame.headersStart;
    this.headerBytes = body.subarray(0, headersSize);
    this.payload = body.subarray(headersSize);
    this.receivedAtMs = receivedAtMs;
  }

  get headers(): Headers | undefined {
    if (this.#headers === undefined && this.headerBytes.byteLength > 0) {
      this.#headers = Headers.parse(this.headerBytes);
    }
    return this.#headers;
  }

  get status(): Status | undefined {
    return this.headers?.status;
  }

  text(): string {
    return this.payload.toString("utf8");
  }

  json(): unknown {
    return JSON.parse(this.text()) as unknown;
  }
}
