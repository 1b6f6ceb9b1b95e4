/**
 * One simulated run: operations drive a machine, and everything its clients see is compared with the model. What was answered, or seen by
 * anybody, must survive every fault; what was asked for and not answered may be there or not, in the order it was asked; nothing else may.
 */
import type { Received, SimulatedClient } from "./client.ts";
import { ConsumerLedger } from "./consumer-ledger.ts";
import { Machine } from "./machine.ts";
import type { Change } from "./model.ts";
import { clientsMax, type Ending, type Operation, type Request } from "./operations.ts";
import { answerOf, isServerError, probeIds, readWorld } from "./readback.ts";
import { type Delivery, type ResolvedRequest, resolveRequest } from "./requests.ts";
import { mustHold, type RunOptions, type RunResult, Violation, type Waiting } from "./run.ts";
import { TwoWorlds } from "./two-worlds.ts";
import { WaitingRequests } from "./waiting-requests.ts";

const oldDeliveriesMax = 40;
const drain = { rounds: 3, waitMs: 2_100 };

export async function simulate(operations: readonly Operation[], options: RunOptions): Promise<RunResult> {
  return await new Simulation(options).run(operations);
}

class Simulation {
  readonly #machine: Machine;
  readonly #options: RunOptions;
  readonly #ledger = new ConsumerLedger();
  #clients: SimulatedClient[] = [];
  readonly #worlds: TwoWorlds;
  readonly #waiting = new WaitingRequests();
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
    this.#worlds = new TwoWorlds({ keepsEarlier: this.#machine.isSlow });
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
    await this.#machine.start().catch((error: unknown) => this.#mustBeDead(error));
    if (this.#machine.disk.isDead) {
      await this.#recover();
    } else {
      this.#connectAll();
    }
  }

  async #step(operation: Operation): Promise<void> {
    const { disk } = this.#machine;
    try {
      await this.#perform(operation);
    } catch (error) {
      // A process on a machine that is off may end however it likes.
      if (error instanceof Violation || !disk.isDead) {
        throw error;
      }
    }
    if (disk.isDead) {
      this.#collect({ isQuiet: !this.#machine.isSlow });
      await this.#recover();
    }
  }

  async #perform(operation: Operation): Promise<void> {
    const { disk, clock } = this.#machine;
    switch (operation.do) {
      case "request":
        this.#request(operation.client, this.#heard(operation.request), operation.pieces);
        break;
      case "hang-up":
        if (this.#isFaulty) {
          await this.#turn();
        }
        this.#hangUp(operation.client, operation.request, this.#isFaulty ? Math.min(operation.share, 900) : operation.share);
        break;
      case "turn":
        await (operation.calls === undefined || this.#isFaulty ? this.#turn() : this.#glance(operation.calls));
        break;
      case "wait":
        clock.advance(operation.ms);
        await this.#turn();
        break;
      case "restart":
        await this.#restart();
        break;
      case "fail":
        await this.#turn();
        this.#isFaulty = true;
        disk.failAt(operation);
        break;
      case "disk-full":
        await this.#turn();
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
  }

  /** A failing disk may refuse any request; where nobody hears the answer, nobody could say what should be there. */
  #heard(request: Request): Request {
    return this.#isFaulty && request.do === "publish" ? { ...request, silent: false } : request;
  }

  /** Sends one request; the world as asked for moves on at once, because a server takes requests in the order of their bytes. */
  #request(client: number, request: Request, pieces?: number): void {
    const text = this.#prepare(client, request);
    const peer = this.#clients[client]?.peer;
    if (text === undefined || peer === undefined) {
      return;
    }
    this.#assertOpen(client);
    peer.send(text, pieces === undefined ? text.length : Math.max(1, Math.ceil(text.length / pieces)));
  }

  #prepare(client: number, request: Request, isWhole = true): string | undefined {
    // Each request has a moment of its own: that tells streams and consumers of one name apart.
    this.#machine.clock.advance(1);
    const resolved = resolveRequest(request, { world: this.#worlds.attempted, nowMs: this.#machine.nowMs, deliveries: this.#deliveries });
    if (resolved === undefined || this.#machine.disk.isDead) {
      return undefined;
    }
    this.#tokens += 1;
    const token = `${this.#clients[client]?.inbox}.${this.#tokens}`;
    if (isWhole) {
      this.#expect(client, token, resolved);
    }
    return resolved.frame(token);
  }

  #expect(client: number, token: string, { change, isAnswered, acknowledges }: ResolvedRequest): void {
    const expected = this.#worlds.ask(change);
    const identity = acknowledges === undefined ? undefined : this.#ledger.identityOf(this.#worlds.attempted, acknowledges.delivery);
    const isFinal = acknowledges?.isFinal === true && identity !== undefined;
    if (acknowledges?.isFinal === true) {
      this.#ledger.acknowledge(this.#worlds.attempted, acknowledges.delivery);
    }
    const acknowledged = isFinal ? { identity, sequence: acknowledges.delivery.sequence } : undefined;
    const { position } = this.#worlds;
    this.#waiting.add(token, { client, change, expected, isAnswered, position, acknowledged });
  }

  #hangUp(client: number, request: Request, share: number): void {
    const text = this.#prepare(client, request, share === 1000);
    const connection = this.#clients[client];
    if (text === undefined || connection === undefined) {
      return;
    }
    this.#assertOpen(client);
    connection.peer.send(text.slice(0, Math.floor((text.length * share) / 1000)));
    connection.peer.hangUp();
    this.#waiting.dropClient(client);
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

  /** A turn on a slow disk: answers come when their commits end. */
  async #glance(calls: number): Promise<void> {
    this.#machine.glance(calls);
    await this.#machine.rest();
    this.#collect({ isQuiet: !this.#machine.isSlow });
  }

  async #turn(): Promise<void> {
    this.#machine.settle();
    await this.#machine.rest();
    this.#collect({ isQuiet: !this.#machine.isSlow || !this.#machine.disk.isDead });
    if (this.#machine.disk.isDead) {
      return;
    }
    const { overdue } = this.#waiting;
    if (overdue !== undefined && !this.#isFaulty) {
      throw new Violation(`no answer to ${JSON.stringify(overdue.change)}`);
    }
    this.#hasFailed ||= overdue !== undefined;
    this.#waiting.endTurn();
    if (this.#hasFailed) {
      await this.#recover();
    }
  }

  /**
   * Answers first: an acknowledgement answered in this turn came before what was delivered at its end; on a slow disk either may have come
   * first. When it is quiet everything that was asked for has been committed.
   */
  #collect({ isQuiet }: { readonly isQuiet: boolean }): void {
    const received = this.#clients.flatMap((client) => client.take());
    for (const message of received) {
      this.#machine.note(`${message.subject} ${message.reply} ${message.headers} ${message.payload}`);
    }
    const deliveries = received.filter(({ reply }) => reply.startsWith("$JS.ACK."));
    const isMixed = this.#machine.isSlow && !this.#isFaulty;
    if (isMixed) {
      this.#deliver(deliveries);
    }
    for (const { waiting, message } of this.#waiting.answeredBy(received)) {
      this.#answer(message.subject, waiting, message);
    }
    if (!isMixed) {
      this.#deliver(deliveries);
    }
    if (isQuiet) {
      this.#worlds.forgetEarlier();
      this.#worlds.confirm(deliveries.length > 0 ? this.#worlds.position : 0);
    }
  }

  #answer(token: string, waiting: Waiting, message: Received): void {
    if (waiting.acknowledged !== undefined) {
      if (message.status === 0) {
        this.#ledger.answered(waiting.acknowledged.identity, waiting.acknowledged.sequence);
        this.#worlds.confirm(waiting.position);
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
      // A message that is durable is shown before what was asked for earlier, which may never come to be on a failing disk.
      const showsOld = waiting.change.kind === "get" && (this.#machine.isSlow || this.#worlds.isDurable(waiting.change, answer));
      this.#worlds.confirm(showsOld ? 0 : waiting.position);
      return;
    }
    if (!this.#isFaulty || !isServerError(message)) {
      throw new Violation(`answered "${answer}", expected "${waiting.expected}", to ${JSON.stringify(waiting.change)}`);
    }
    this.#hasFailed ||= message.status === 503;
    this.#refuse(waiting.change);
  }

  /** Refused because of the fault: it must not be there later, and what was asked after it is answered as if it had never been asked. */
  #refuse(refused: Change): void {
    const outcome = this.#worlds.refuse(refused);
    if (outcome === undefined) {
      throw new Violation(`refused, but later answers showed it: ${JSON.stringify(refused)}`);
    }
    this.#waiting.skip(outcome);
  }

  #deliver(deliveries: readonly Received[]): void {
    for (const { subject, reply, payload } of deliveries) {
      const [, , stream = "", consumer = "", , sequence = ""] = reply.split(".");
      const delivery: Delivery = { stream, consumer, sequence: Number(sequence), ackSubject: reply };
      this.#counts.deliveries += 1;
      mustHold(this.#worlds.check((world) => this.#ledger.deliver(world, delivery, { subject, payload })));
      this.#deliveries = [...this.#deliveries.slice(1 - oldDeliveriesMax), delivery];
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
    this.#collect({ isQuiet: isClean || !this.#machine.isSlow });
    if (isClean && !this.#isFaulty && !this.#machine.disk.isDead) {
      this.#worlds.confirm(this.#worlds.position);
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
    const mayRefuse = this.#isFaulty;
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
    this.#judge(mayRefuse);
    this.#connectAll();
  }

  #mustBeDead(error: unknown): void {
    if (!this.#machine.disk.isDead) {
      throw new Violation(`the server does not start again: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    }
  }

  #judge(mayRefuse: boolean): void {
    const machine = this.#machine;
    if (!machine.health.startsWith("200")) {
      throw new Violation(`health after the restart: ${machine.health}`);
    }
    mustHold(this.#worlds.settle(readWorld(machine), { nowMs: machine.nowMs, mayRefuse }));
    mustHold(probeIds(machine, this.#worlds.attempted)[0]);
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
    mustHold(this.#worlds.compare(readWorld(this.#machine)));
    this.#worlds.confirm(this.#worlds.position);
    await this.#drain();
    this.#dying = { ending: { keep: "nothing", seed: 1 }, nested: [] };
    await this.#recover();
    this.#ledger.forgetDeliveries();
    await this.#drain();
  }

  async #drain(): Promise<void> {
    this.#ledger.forgetDeliveries();
    for (let round = 0; round < drain.rounds; round += 1) {
      await this.#step({ do: "wait", ms: drain.waitMs });
      for (const [stream, { consumers }] of this.#worlds.attempted) {
        for (const consumer of consumers.keys()) {
          this.#request(0, { do: "pull", stream: Number(stream.slice(1)), consumer: Number(consumer.slice(1)), batch: 500, waitMs: 0 });
        }
      }
      await this.#step({ do: "turn" });
    }
    mustHold(this.#ledger.owed(this.#worlds.attempted)[0]);
  }
}
