/**
 * One client connection: from the greeting to the last byte. It obeys the parser's calls, keeps the connection's subscriptions and pings,
 * and receives messages for them.
 */

import type { Socket, SocketHandler, Timer } from "../ports.ts";
import { Parser, type ProtocolHandler, type Violation } from "../protocol/parser.ts";
import type { PublishFrame } from "../protocol/publish-frame.ts";
import { type ConnectOptions, defaultConnectOptions, readConnectOptions } from "./connect-options.ts";
import type { CloseReason, ConnectionHost, FlushedConnection } from "./connection-host.ts";
import { ConnectionInput } from "./connection-input.ts";
import { ConnectionTrace } from "./connection-trace.ts";
import { Message } from "./message.ts";
import { Output, type OutputOwner } from "./output.ts";
import { Pings } from "./pings.ts";
import { protocolErrors, queueViolation } from "./protocol-errors.ts";
import { reservedViolation } from "./reserved-subjects.ts";
import type { ClientIdentity } from "./service.ts";
import { isLiteral, isValidPattern } from "./subjects.ts";
import { type Receiver, Subscription } from "./subscription.ts";
import { violationEnds } from "./violation-ends.ts";

const OK = Buffer.from("+OK\r\n");
const PING = Buffer.from("PING\r\n");
const PONG = Buffer.from("PONG\r\n");

export class Connection implements SocketHandler, ProtocolHandler, OutputOwner, Receiver, FlushedConnection, ClientIdentity {
  readonly id: number;
  readonly host: string;
  readonly port: number;
  readonly startedNs: bigint;
  inMessages = 0;
  inBytes = 0;
  outMessages = 0;
  outBytes = 0;

  readonly #host: ConnectionHost;
  readonly #socket: Socket;
  readonly #parser: Parser;
  readonly #output: Output;
  readonly #message: Message;
  readonly #pings: Pings;
  readonly #input: ConnectionInput;
  readonly #trace: ConnectionTrace;
  readonly #subscriptions = new Map<string, Subscription>();
  #options: ConnectOptions = defaultConnectOptions();
  #connectReceived = false;
  #infoRepeated = false;
  #authTimer: Timer | undefined;
  #writeTimer: Timer | undefined;
  #closed = false;

  constructor(host: ConnectionHost, socket: Socket, id: number) {
    this.id = id;
    this.host = socket.remoteHost;
    this.port = socket.remotePort;
    this.startedNs = host.clock.nowNs();
    this.#host = host;
    this.#socket = socket;
    this.#trace = new ConnectionTrace(host.log, `${this.host}:${this.port} - cid:${id}`);
    this.#message = new Message(host.account, this);
    this.#parser = new Parser(this, this.#message, host.options);
    this.#output = new Output(socket, host.pool, this, host.options.maxPending);
    this.#pings = new Pings(host, { send: () => this.#output.bytes(PING), stale: () => this.#stale() });
    this.#input = new ConnectionInput(socket, this.#pings, this.#output);
  }

  get name(): string | undefined {
    return this.#options.name === "" ? undefined : this.#options.name;
  }

  get user(): string | undefined {
    return this.#options.user === "" ? undefined : this.#options.user;
  }

  get lang(): string | undefined {
    return this.#options.lang === "" ? undefined : this.#options.lang;
  }

  get version(): string | undefined {
    return this.#options.version === "" ? undefined : this.#options.version;
  }

  get isHeld(): boolean {
    return this.#output.isHeld;
  }

  get subscriptionCount(): number {
    return this.#subscriptions.size;
  }

  /** Greets the client. */
  open(): void {
    this.#output.bytes(this.#host.infoLine(this, false));
    this.#trace.debug("Client connection created");
    if (this.#host.authRequired) {
      this.#parser.connectExpected = true;
      this.#authTimer = this.#host.clock.setTimer(this.#host.options.authTimeoutMs, () => {
        this.#fail(protocolErrors.authenticationTimeout, "Authentication Timeout");
      });
    }
    this.#pings.begin();
  }

  /** Greets with INFO, says why not, and hangs up. */
  refuse(text: string, reason: CloseReason): void {
    this.#output.bytes(this.#host.infoLine(this, false));
    this.#fail(text, reason);
  }

  // What the socket delivers.

  data(bytes: Uint8Array): void {
    if (this.#closed) {
      return;
    }
    this.#pings.heard();
    this.#parser.parse(Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    this.#host.stepped(bytes.length, this.#input);
  }

  drain(): void {
    this.#output.drained();
    this.#writeTimer?.cancel();
    this.#writeTimer = undefined;
  }

  closed(error: Error | undefined): void {
    this.drop(error === undefined ? "Client Closed" : "Read Error");
  }

  // What the parser finds.

  connect(json: Buffer): void {
    this.#trace.received("CONNECT", this.#trace.tracing ? json.toString("latin1") : "");
    const options = readConnectOptions(json.toString("utf8"), this.#connectReceived ? this.#options : defaultConnectOptions());
    if (options === undefined) {
      this.violation("silent");
      return;
    }
    this.#dropSubscriptions();
    this.#authTimer?.cancel();
    this.#authTimer = undefined;
    const user = this.#host.authenticate(options);
    if (user === undefined || options.account !== "" || options.new_account) {
      this.#trace.error(user === undefined ? "authentication error" : "account registration refused");
      this.#fail(protocolErrors.authorizationViolation, "Authentication Failure");
      return;
    }
    this.#options = { ...options, headers: options.headers && this.#host.options.headers, user };
    this.#connectReceived = true;
    this.#parser.connectExpected = false;
    this.#parser.headersAllowed = this.#options.headers;
    if (options.protocol < 0 || options.protocol > 1) {
      this.#fail(protocolErrors.badClientProtocol, "Bad Client Protocol Version");
    } else if (options.no_responders && !this.#options.headers) {
      this.#fail(protocolErrors.noRespondersNeedsHeaders, "No Responders Requires Headers");
    } else {
      this.#ok();
    }
  }

  publish(frame: PublishFrame): void {
    const message = this.#message;
    message.subjectOctets = frame.buffer;
    message.replyOctets = frame.buffer;
    const size = frame.payloadEnd - frame.headersStart;
    this.inMessages++;
    this.inBytes += size;
    this.#host.traffic.inMessages++;
    this.#host.traffic.inBytes += size;
    if (this.#trace.tracing) {
      this.#trace.published(frame);
    }
    if (this.#options.pedantic && !isLiteral(this.#subjectText())) {
      this.#error(protocolErrors.invalidPublishSubject);
    }
    const violation = reservedViolation(frame);
    if (violation !== undefined) {
      this.#error(violation);
      return;
    }
    this.#ok();
    const received = this.#host.account.publishFrame(message, this.#options.echo ? undefined : this);
    if (!received && this.#options.no_responders && frame.replyEnd > frame.replyStart) {
      this.#noResponders();
    }
    this.#host.messageStepped();
  }

  subscribe(subject: string, queue: string | undefined, sid: string): void {
    this.#trace.received("SUB", `${subject} ${queue === undefined ? "" : `${queue} `}${sid}`);
    if (queue === "_sys_") {
      this.#error(queueViolation(subject, queue));
      return;
    }
    const { maxSubscriptions } = this.#host.options;
    if (maxSubscriptions > 0 && this.#subscriptions.size >= maxSubscriptions) {
      this.#error(protocolErrors.maximumSubscriptions);
      return;
    }
    // A sid that is taken keeps its first subscription.
    if (!this.#subscriptions.has(sid)) {
      if (!isValidPattern(subject)) {
        this.#error(protocolErrors.invalidSubject);
        return;
      }
      const subscription = new Subscription(this, subject, queue, Buffer.from(sid, "latin1"));
      this.#subscriptions.set(sid, subscription);
      this.#host.account.add(subscription);
    }
    this.#ok();
  }

  unsubscribe(sid: string, max: number): void {
    this.#trace.received("UNSUB", max < 0 ? sid : `${sid} ${max}`);
    const subscription = this.#subscriptions.get(sid);
    if (subscription !== undefined) {
      if (max > 0 && max > subscription.delivered) {
        subscription.max = max;
      } else {
        this.ended(subscription);
        this.#host.account.remove(subscription);
      }
    }
    this.#ok();
  }

  ping(): void {
    this.#trace.received("PING");
    this.#output.bytes(PONG);
    if (this.#connectReceived && this.#options.protocol >= 1 && !this.#infoRepeated) {
      this.#infoRepeated = true;
      this.#output.bytes(this.#host.infoLine(this, true));
    }
  }

  pong(): void {
    this.#trace.received("PONG");
    this.#pings.answered();
  }

  info(json: Buffer): void {
    this.#trace.received("INFO", json.toString("latin1"));
    // Ignored, but read: the official server hangs up on one that is no JSON object.
    if (readConnectOptions(json.toString("utf8"), defaultConnectOptions()) === undefined) {
      this.violation("silent");
    }
  }

  violation(kind: Violation): void {
    const { text, reason } = violationEnds[kind];
    if (text === undefined) {
      this.close(reason);
    } else {
      this.#fail(text, reason);
    }
  }

  // What the broker delivers.

  deliver(subscription: Subscription, message: Message): boolean {
    if (this.#closed) {
      return false;
    }
    const size = message.payloadEnd - message.headersStart;
    this.outMessages++;
    this.outBytes += size;
    this.#host.traffic.outMessages++;
    this.#host.traffic.outBytes += size;
    this.#output.message(message, message.epoch, subscription.sid, this.#options.headers);
    if (this.#trace.tracing) {
      this.#trace.delivered(subscription, message);
    }
    return true;
  }

  hasRoom(work: { step(): void }): boolean {
    return this.#closed || this.#output.hasRoom(work);
  }

  ended(subscription: Subscription): void {
    this.#subscriptions.delete(Buffer.from(subscription.sid).toString("latin1"));
  }

  // What the turn does with the output.

  outputWaits(): void {
    this.#host.outputWaits(this);
  }

  roomAgain(work: { step(): void }): void {
    this.#host.markReady(work);
  }

  outputOverflows(): void {
    this.#host.traffic.slowConsumers++;
    this.#trace.warn(`Slow Consumer Detected: MaxPending of ${this.#host.options.maxPending} Exceeded`);
    this.drop("Slow Consumer (Pending Bytes)");
  }

  flush(durableEpoch: number): void {
    this.#output.flush(durableEpoch);
    if (this.#closed) {
      this.#hangUp();
    } else if (this.#output.socketBytes > 0 && this.#writeTimer === undefined) {
      this.#writeTimer = this.#host.clock.setTimer(this.#host.options.writeDeadlineMs, () => this.#writeDeadlinePassed());
    }
  }

  /** Takes in and delivers nothing more. What was said before, a last -ERR included, still leaves as soon as it may. */
  close(reason: CloseReason): void {
    if (this.#closed) {
      return;
    }
    this.#closed = true;
    this.#parser.stop();
    this.#pings.end();
    this.#authTimer?.cancel();
    this.#writeTimer?.cancel();
    this.#dropSubscriptions();
    this.#trace.debug(`Client connection closed: ${reason}`);
    this.#output.offerRoom();
    this.#host.closed(this, reason);
    this.#host.outputWaits(this);
  }

  /** Ends without another byte: the peer is gone or doesn't read. */
  drop(reason: CloseReason): void {
    this.#output.discard();
    this.close(reason);
    this.#socket.destroy();
  }

  #hangUp(): void {
    if (!this.#output.isHeld) {
      this.#output.discard();
      this.#socket.end();
    }
  }

  #dropSubscriptions(): void {
    for (const subscription of this.#subscriptions.values()) {
      this.#host.account.remove(subscription);
    }
    this.#subscriptions.clear();
  }

  #fail(text: string, reason: CloseReason): void {
    if (this.#closed) {
      return;
    }
    this.#error(text);
    this.close(reason);
  }

  #stale(): void {
    this.#host.traffic.staleConnections++;
    this.#trace.debug("Stale Client Connection - Closing");
    this.#fail(protocolErrors.staleConnection, "Stale Connection");
  }

  #writeDeadlinePassed(): void {
    const { writeDeadlineMs } = this.#host.options;
    this.#host.traffic.slowConsumers++;
    this.#trace.warn(
      `Slow Consumer Detected: WriteDeadline of ${writeDeadlineMs / 1000}s exceeded with ${this.#output.pendingBytes} total bytes.`,
    );
    this.drop("Slow Consumer (Write Deadline)");
  }

  #ok(): void {
    if (this.#options.verbose) {
      this.#output.bytes(OK);
    }
  }

  #error(text: string): void {
    this.#output.bytes(Buffer.from(`-ERR '${text}'\r\n`, "latin1"));
    this.#trace.debug(`-ERR '${text}'`);
  }

  /** Tells a requester that listens for its reply that nobody heard it. */
  #noResponders(): void {
    const { buffer, replyStart, replyEnd } = this.#message;
    const subscription = this.#host.account.ownSubscription(this, buffer, replyStart, replyEnd);
    if (subscription === undefined) {
      return;
    }
    const reply = buffer.toString("latin1", replyStart, replyEnd);
    const headers = `NATS/1.0 503\r\nNats-Subject: ${this.#subjectText()}\r\n\r\n`;
    const sid = Buffer.from(subscription.sid).toString("latin1");
    this.#output.bytes(Buffer.from(`HMSG ${reply} ${sid} ${headers.length} ${headers.length}\r\n${headers}\r\n`, "latin1"));
  }

  #subjectText(): string {
    return this.#message.buffer.toString("latin1", this.#message.subjectStart, this.#message.subjectEnd);
  }
}
