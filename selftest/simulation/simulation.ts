/**
 * One simulated run: operations drive a machine, and everything its clients see is compared with the model. What was answered, or seen by
 * anybody, must survive every fault; what was asked for and not answered may be there or not, in the order it was asked; nothing else may.
 */
import type { Received, SimulatedClient } from "./client.ts";
import { ConsumerLedger } from "./consumer-ledger.ts";
import { Machine, type MachineSizes } from "./machine.ts";
import { applyChange, type Change, copyWorld, describeWorld, restartWorld, type World } from "./model.ts";
import { clientsMax, type Ending, type Operation, type Request } from "./operations.ts";
import { answerOf, isServerError, probeIds, readWorld } from "./readback.ts";
import { type Delivery, type ResolvedRequest, resolveRequest } from "./requests.ts";

export interface RunOptions {
  readonly seed: number;
  readonly sizes?: MachineSizes;
  /** The machine dies at that disk call, counted from the first start. */
  readonly dieAt?: { readonly call: number; readonly ending: Ending };
  /** Ends after the last operation, without the final look: for counting disk calls. */
  readonly measuresOnly?: boolean;
}

export interface RunResult {
  /** Undefined when everything held. */
  readonly violation: { readonly step: number; readonly says: string } | undefined;
  /** Equal for equal runs. */
  readonly trace: number;
  readonly crashes: number;
  readonly answers: number;
  readonly deliveries: number;
  readonly diskCalls: number;
}

interface Waiting {
  readonly client: number;
  readonly change: Change;
  readonly expected: string;
  readonly isAnswered: boolean;
  /** How many changes were asked for when this one was. */
  readonly position: number;
  readonly acknowledged: { readonly identity: string; readonly sequence: number } | undefined;
}

class Violation extends Error {}

const oldDeliveriesMax = 40;
const drainRounds = 3;
const drainWaitMs = 2_100;

export async function simulate(operations: readonly Operation[], options: RunOptions): Promise<RunResult> {
  const run = new Simulation(options);
  return await run.run(operations);
}

class Simulation {
  readonly #machine: Machine;
  readonly #options: RunOptions;
  readonly #ledger = new ConsumerLedger();
  #clients: SimulatedClient[] = [];
  /** Everything that was asked for has happened. */
  #attempted: World = new Map();
  /** Everything that somebody has seen has happened. */
  #durable: World = new Map();
  /** The changes between the two. */
  #pending: Change[] = [];
  #seen = 0;
  #waiting = new Map<string, Waiting>();
  #deliveries: Delivery[] = [];
  #dying: { readonly ending: Ending; readonly nested: readonly number[] } | undefined;
  /** Disk calls may fail: answers may be missing, and then the server is started again. */
  #isFaulty = false;
  #hasFailed = false;
  #tokens = 0;
  readonly #counts = { crashes: 0, answers: 0, deliveries: 0 };

  constructor(options: RunOptions) {
    this.#options = options;
    this.#machine = new Machine(options.seed, options.sizes ?? { segmentBytes: 2048, checkpointSegments: 2 });
  }

  async run(operations: readonly Operation[]): Promise<RunResult> {
    let step = 0;
    let violation: RunResult["violation"];
    try {
      await this.#firstStart();
      for (const operation of operations) {
        await this.#step(operation);
        step += 1;
      }
      if (this.#options.measuresOnly !== true) {
        await this.#finish();
      }
    } catch (error) {
      // What the server throws into the driver is a violation like any other.
      violation = {
        step,
        says: error instanceof Violation ? error.message : `thrown: ${String(error instanceof Error ? error.stack : error)}`,
      };
    }
    const { trace, disk } = this.#machine;
    return { violation, trace, ...this.#counts, diskCalls: disk.count("any") };
  }

  async #firstStart(): Promise<void> {
    const { dieAt } = this.#options;
    if (dieAt !== undefined) {
      this.#machine.disk.dieAt(dieAt.call);
      this.#dying = { ending: dieAt.ending, nested: [] };
    }
    try {
      await this.#machine.start();
    } catch (error) {
      if (!this.#machine.disk.isDead) {
        throw error;
      }
    }
    if (this.#machine.disk.isDead) {
      await this.#recover();
    } else {
      this.#connectAll();
    }
  }

  async #step(operation: Operation): Promise<void> {
    const { disk, clock } = this.#machine;
    switch (operation.do) {
      case "request":
        this.#request(operation.client, operation.request, operation.pieces);
        break;
      case "hang-up":
        this.#hangUp(operation.client, operation.request, operation.share);
        break;
      case "turn":
        await this.#turn();
        break;
      case "wait":
        clock.advance(operation.ms);
        await this.#turn();
        break;
      case "restart":
        await this.#restart();
        break;
      case "fail":
        this.#isFaulty = true;
        disk.failAt(operation);
        break;
      case "disk-full":
        this.#isFaulty = true;
        disk.freeBytes = operation.freeBytes;
        break;
      case "crash":
        this.#dying = operation;
        if (operation.call === 0) {
          await this.#recover();
        } else {
          disk.dieAt(operation.call);
        }
        break;
    }
    if (disk.isDead) {
      this.#collect();
      await this.#recover();
    }
  }

  /** Sends one request; the world as asked for moves on at once, because a server takes requests in the order of their bytes. */
  #request(client: number, request: Request, pieces?: number): void {
    const { text, isSent } = this.#prepare(client, request) ?? { text: "", isSent: false };
    const peer = this.#clients[client]?.peer;
    if (!isSent || peer === undefined) {
      return;
    }
    this.#assertOpen(client);
    peer.send(text, pieces === undefined ? text.length : Math.max(1, Math.ceil(text.length / pieces)));
  }

  #prepare(client: number, request: Request, isWhole = true): { text: string; isSent: boolean } | undefined {
    // Each request has a moment of its own: that tells streams and consumers of one name apart.
    this.#machine.clock.advance(1);
    const resolved = resolveRequest(request, { world: this.#attempted, nowMs: this.#machine.nowMs, deliveries: this.#deliveries });
    if (resolved === undefined || this.#machine.disk.isDead) {
      return undefined;
    }
    this.#tokens += 1;
    const token = `${this.#clients[client]?.inbox}.${this.#tokens}`;
    if (isWhole) {
      this.#expect(client, token, resolved);
    }
    return { text: resolved.frame(token), isSent: true };
  }

  #expect(client: number, token: string, { change, isAnswered, acknowledges }: ResolvedRequest): void {
    const expected = applyChange(this.#attempted, change);
    this.#pending.push(change);
    const identity = acknowledges === undefined ? undefined : this.#ledger.identityOf(this.#attempted, acknowledges.delivery);
    const isFinal = acknowledges?.isFinal === true && identity !== undefined;
    if (acknowledges?.isFinal === true) {
      this.#ledger.acknowledge(this.#attempted, acknowledges.delivery);
    }
    const acknowledged = isFinal ? { identity, sequence: acknowledges.delivery.sequence } : undefined;
    const position = this.#seen + this.#pending.length;
    this.#waiting.set(token, { client, change, expected, isAnswered, position, acknowledged });
  }

  #hangUp(client: number, request: Request, share: number): void {
    const prepared = this.#prepare(client, request, share === 1000);
    const connection = this.#clients[client];
    if (prepared === undefined || connection === undefined) {
      return;
    }
    this.#assertOpen(client);
    connection.peer.send(prepared.text.slice(0, Math.floor((prepared.text.length * share) / 1000)));
    connection.peer.hangUp();
    for (const [token, waiting] of this.#waiting) {
      if (waiting.client === client) {
        this.#waiting.delete(token);
      }
    }
    this.#clients[client] = this.#machine.connect();
  }

  #assertOpen(client: number): void {
    if (this.#clients[client]?.peer.isClosed === true) {
      if (!this.#isFaulty) {
        throw new Violation(`the server closed the connection of client ${client}`);
      }
      this.#hasFailed = true;
      this.#clients[client] = this.#machine.connect();
    }
  }

  async #turn(): Promise<void> {
    this.#machine.settle();
    await this.#machine.rest();
    this.#collect();
    if (this.#machine.disk.isDead) {
      return;
    }
    const unanswered = [...this.#waiting.values()].filter(({ isAnswered }) => isAnswered);
    if (unanswered.length > 0) {
      if (!this.#isFaulty) {
        throw new Violation(`no answer to ${JSON.stringify(unanswered[0]?.change)}`);
      }
      this.#hasFailed = true;
    }
    this.#waiting = new Map([...this.#waiting].filter(([, { acknowledged }]) => acknowledged !== undefined).slice(-oldDeliveriesMax));
    if (this.#hasFailed) {
      await this.#recover();
    }
  }

  /** Answers first: an acknowledgement answered in this turn came before what was delivered at its end. */
  #collect(): void {
    const received = this.#clients.flatMap((client) => client.take());
    for (const message of received) {
      this.#machine.note(`${message.subject} ${message.reply} ${message.headers} ${message.payload}`);
      const waiting = this.#waiting.get(message.subject);
      if (waiting !== undefined) {
        this.#answer(message.subject, waiting, message);
      }
    }
    for (const message of received.filter(({ reply }) => reply.startsWith("$JS.ACK."))) {
      this.#deliver(message);
    }
  }

  #answer(token: string, waiting: Waiting, message: Received): void {
    if (waiting.acknowledged !== undefined) {
      if (message.status === 0) {
        this.#ledger.answered(waiting.acknowledged.identity, waiting.acknowledged.sequence);
        this.#confirm(waiting.position);
      }
      this.#waiting.delete(token);
      return;
    }
    if (!waiting.isAnswered) {
      return;
    }
    this.#counts.answers += 1;
    this.#waiting.delete(token);
    const answer = answerOf(waiting.change.kind, message);
    if (message.status === 503 && answer === waiting.expected) {
      // Nobody listens: that is an answer of the broker, and shows nothing of what is stored.
      return;
    }
    if (answer === waiting.expected) {
      this.#confirm(waiting.position);
      return;
    }
    if (!this.#isFaulty || !isServerError(message)) {
      throw new Violation(`answered "${answer}", expected "${waiting.expected}", to ${JSON.stringify(waiting.change)}`);
    }
    // Refused because of the fault: it must not be there later.
    this.#hasFailed = true;
    this.#pending = this.#pending.filter((change) => change !== waiting.change);
  }

  #deliver({ subject, reply, payload }: Received): void {
    const [, , stream = "", consumer = "", , sequence = ""] = reply.split(".");
    const delivery: Delivery = { stream, consumer, sequence: Number(sequence), ackSubject: reply };
    this.#counts.deliveries += 1;
    const wrong = this.#ledger.deliver(this.#attempted, delivery, { subject, payload });
    if (wrong !== undefined) {
      throw new Violation(wrong);
    }
    this.#deliveries = [...this.#deliveries.slice(1 - oldDeliveriesMax), delivery];
    this.#confirm(this.#seen + this.#pending.length);
  }

  /** Somebody has seen the world as of that position. */
  #confirm(position: number): void {
    while (this.#seen < position && this.#pending.length > 0) {
      const change = this.#pending.shift();
      this.#seen += 1;
      if (change !== undefined) {
        applyChange(this.#durable, change);
      }
    }
  }

  async #restart(): Promise<void> {
    let isClean = true;
    try {
      await this.#machine.stop();
    } catch (error) {
      isClean = false;
      if (!this.#isFaulty && !this.#machine.disk.isDead) {
        throw error;
      }
    }
    this.#collect();
    if (isClean && !this.#isFaulty && !this.#machine.disk.isDead) {
      this.#confirm(this.#seen + this.#pending.length);
    }
    if (!this.#machine.disk.isDead) {
      this.#dying = { ending: { keep: "kill", seed: 1 }, nested: [] };
    }
    await this.#recover();
  }

  /** Ends the machine, brings it up again, with as many deaths in between as were asked for, and compares what it holds with the model. */
  async #recover(): Promise<void> {
    const machine = this.#machine;
    const { ending, nested } = this.#dying ?? { ending: { keep: "nothing" as const, seed: 1 }, nested: [] };
    this.#dying = undefined;
    this.#isFaulty = false;
    this.#hasFailed = false;
    this.#waiting.clear();
    this.#clients = [];
    this.#counts.crashes += 1;
    machine.end(ending);
    for (const [at, call] of nested.entries()) {
      this.#counts.crashes += 1;
      machine.disk.dieAt(call);
      await machine.start().catch((error: unknown) => this.#mustBeDead(error));
      machine.end({ keep: ending.keep, seed: ending.seed + at + 1 });
    }
    await machine.start().catch((error: unknown) => this.#mustBeDead(error));
    this.#judge();
    this.#connectAll();
  }

  #mustBeDead(error: unknown): void {
    if (!this.#machine.disk.isDead) {
      throw new Violation(`the server does not start again: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    }
  }

  #judge(): void {
    const machine = this.#machine;
    if (!machine.health.startsWith("200")) {
      throw new Violation(`health after the restart: ${machine.health}`);
    }
    const found = readWorld(machine);
    const world = copyWorld(this.#durable);
    for (let kept = 0; !isSame(found, describeWorld(world)); kept += 1) {
      const change = this.#pending[kept];
      if (change === undefined) {
        throw new Violation(describeDifference(found, describeWorld(this.#durable), describeWorld(world)));
      }
      applyChange(world, change);
    }
    restartWorld(world, machine.nowMs);
    this.#durable = world;
    this.#attempted = copyWorld(world);
    this.#pending = [];
    const [forgotten] = probeIds(machine, world);
    if (forgotten !== undefined) {
      throw new Violation(forgotten);
    }
  }

  #connectAll(): void {
    this.#clients = Array.from({ length: clientsMax }, () => this.#machine.connect());
  }

  /** Ends every run with the strictest look: the living server, its consumers to the last message, and one cut that forgives nothing. */
  async #finish(): Promise<void> {
    await this.#step({ do: "turn" });
    if (this.#isFaulty || this.#dying !== undefined) {
      await this.#recover();
    }
    const found = readWorld(this.#machine);
    if (!isSame(found, describeWorld(this.#attempted))) {
      throw new Violation(describeDifference(found, describeWorld(this.#attempted), describeWorld(this.#attempted)));
    }
    this.#confirm(this.#seen + this.#pending.length);
    await this.#drain();
    this.#dying = { ending: { keep: "nothing", seed: 1 }, nested: [] };
    await this.#recover();
    this.#ledger.forgetDeliveries();
    await this.#drain();
  }

  async #drain(): Promise<void> {
    this.#ledger.forgetDeliveries();
    for (let round = 0; round < drainRounds; round += 1) {
      await this.#step({ do: "wait", ms: drainWaitMs });
      for (const [stream, { consumers }] of this.#attempted) {
        for (const consumer of consumers.keys()) {
          this.#request(0, { do: "pull", stream: Number(stream.slice(1)), consumer: Number(consumer.slice(1)), batch: 500, waitMs: 0 });
        }
      }
      await this.#step({ do: "turn" });
    }
    const [owed] = this.#ledger.owed(this.#attempted);
    if (owed !== undefined) {
      throw new Violation(owed);
    }
  }
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((line, at) => line === b[at]);
}

function describeDifference(found: readonly string[], least: readonly string[], most: readonly string[]): string {
  const must = least.filter((line) => most.includes(line) && !found.includes(line));
  const mustNot = found.filter((line) => !least.includes(line) && !most.includes(line));
  const shown = [...must.map((line) => `missing: ${line}`), ...mustNot.map((line) => `found: ${line}`)];
  return shown.length > 0
    ? `the server holds something else\n  ${shown.slice(0, 12).join("\n  ")}`
    : "the server holds a mixture of what was asked";
}
