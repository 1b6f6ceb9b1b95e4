/**
 * The turn loop. Sockets and timers step the machines as they deliver; what that produced leaves at the end of the turn, in this order:
 *
 *   1. work that was marked ready runs, each once; what one step makes ready runs too, what it leaves undone waits for the next turn,
 *   2. the store commits everything that changed, once,
 *   3. each connection with output writes what may leave: everything whose epoch is durable.
 *
 * "Nothing undurable is ever seen" and group commit are the same rule, and this is the place where it holds.
 *
 * A turn is bounded: by bytes, by messages, and by the share of one connection (`turn-input.ts`).
 */
import type { FlushedConnection } from "./broker/connection-host.ts";
import type { Turns } from "./ports.ts";
import type { Store } from "./store/stream-store.ts";
import { InputGate, type InputSource } from "./turn-input.ts";

export interface TurnWork {
  step(): void;
}

/** A turn that has taken in this much ends without waiting for the other sockets, so that its first replies don't wait for the last. */
const TURN_BYTES_MAX = 1024 * 1024;
const TURN_MESSAGES_MAX = 2000;

export class TurnLoop {
  readonly #turns: Turns;
  #store: Store | undefined;
  #scheduled = false;
  #bytes = 0;
  #messages = 0;
  readonly #gate = new InputGate();
  #ready: TurnWork[] = [];
  /** In `#ready` or `#later`. */
  readonly #marked = new Set<TurnWork>();
  /** Marked again after it had its step in this turn. */
  #later: TurnWork[] = [];
  readonly #stepped = new Set<TurnWork>();
  #waiting: FlushedConnection[] = [];
  readonly #held = new Set<FlushedConnection>();
  /** What the store last reported; stays when the store is gone. */
  #durableEpoch = 0;
  #stopped = false;
  #failed = false;
  /** A commit or a step threw; set once by the server, which then takes the store away by `storeFailed`. */
  onFailure: ((error: unknown) => void) | undefined;

  constructor(turns: Turns) {
    this.#turns = turns;
  }

  /** From now on turns commit to this store. */
  commitsTo(store: Store | undefined): void {
    if (this.#store !== undefined) {
      this.#store.onDurable = undefined;
    }
    this.#store = store;
    this.#durableEpoch = store?.durableEpoch ?? this.#durableEpoch;
    if (store !== undefined) {
      store.onDurable = () => {
        this.#flushHeld();
        // What came in the meantime is committed by a turn of its own, after the work it made ready.
        this.#schedule();
      };
    }
  }

  /** Bytes arrived and were stepped. */
  stepped(bytes: number, source: InputSource): void {
    this.#bytes += bytes;
    this.#gate.took(source, bytes, this.#backlog());
    if (this.#bytes >= TURN_BYTES_MAX) {
      this.end();
    } else {
      this.#schedule();
    }
  }

  /** A client's message was stepped; called when nothing of it is in use any more. */
  messageStepped(): void {
    this.#messages += 1;
    if (this.#messages >= TURN_MESSAGES_MAX) {
      this.end();
    }
  }

  /** Runs `work.step()` before this turn commits; marking twice is one step. */
  markReady(work: TurnWork): void {
    if (this.#marked.has(work)) {
      return;
    }
    this.#marked.add(work);
    if (this.#stepped.has(work)) {
      this.#later.push(work);
    } else {
      this.#ready.push(work);
    }
    this.#schedule();
  }

  outputWaits(connection: FlushedConnection): void {
    this.#waiting.push(connection);
    this.#schedule();
  }

  /** The store is about to go: no turn commits or sends any more. */
  stop(): void {
    this.#stopped = true;
    this.commitsTo(undefined);
  }

  /**
   * What is not durable now never will be: connections that wait for it are dropped, because what they wait for, and everything behind it,
   * must not be seen. Output that shows nothing of the store goes on.
   */
  storeFailed(): void {
    this.#failed = true;
    this.commitsTo(undefined);
    this.#ready = [];
    this.#later = [];
    this.#marked.clear();
    this.#stepped.clear();
    this.#flushHeld();
    this.#schedule();
  }

  end(): void {
    if (this.#stopped) {
      return;
    }
    this.#bytes = 0;
    this.#messages = 0;
    try {
      this.#runReady();
      this.#store?.commit();
    } catch (error) {
      if (this.onFailure === undefined) {
        throw error;
      }
      this.onFailure(error);
    }
    this.#flush();
    if (this.#ready.length > 0) {
      this.#schedule();
    }
    this.#gate.turnEnded(this.#backlog());
  }

  #backlog(): number {
    return this.#store?.backlogBytes ?? 0;
  }

  #schedule(): void {
    if (!this.#scheduled) {
      this.#scheduled = true;
      this.#turns.atEnd(() => {
        this.#scheduled = false;
        this.end();
      });
    }
  }

  /** Ends, because no work steps twice in it. */
  #runReady(): void {
    for (let at = 0; at < this.#ready.length; at++) {
      const work = this.#ready[at]!;
      // Unmarked before it runs: what it leaves undone it marks again.
      this.#marked.delete(work);
      this.#stepped.add(work);
      work.step();
    }
    this.#ready = this.#later;
    this.#later = [];
    this.#stepped.clear();
  }

  #flush(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    const before = this.#durableEpoch;
    this.#durableEpoch = this.#store?.durableEpoch ?? before;
    for (const connection of waiting) {
      this.#flushOne(connection);
    }
    // Held until the commit of another turn, and nothing was left to commit behind that one.
    if (this.#held.size > 0 && this.#durableEpoch > before) {
      this.#flushHeld();
    }
  }

  #flushHeld(): void {
    this.#durableEpoch = this.#store?.durableEpoch ?? this.#durableEpoch;
    for (const connection of this.#held) {
      this.#flushOne(connection);
    }
  }

  #flushOne(connection: FlushedConnection): void {
    connection.flush(this.#durableEpoch);
    if (!connection.isHeld) {
      this.#held.delete(connection);
    } else if (this.#failed) {
      this.#held.delete(connection);
      connection.drop("Server Shutdown");
    } else {
      this.#held.add(connection);
    }
  }
}
