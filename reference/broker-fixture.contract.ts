/** A broker on a virtual clock and a simulated network, with a store that becomes durable when told. */
import { type Authenticator, Broker } from "./broker/broker.ts";
import { type BrokerOptions, DEFAULT_BROKER_OPTIONS } from "./broker/broker-options.ts";
import { silentLog } from "./server-log.ts";
import { SeededRandom } from "./sim/seeded-random.ts";
import { SimulatedNet, type SimulatedPeer, SimulatedTurns } from "./sim/simulated-net.ts";
import { VirtualClock } from "./sim/virtual-clock.ts";
import { openMemoryOnlyStore } from "./store/memory-store.ts";
import { TurnLoop } from "./turn.ts";

const OPEN: Authenticator = { required: false, authenticate: () => "" };

export class BrokerFixture {
  readonly clock = new VirtualClock();
  readonly turns = new SimulatedTurns();
  readonly turn = new TurnLoop(this.turns);
  readonly warnings: string[] = [];
  readonly broker: Broker;
  readonly #net = new SimulatedNet();
  /** Stands in for the commit log: epochs become durable only by `becomeDurable`. */
  readonly #store = {
    ...openMemoryOnlyStore(),
    epoch: 1,
    durableEpoch: 0,
    commits: 0,
    backlogBytes: 0,
    onDurable: undefined as (() => void) | undefined,
  };

  private constructor(options: Partial<BrokerOptions>, authenticator: Authenticator) {
    this.broker = new Broker({
      options: { ...DEFAULT_BROKER_OPTIONS, ...options },
      clock: this.clock,
      random: new SeededRandom(1),
      log: { ...silentLog, warn: (text) => void this.warnings.push(text) },
      turn: this.turn,
      authenticator,
      info: (connection, afterFirstPing) => ({ client_id: connection.id, ...(afterFirstPing ? { connect_info: true } : {}) }),
    });
  }

  static async start(options: Partial<BrokerOptions> = {}, authenticator = OPEN): Promise<BrokerFixture> {
    const fixture = new BrokerFixture(options, authenticator);
    await fixture.#net.listen({ host: "127.0.0.1", port: 4222 }, (socket) => fixture.broker.accept(socket));
    return fixture;
  }

  /** Commits count, but nothing is durable until `becomeDurable`. */
  useSlowStore(): { readonly commits: number; commit: () => void; backlogBytes: number; durableEpoch: number } {
    const store = this.#store;
    store.commit = () => void store.commits++;
    this.turn.commitsTo(store);
    return store;
  }

  becomeDurable(epoch: number): void {
    this.#store.durableEpoch = epoch;
    this.#store.onDurable?.();
  }

  /** A raw connection, greeted. */
  connect(): SimulatedPeer {
    const peer = this.#net.connect(4222);
    this.turns.settle();
    peer.takeReceived();
    return peer;
  }

  /** A connection that said CONNECT without verbose and pedantic. */
  client(options: Record<string, unknown> = {}): SimulatedPeer {
    const peer = this.connect();
    this.say(peer, `CONNECT ${JSON.stringify({ verbose: false, pedantic: false, ...options })}\r\n`);
    return peer;
  }

  /** Sends, ends the turn, and returns what came back. */
  say(peer: SimulatedPeer, text: string): string {
    peer.send(text);
    this.turns.settle();
    return peer.takeReceived();
  }

  advance(ms: number): void {
    this.clock.advance(ms);
    this.turns.settle();
  }
}
