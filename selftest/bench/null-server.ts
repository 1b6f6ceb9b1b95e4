/**
 * A server that does as little as possible, to learn what the load client itself costs: it acknowledges without storing and delivers one
 * payload again and again. A program of its own, so that its cost is not the client's; prints its address and ends with its input.
 *
 * It answers just what the load engine asks, one stream and one data connection a consumer. All numbers have a fixed width, so that a frame is
 * a template with digits to patch.
 */
import net from "node:net";

const info = 'INFO {"server_id":"NULL","server_name":"null","version":"0.0.0","headers":true,"max_payload":1048576,"jetstream":true}\r\n';
const sequenceDigits = 9;
const outputBytes = 256 * 1024;
/** Beyond this much unread output nothing more is delivered. */
const unreadBytesMax = 4 * outputBytes;
const stampSequenceAt = 4;

const stream = { messages: 0, payload: Buffer.alloc(24) };
/** Where each consumer stands, and the next free number for a template of its own. */
const positions = new Map<string, number>();

interface Request {
  readonly subject: string;
  readonly reply: string;
  readonly body: string;
}

/** Messages still owed to one subscription. */
interface Delivery {
  readonly frame: Buffer;
  readonly digitsAt: readonly number[];
  readonly payloadAt: number;
  position: number;
  left: number;
}

class Client {
  readonly #socket: net.Socket;
  readonly #sids = new Map<string, string>();
  readonly #deliveries: Delivery[] = [];
  readonly #templates = new Map<string, Delivery>();
  #held: Buffer = Buffer.alloc(0);
  #output = Buffer.allocUnsafeSlow(outputBytes);
  #used = 0;
  /** Head of the acknowledgements of the publisher heard last: `MSG <inbox>.`, its reply prefix, and what follows the slot. */
  #ackPrefix: Buffer = Buffer.alloc(0);
  #ackHead: Buffer = Buffer.alloc(0);
  #ackMiddle: Buffer = Buffer.alloc(0);

  constructor(socket: net.Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => this.#onData(chunk));
    socket.on("drain", () => this.#deliver());
    socket.write(info);
  }

  #onData(chunk: Buffer): void {
    const bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    let at = 0;
    while (at < bytes.length) {
      const next = this.#takeFrame(bytes, at);
      if (next < 0) {
        break;
      }
      at = next;
    }
    this.#held = at === bytes.length ? Buffer.alloc(0) : Buffer.from(bytes.subarray(at));
    this.#deliver();
    this.#flush();
  }

  /** Returns the position behind the frame, -1 when it is not whole. */
  #takeFrame(bytes: Buffer, at: number): number {
    const lineEnd = bytes.indexOf(10, at);
    if (lineEnd < 0) {
      return -1;
    }
    const isHeadered = bytes[at] === 72;
    // P U B, H P U B
    if (!isHeadered && (bytes[at] !== 80 || bytes[at + 1] !== 85)) {
      this.#onLine(bytes.toString("latin1", at, lineEnd - 1));
      return lineEnd + 1;
    }
    const size = digitsBefore(bytes, lineEnd - 1);
    const end = lineEnd + 1 + size + 2;
    if (end > bytes.length) {
      return -1;
    }
    const isRequest = !isHeadered && bytes[at + 4] === 36;
    if (!isRequest) {
      this.#onPublish(bytes, at, lineEnd);
      stream.messages++;
      if (stream.messages === 1) {
        const payloadAt = isHeadered ? lineEnd + 1 + headerSizeOf(bytes.toString("latin1", at, lineEnd)) : lineEnd + 1;
        stream.payload = Buffer.from(bytes.subarray(payloadAt, end - 2));
      }
    } else if (bytes[at + 8] !== 65 || bytes[at + 9] !== 67) {
      // Not `$JS.ACK.…`: those are read and forgotten.
      const [, subject = "", reply = ""] = bytes.toString("latin1", at, lineEnd).split(" ");
      this.#onRequest({ subject, reply, body: bytes.toString("latin1", lineEnd + 1, end - 2) });
    }
    return end;
  }

  #onLine(line: string): void {
    const [verb, subject = "", sid = ""] = line.split(" ");
    if (verb === "SUB") {
      this.#sids.set(subject, sid);
    } else if (verb === "PING") {
      this.#write("PONG\r\n");
    }
  }

  /** `PUB <subject> <inbox>.<slot> …`: the slot has six digits, and the inbox is that of the publish before, or looked up. */
  #onPublish(bytes: Buffer, at: number, lineEnd: number): void {
    const replyAt = bytes.indexOf(32, bytes.indexOf(32, at) + 1) + 1;
    const replyEnd = bytes.indexOf(32, replyAt);
    const slotAt = replyEnd - 6;
    if (bytes.compare(this.#ackPrefix, 0, this.#ackPrefix.length, replyAt, slotAt) !== 0 && replyEnd < lineEnd) {
      this.#makeAck(bytes.toString("latin1", replyAt, slotAt));
    }
    const size = this.#ackHead.length + 6 + this.#ackMiddle.length;
    const start = this.#reserve(size);
    this.#output.set(this.#ackHead, start);
    bytes.copy(this.#output, start + this.#ackHead.length, slotAt, replyEnd);
    const middleAt = start + this.#ackHead.length + 6;
    this.#output.set(this.#ackMiddle, middleAt);
    writeDigits(this.#output, middleAt + this.#ackMiddle.length - 3 - sequenceDigits, stream.messages + 1);
  }

  #makeAck(prefix: string): void {
    // JSON allows no leading zeros; the judge's reader of acknowledgements takes them.
    const body = `{"stream":"NULL","seq":${"0".repeat(sequenceDigits)}}`;
    this.#ackPrefix = Buffer.from(prefix);
    this.#ackHead = Buffer.from(`MSG ${prefix}`);
    this.#ackMiddle = Buffer.from(` ${this.#sidOf(prefix)} ${body.length}\r\n${body}\r\n`);
  }

  #onRequest({ subject, reply, body }: Request): void {
    if (subject.startsWith("$JS.API.CONSUMER.MSG.NEXT.")) {
      this.#owe({ to: reply, consumer: subject, count: Number(/"batch":(\d+)/.exec(body)?.[1]) });
      return;
    }
    if (subject.startsWith("$JS.API.STREAM.CREATE.") || subject.startsWith("$JS.API.STREAM.DELETE.")) {
      stream.messages = 0;
      positions.clear();
    }
    const answer = this.#answerTo(subject);
    this.#write(`MSG ${reply} ${this.#sidOf(reply.slice(0, reply.lastIndexOf(".") + 1))} ${answer.length}\r\n${answer}\r\n`);
    const pushTo = /"deliver_subject":"([^"]+)"/.exec(body)?.[1];
    if (subject.startsWith("$JS.API.CONSUMER.CREATE.") && pushTo !== undefined) {
      this.#owe({ to: pushTo, consumer: subject, count: stream.messages });
    }
  }

  #answerTo(subject: string): string {
    if (subject.startsWith("$JS.API.STREAM.MSG.GET.")) {
      return JSON.stringify({ message: { seq: 1, data: stream.payload.toString("base64") } });
    }
    // Acknowledgements are read in the order of requests: when this is asked, all before it have been.
    return JSON.stringify({ num_ack_pending: 0, state: { messages: stream.messages } });
  }

  #owe({ to, consumer, count }: { to: string; consumer: string; count: number }): void {
    const key = `${to} ${consumer}`;
    const known = this.#templates.get(key);
    const delivery = known ?? this.#makeDelivery(to, consumer);
    this.#templates.set(key, delivery);
    delivery.left += count;
    if (!this.#deliveries.includes(delivery)) {
      this.#deliveries.push(delivery);
    }
  }

  #makeDelivery(to: string, consumer: string): Delivery {
    const zeros = "0".repeat(sequenceDigits);
    const name = consumer.slice(consumer.lastIndexOf(".") + 1);
    const sid = this.#sids.get(to) ?? this.#sidOf(to.slice(0, to.lastIndexOf(".") + 1));
    const head = `MSG NULL.m ${sid} $JS.ACK.NULL.${name}.1.`;
    const line = `${head}${zeros}.${zeros}.1700000000000000000.0 ${stream.payload.length}\r\n`;
    const frame = Buffer.concat([Buffer.from(line), stream.payload, Buffer.from("\r\n")]);
    return { frame, digitsAt: [head.length, head.length + sequenceDigits + 1], payloadAt: line.length, position: 0, left: 0 };
  }

  #deliver(): void {
    while (this.#deliveries.length > 0 && this.#socket.writableLength < unreadBytesMax) {
      const delivery = this.#deliveries[0]!;
      this.#deliverSome(delivery);
      if (delivery.left === 0) {
        this.#deliveries.shift();
      }
    }
    this.#flush();
  }

  #deliverSome(delivery: Delivery): void {
    const { frame, digitsAt, payloadAt } = delivery;
    const count = Math.min(delivery.left, stream.messages - delivery.position, Math.floor(outputBytes / frame.length));
    for (let index = 0; index < count; index++) {
      const at = this.#reserve(frame.length);
      this.#output.set(frame, at);
      this.#output.writeUInt32LE(delivery.position, at + payloadAt + stampSequenceAt);
      delivery.position++;
      for (const digits of digitsAt) {
        writeDigits(this.#output, at + digits, delivery.position);
      }
    }
    // What a consumer at the end is asked for stays owed by a real server; here the stream never grows again.
    delivery.left = delivery.position === stream.messages ? 0 : delivery.left - count;
  }

  #sidOf(prefix: string): string {
    return this.#sids.get(`${prefix}*`) ?? "0";
  }

  #reserve(size: number): number {
    if (this.#used + size > this.#output.length) {
      this.#flush();
    }
    const at = this.#used;
    this.#used += size;
    return at;
  }

  #write(text: string): void {
    const at = this.#reserve(text.length);
    this.#output.write(text, at, "latin1");
  }

  #flush(): void {
    if (this.#used === 0) {
      return;
    }
    const output = this.#output.subarray(0, this.#used);
    this.#used = 0;
    this.#output = Buffer.allocUnsafeSlow(outputBytes);
    this.#socket.write(output);
  }
}

function headerSizeOf(line: string): number {
  return Number(line.trim().split(" ").at(-2));
}

/** The number whose last digit stands before `end`, and before a CR. */
function digitsBefore(bytes: Buffer, end: number): number {
  let value = 0;
  let unit = 1;
  for (let at = end - 1; bytes[at]! >= 48 && bytes[at]! <= 57; at--) {
    value += (bytes[at]! - 48) * unit;
    unit *= 10;
  }
  return value;
}

function writeDigits(bytes: Buffer, at: number, value: number): void {
  let rest = value;
  for (let place = at + sequenceDigits - 1; place >= at; place--) {
    const next = Math.floor(rest / 10);
    bytes[place] = 48 + rest - next * 10;
    rest = next;
  }
}

const server = net.createServer((socket) => void new Client(socket));
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  process.stdout.write(`nats://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}\n`);
});
process.stdin.resume();
process.stdin.once("end", () => process.exit(0));
