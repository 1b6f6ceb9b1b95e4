/**
 * Incremental parser of what a server sends: INFO, MSG, HMSG, PING, PONG, +OK, -ERR. One pass over the bytes, nothing allocated a message:
 * the sink receives one re-used `MessageFrame` of positions, valid during the call only.
 *
 * Invariants: a frame is handed over once and whole, whatever the split points; what is held back never exceeds one frame of the size
 * limits; a stream that is not the protocol throws `WIRE_PROTOCOL`, after which the parser takes nothing more.
 */
import { parseDigits } from "./digits.ts";
import { WireError } from "./errors.ts";
import { emptyFrame, type MessageFrame } from "./message-frame.ts";
import { notPlain, readPlainLine } from "./plain-line.ts";

export type { MessageFrame } from "./message-frame.ts";

export type ControlVerb = "INFO" | "PING" | "PONG" | "+OK" | "-ERR";

export interface FrameSink {
  message(frame: MessageFrame): void;
  /** `argument` is what follows the verb, without blanks around it. */
  control(verb: ControlVerb, argument: string): void;
}

export interface ParserLimits {
  /** Longest control line; INFO of a large cluster is long. */
  readonly lineBytesMax: number;
  /** Largest header block plus payload. */
  readonly messageBytesMax: number;
}

export const defaultLimits: ParserLimits = { lineBytesMax: 1024 * 1024, messageBytesMax: 64 * 1024 * 1024 };

const LF = 10;
const CR = 13;
const incomplete = -1;
const noBytes = Buffer.alloc(0);
const tokensMax = 5;

export class FrameParser {
  readonly #sink: FrameSink;
  readonly #limits: ParserLimits;
  readonly #frame: MessageFrame = emptyFrame();
  readonly #tokens = new Int32Array(tokensMax * 2);
  #tokenCount = 0;
  /** Bytes of one unfinished frame, `#held[0..#heldEnd)`. */
  #held: Buffer = noBytes;
  #heldEnd = 0;
  /** Length the unfinished frame must reach before it is looked at again; 0 while its control line is unfinished. */
  #needed = 0;
  #stopped = false;
  /** While `control` runs: the bytes behind its frame. */
  #behind: Buffer = noBytes;

  constructor(sink: FrameSink, limits: ParserLimits = defaultLimits) {
    this.#sink = sink;
    this.#limits = limits;
  }

  /** True between frames: the stream may end here without cutting one. */
  get atBoundary(): boolean {
    return this.#heldEnd === 0;
  }

  /** Takes nothing more. From within a call of `control` it returns a copy of the bytes behind the frame being handed over. */
  stop(): Buffer {
    const rest = Buffer.from(this.#behind);
    this.#stopped = true;
    this.#held = noBytes;
    this.#heldEnd = 0;
    this.#behind = noBytes;
    return rest;
  }

  push(chunk: Buffer): void {
    if (this.#stopped) {
      return;
    }
    try {
      this.#take(chunk);
    } catch (error) {
      this.stop();
      throw error;
    }
  }

  #take(chunk: Buffer): void {
    if (this.#heldEnd === 0) {
      const consumed = this.#parse(chunk, chunk.length);
      this.#hold(chunk, consumed);
      return;
    }
    const before = this.#heldEnd;
    this.#hold(chunk, 0);
    if (this.#needed === 0 ? chunk.indexOf(LF) < 0 : this.#heldEnd < this.#needed) {
      this.#checkLine(this.#needed === 0 ? this.#heldEnd : 0);
      return;
    }
    // Only the frame begun earlier is completed in the held bytes; the rest of the chunk is parsed where it lies.
    const consumed = this.#parse(this.#held, this.#heldEnd, true);
    if (consumed === 0) {
      return;
    }
    this.#heldEnd = 0;
    if (this.#held.length > 1024 * 1024) {
      this.#held = noBytes;
    }
    const rest = consumed - before;
    this.#hold(chunk, rest + this.#parse(chunk.subarray(rest), chunk.length - rest));
  }

  #hold(chunk: Buffer, from: number): void {
    const size = chunk.length - from;
    if (size <= 0 || this.#stopped) {
      return;
    }
    const end = this.#heldEnd + size;
    if (end > this.#held.length) {
      // Doubling keeps the copying linear for a large frame that arrives in small pieces.
      const grown = Buffer.allocUnsafe(Math.max(end, this.#needed, this.#held.length * 2, 4096));
      this.#held.copy(grown, 0, 0, this.#heldEnd);
      this.#held = grown;
    }
    chunk.copy(this.#held, this.#heldEnd, from);
    this.#heldEnd = end;
  }

  /** Returns how many bytes belong to whole frames. */
  #parse(bytes: Buffer, end: number, single = false): number {
    let at = 0;
    while (at < end && !this.#stopped) {
      const next = this.#parseFrame(bytes, at, end);
      if (next === incomplete) {
        break;
      }
      at = next;
      if (single) {
        break;
      }
    }
    return at;
  }

  #parseFrame(bytes: Buffer, at: number, end: number): number {
    this.#needed = 0;
    // The case bit is set: verbs are case-insensitive.
    const first = bytes[at]! | 0x20;
    if (first === 0x6d || first === 0x68) {
      return this.#parseMessage(bytes, at, end, first === 0x68);
    }
    return this.#parseControl(bytes, at, end);
  }

  #parseMessage(bytes: Buffer, at: number, end: number, withHeaders: boolean): number {
    const frame = this.#frame;
    const lineEnd = withHeaders ? notPlain : readPlainLine(bytes, at, end, frame);
    const { lineBytesMax, messageBytesMax } = this.#limits;
    const isPlain = lineEnd !== notPlain && lineEnd - at <= lineBytesMax && frame.payloadEnd - lineEnd <= messageBytesMax;
    const bodyStart = isPlain ? lineEnd + 1 : this.#readAnyLine(bytes, { at, end, withHeaders });
    if (bodyStart === incomplete) {
      return incomplete;
    }
    const { payloadEnd } = frame;
    if (payloadEnd + 2 > end) {
      this.#needed = payloadEnd + 2 - at;
      return incomplete;
    }
    if (bytes[payloadEnd] !== CR || bytes[payloadEnd + 1] !== LF) {
      throw malformed(withHeaders ? "HMSG" : "MSG", "a payload that CR LF does not follow", bytes, at, bodyStart - 1);
    }
    frame.bytes = bytes;
    frame.frameStart = at;
    frame.frameEnd = payloadEnd + 2;
    this.#sink.message(frame);
    return payloadEnd + 2;
  }

  /** Any form the protocol allows. Fills the frame and returns where its headers begin, or `incomplete`; throws for what is not allowed. */
  #readAnyLine(bytes: Buffer, { at, end, withHeaders }: { at: number; end: number; withHeaders: boolean }): number {
    const verb = withHeaders ? "HMSG" : "MSG";
    const lineEnd = this.#tokenise(bytes, at + verb.length, end);
    if (lineEnd === incomplete) {
      this.#checkLine(end - at);
      return incomplete;
    }
    this.#checkLine(lineEnd - at);
    if (!isVerb(bytes, at, verb)) {
      throw unknownLine(bytes, at, lineEnd);
    }
    const sizes = withHeaders ? 2 : 1;
    const names = this.#tokenCount - sizes;
    if (names !== 2 && names !== 3) {
      throw malformed(verb, "a wrong number of arguments", bytes, at, lineEnd);
    }
    const total = this.#number(bytes, this.#tokenCount - 1);
    const headers = withHeaders ? this.#number(bytes, this.#tokenCount - 2) : 0;
    if (total < 0 || headers < 0 || headers > total) {
      throw malformed(verb, "a wrong size", bytes, at, lineEnd);
    }
    if (total > this.#limits.messageBytesMax) {
      throw malformed(verb, `a size over the limit of ${this.#limits.messageBytesMax} bytes`, bytes, at, lineEnd);
    }
    this.#place(names, { headersStart: lineEnd + 1, headers, total });
    return lineEnd + 1;
  }

  #place(names: number, body: { headersStart: number; headers: number; total: number }): void {
    const frame = this.#frame;
    const tokens = this.#tokens;
    frame.subjectStart = tokens[0]!;
    frame.subjectEnd = tokens[1]!;
    frame.sidStart = tokens[2]!;
    frame.sidEnd = tokens[3]!;
    frame.replyStart = names === 3 ? tokens[4]! : 0;
    frame.replyEnd = names === 3 ? tokens[5]! : 0;
    frame.headersStart = body.headersStart;
    frame.headersEnd = body.headersStart + body.headers;
    frame.payloadStart = frame.headersEnd;
    frame.payloadEnd = body.headersStart + body.total;
  }

  /** Splits the arguments on runs of blanks. Returns the position of LF, or `incomplete`. */
  #tokenise(bytes: Buffer, from: number, end: number): number {
    const tokens = this.#tokens;
    let count = 0;
    let start = -1;
    for (let at = from; at < end; at++) {
      const byte = bytes[at]!;
      if (byte > 32) {
        if (start < 0) {
          start = at;
        }
        continue;
      }
      const isEnd = byte === LF;
      if (!isEnd && byte !== 32 && byte !== 9 && byte !== CR) {
        if (start < 0) {
          start = at;
        }
        continue;
      }
      if (start >= 0) {
        if (count < tokensMax) {
          tokens[count * 2] = start;
          tokens[count * 2 + 1] = at;
        }
        count++;
        start = -1;
      }
      if (isEnd) {
        this.#tokenCount = count > tokensMax ? 0 : count;
        return at;
      }
    }
    return incomplete;
  }

  #number(bytes: Buffer, token: number): number {
    const start = this.#tokens[token * 2]!;
    const end = this.#tokens[token * 2 + 1]!;
    return parseDigits(bytes, start, end);
  }

  #parseControl(bytes: Buffer, at: number, end: number): number {
    const lineEnd = bytes.subarray(0, end).indexOf(LF, at);
    if (lineEnd < 0) {
      this.#checkLine(end - at);
      this.#checkBeginning(bytes, at);
      return incomplete;
    }
    this.#checkLine(lineEnd - at);
    const line = bytes.toString("utf8", at, lineEnd).trimEnd();
    const split = line.search(/[ \t]/);
    const verb = controlVerb(split < 0 ? line : line.slice(0, split));
    if (verb === undefined) {
      throw unknownLine(bytes, at, lineEnd);
    }
    this.#behind = bytes.subarray(lineEnd + 1, end);
    this.#sink.control(verb, split < 0 ? "" : line.slice(split + 1).trim());
    this.#behind = noBytes;
    return lineEnd + 1;
  }

  /** An endless line of garbage is refused at its first byte, not at the limit. */
  #checkBeginning(bytes: Buffer, at: number): void {
    const first = String.fromCharCode(bytes[at]!).toUpperCase();
    if (!"IP+-".includes(first)) {
      throw unknownLine(bytes, at, Math.min(bytes.length, at + 40));
    }
  }

  #checkLine(size: number): void {
    if (size > this.#limits.lineBytesMax) {
      throw new WireError("WIRE_PROTOCOL", `a control line is longer than ${this.#limits.lineBytesMax} bytes`);
    }
  }
}

function isVerb(bytes: Buffer, at: number, verb: string): boolean {
  for (let index = 1; index < verb.length; index++) {
    if ((bytes[at + index]! & 0xdf) !== verb.charCodeAt(index)) {
      return false;
    }
  }
  const after = bytes[at + verb.length];
  return after === 32 || after === 9;
}

function controlVerb(text: string): ControlVerb | undefined {
  const verb = text.toUpperCase();
  switch (verb) {
    case "INFO":
    case "PING":
    case "PONG":
    case "+OK":
    case "-ERR":
      return verb;
    default:
      return undefined;
  }
}

function unknownLine(bytes: Buffer, start: number, end: number): WireError {
  return new WireError("WIRE_PROTOCOL", `not a frame of the NATS protocol: ${quote(bytes, start, end)}`);
}

function malformed(verb: string, what: string, bytes: Buffer, start: number, end: number): WireError {
  return new WireError("WIRE_PROTOCOL", `${verb} with ${what}: ${quote(bytes, start, end)}`);
}

function quote(bytes: Buffer, start: number, end: number): string {
  return JSON.stringify(bytes.toString("latin1", start, Math.min(end, start + 80)));
}
