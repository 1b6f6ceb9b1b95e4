/**
 * The incremental parser of the client side of the protocol: CONNECT, PUB, HPUB, SUB, UNSUB, PING, PONG, INFO, +OK, -ERR.
 *
 * Bytes arrive in chunks of any size and every split gives the same calls. A line that ends inside a chunk is read where it lies, and
 * a message whose payload lies in the chunk too is handed over in place. Only what a chunk cuts off is copied: a cut line into `#line`,
 * a cut message (arguments and payload together) into `#cut`.
 *
 * A byte that can't belong to any operation is answered as soon as it arrives, not at the end of its line (nats-server 2.15.2).
 */
import { ControlLine, skipBlanks } from "./control-line.ts";
import { CutMessage } from "./cut-message.ts";
import { CR, LF } from "./octets.ts";
import { OPERATION_PARTIAL, OPERATION_UNKNOWN, Operation, type OperationCode, operationAt, operationLength } from "./operation.ts";
import type { PublishFrame } from "./publish-frame.ts";

export type Violation =
  /** `-ERR 'Unknown Protocol Operation'`. */
  | "unknown-operation"
  /** `-ERR 'maximum control line exceeded'`. */
  | "control-line-too-long"
  /** `-ERR 'Maximum Payload Violation'`. */
  | "payload-too-large"
  /** `-ERR 'Authorization Violation'`: something came before the CONNECT that has to come first. */
  | "connect-expected"
  /** Malformed arguments or a -ERR from the client: the connection ends without a word. */
  | "silent";

/** What the parser found. Ranges are valid during the call only; a handler that has had enough calls `stop()`. */
export interface ProtocolHandler {
  connect(options: Buffer): void;
  publish(frame: PublishFrame): void;
  subscribe(subject: string, queue: string | undefined, sid: string): void;
  /** `max` is -1 when the line named none. */
  unsubscribe(sid: string, max: number): void;
  ping(): void;
  pong(): void;
  info(json: Buffer): void;
  violation(kind: Violation): void;
}

export interface ParserLimits {
  readonly maxControlLine: number;
  readonly maxPayload: number;
}

const NO_BYTES = Buffer.alloc(0);

export class Parser {
  /** Set before CONNECT on a server that asks for credentials. */
  connectExpected = false;
  /** HPUB is refused until CONNECT has said `headers: true`. */
  headersAllowed = false;

  readonly #handler: ProtocolHandler;
  readonly #limits: ParserLimits;
  readonly #frame: PublishFrame;
  #stopped = false;

  /** A line cut by the end of a chunk. */
  #line: Buffer = NO_BYTES;
  #lineLength = 0;
  /** The rest of a PING, PONG or +OK line means nothing, however long it is. */
  #lineIgnored = false;

  readonly #cut = new CutMessage();
  readonly #arguments = new ControlLine();

  constructor(handler: ProtocolHandler, frame: PublishFrame, limits: ParserLimits) {
    this.#handler = handler;
    this.#frame = frame;
    this.#limits = limits;
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  /** Nothing is handed over any more. */
  stop(): void {
    this.#stopped = true;
    this.#line = NO_BYTES;
    this.#lineLength = 0;
  }

  parse(chunk: Buffer): void {
    const end = chunk.length;
    let at = 0;
    while (at < end && !this.#stopped) {
      if (this.#cut.isPending) {
        at = this.#resumeMessage(chunk, at);
      } else if (this.#lineLength > 0) {
        at = this.#resumeLine(chunk, at);
      } else {
        at = this.#operation(chunk, at, end);
      }
    }
  }

  /** Handles the operation that starts at `start`; returns where the next one starts, `end` when the chunk is used up. */
  #operation(chunk: Buffer, start: number, end: number): number {
    const operation = operationAt(chunk, start, end);
    if (this.connectExpected && (chunk[start]! | 0x20) !== 0x63) {
      return this.#fail("connect-expected", end);
    }
    if (operation === OPERATION_UNKNOWN) {
      return this.#fail("unknown-operation", end);
    }
    if (operation === OPERATION_PARTIAL) {
      return this.#keepLine(chunk, start, end, false, end);
    }
    const from = start + operationLength(operation);
    switch (operation) {
      case Operation.publish:
      case Operation.headerPublish:
      case Operation.subscribe:
      case Operation.unsubscribe:
        return this.#argumentLine(operation, chunk, start, from, end);
      case Operation.ping:
      case Operation.pong:
      case Operation.ok:
        return this.#bareLine(operation, chunk, start, from, end);
      default:
        return this.#textLine(operation, chunk, start, from, end);
    }
  }

  /** PING, PONG, +OK: what follows up to LF is ignored. */
  #bareLine(operation: OperationCode, chunk: Buffer, start: number, from: number, end: number): number {
    const lineEnd = chunk.indexOf(LF, from);
    if (lineEnd < 0 || lineEnd >= end) {
      return this.#keepLine(chunk, start, from, true, end);
    }
    if (operation === Operation.ping) {
      this.#handler.ping();
    } else if (operation === Operation.pong) {
      this.#handler.pong();
    }
    return lineEnd + 1;
  }

  /** CONNECT, INFO, -ERR: one argument up to LF, blanks included. */
  #textLine(operation: OperationCode, chunk: Buffer, start: number, from: number, end: number): number {
    const first = skipBlanks(chunk, from, end);
    // The first byte of an argument is never the end of its line.
    const lineEnd = first + 1 < end ? chunk.indexOf(LF, first + 1) : -1;
    if (lineEnd < 0 || lineEnd >= end) {
      return this.#cutArguments(chunk, start, from, end);
    }
    const textEnd = chunk[lineEnd - 1] === CR && lineEnd - 1 > first ? lineEnd - 1 : lineEnd;
    if (textEnd - first > this.#limits.maxControlLine) {
      return this.#fail("control-line-too-long", end);
    }
    const text = chunk.subarray(first, textEnd);
    if (operation === Operation.connect) {
      this.#handler.connect(text);
    } else if (operation === Operation.info) {
      this.#handler.info(text);
    } else {
      return this.#fail("silent", end);
    }
    return lineEnd + 1;
  }

  /** PUB, HPUB, SUB, UNSUB: blank-separated arguments. */
  #argumentLine(operation: OperationCode, chunk: Buffer, start: number, from: number, end: number): number {
    const lineEnd = this.#arguments.scan(chunk, from, end);
    if (lineEnd < 0) {
      return this.#cutArguments(chunk, start, from, end);
    }
    if (lineEnd - from > this.#limits.maxControlLine && this.#argumentLength(chunk, from, lineEnd) > this.#limits.maxControlLine) {
      return this.#fail("control-line-too-long", end);
    }
    switch (operation) {
      case Operation.publish:
        return this.#publish(chunk, lineEnd + 1, end);
      case Operation.headerPublish:
        return this.#headerPublish(chunk, lineEnd + 1, end);
      case Operation.subscribe:
        return this.#subscribe(chunk, lineEnd + 1, end);
      default:
        return this.#unsubscribe(chunk, lineEnd + 1, end);
    }
  }

  /** The chunk ended inside the arguments that begin at `from`; blanks in front of them are not worth keeping. */
  #cutArguments(chunk: Buffer, start: number, from: number, end: number): number {
    const first = skipBlanks(chunk, from, end);
    // One byte more may still turn out to be the CR of the line's end.
    if (end - first > this.#limits.maxControlLine + 1) {
      return this.#fail("control-line-too-long", end);
    }
    return this.#keepLine(chunk, start, first === end ? from : end, false, end);
  }

  #argumentLength(chunk: Buffer, from: number, lineEnd: number): number {
    const textEnd = chunk[lineEnd - 1] === CR ? lineEnd - 1 : lineEnd;
    return textEnd - skipBlanks(chunk, from, textEnd);
  }

  #publish(chunk: Buffer, payloadStart: number, end: number): number {
    const { count } = this.#arguments;
    if (count < 2 || count > 3) {
      return this.#fail("silent", end);
    }
    const frame = this.#frame;
    frame.headerSizeStart = 0;
    frame.headerSizeEnd = 0;
    return this.#message(chunk, payloadStart, 0, end);
  }

  #headerPublish(chunk: Buffer, bodyStart: number, end: number): number {
    const { count } = this.#arguments;
    if (!this.headersAllowed || count < 3 || count > 4) {
      return this.#fail("silent", end);
    }
    const headerSize = this.#arguments.size(chunk, count - 2);
    if (headerSize < 0) {
      return this.#fail("silent", end);
    }
    const frame = this.#frame;
    frame.headerSizeStart = this.#arguments.start(count - 2);
    frame.headerSizeEnd = this.#arguments.end(count - 2);
    return this.#message(chunk, bodyStart, headerSize, end);
  }

  /** The arguments are known to be of the right number; the last one is the size of what follows. */
  #message(chunk: Buffer, bodyStart: number, headerSize: number, end: number): number {
    const line = this.#arguments;
    const frame = this.#frame;
    const last = line.count - 1;
    const size = line.size(chunk, last);
    if (size < headerSize) {
      return this.#fail("silent", end);
    }
    if (size > this.#limits.maxPayload) {
      return this.#fail("payload-too-large", end);
    }
    const hasReply = last === (frame.headerSizeEnd > 0 ? 3 : 2);
    frame.buffer = chunk;
    frame.subjectStart = line.start(0);
    frame.subjectEnd = line.end(0);
    frame.replyStart = hasReply ? line.start(1) : 0;
    frame.replyEnd = hasReply ? line.end(1) : 0;
    frame.sizeStart = line.start(last);
    frame.sizeEnd = line.end(last);
    frame.headersStart = bodyStart;
    frame.payloadStart = bodyStart + headerSize;
    frame.payloadEnd = bodyStart + size;
    return this.#finishMessage(chunk, end);
  }

  /** The payload may reach beyond the chunk; CR LF must follow it exactly. */
  #finishMessage(chunk: Buffer, end: number): number {
    const frame = this.#frame;
    const payloadEnd = frame.payloadEnd;
    if (payloadEnd + 2 > end) {
      this.#cut.keep(frame, chunk, end);
      return this.#cut.isMalformed ? this.#fail("unknown-operation", end) : end;
    }
    if (chunk[payloadEnd] !== CR || chunk[payloadEnd + 1] !== LF) {
      return this.#fail("unknown-operation", end);
    }
    this.#handler.publish(frame);
    return payloadEnd + 2;
  }

  #resumeMessage(chunk: Buffer, from: number): number {
    const next = this.#cut.fill(chunk, from);
    if (this.#cut.isMalformed) {
      return this.#fail("unknown-operation", chunk.length);
    }
    if (this.#cut.isComplete) {
      this.#handler.publish(this.#frame);
      this.#cut.release();
    }
    return next;
  }

  #subscribe(chunk: Buffer, next: number, end: number): number {
    const line = this.#arguments;
    if (line.count < 2 || line.count > 3) {
      return this.#fail("silent", end);
    }
    const queue = line.count === 3 ? line.text(chunk, 1) : undefined;
    this.#handler.subscribe(line.text(chunk, 0), queue, line.text(chunk, line.count - 1));
    return next;
  }

  #unsubscribe(chunk: Buffer, next: number, end: number): number {
    const line = this.#arguments;
    if (line.count < 1 || line.count > 2) {
      return this.#fail("silent", end);
    }
    // Unlike a message size, a bad or missing count means "now".
    this.#handler.unsubscribe(line.text(chunk, 0), line.count === 2 ? line.size(chunk, 1) : -1);
    return next;
  }

  /** Keeps `chunk[start..keepEnd)` until the rest of the line arrives; returns the end of the chunk. */
  #keepLine(chunk: Buffer, start: number, keepEnd: number, ignored: boolean, end: number): number {
    const length = keepEnd - start;
    if (this.#line.length < length) {
      this.#line = Buffer.allocUnsafeSlow(Math.max(256, length));
    }
    chunk.copy(this.#line, 0, start, keepEnd);
    this.#lineLength = length;
    this.#lineIgnored = ignored;
    return end;
  }

  /** Completes the kept line from `chunk[start..]` and handles it; returns how far that took. */
  #resumeLine(chunk: Buffer, start: number): number {
    const lineEnd = chunk.indexOf(LF, start);
    if (this.#lineIgnored && lineEnd < 0) {
      return chunk.length;
    }
    const kept = this.#lineLength;
    const from = this.#lineIgnored ? lineEnd : start;
    const to = lineEnd < 0 ? chunk.length : lineEnd + 1;
    const length = kept + to - from;
    if (length > this.#line.length) {
      this.#line = Buffer.concat([this.#line.subarray(0, kept)], Math.max(length, kept * 2));
    }
    chunk.copy(this.#line, kept, from, to);
    this.#lineLength = 0;
    // A payload that follows is cut off by definition, so the message moves out of this buffer before the next line moves in.
    this.#operation(this.#line.subarray(0, length), 0, length);
    return to;
  }

  #fail(kind: Violation, end: number): number {
    this.stop();
    this.#handler.violation(kind);
    return end;
  }
}
