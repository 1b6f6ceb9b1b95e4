/**
 * Who pings whom: the first PING comes about two seconds after the connection began and measures the round trip, later ones come every
 * ping interval unless the client was heard in the meantime. A client that leaves too many unanswered is stale.
 */
import type { Clock, Timer } from "../ports.ts";

const FIRST_PING_MS = 2000;
/** Spreads the first pings of connections that began together. */
const FIRST_PING_SPREAD_MS = 400;

export interface PingEffects {
  send(): void;
  stale(): void;
}

export class Pings {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #unansweredMax: number;
  readonly #effects: PingEffects;
  #timer: Timer | undefined;
  #unanswered = 0;
  #heardMs: number;
  /** The server itself does not listen: silence says nothing. */
  isDeaf = false;
  #answeredOnce = false;

  constructor(
    host: { readonly clock: Clock; readonly options: { readonly pingIntervalMs: number; readonly pingMax: number } },
    effects: PingEffects,
  ) {
    this.#clock = host.clock;
    this.#intervalMs = host.options.pingIntervalMs;
    this.#unansweredMax = host.options.pingMax;
    this.#effects = effects;
    this.#heardMs = this.#clock.nowMs();
  }

  begin(): void {
    const spread = this.#clock.nowMs() % FIRST_PING_SPREAD_MS;
    this.#wait(Math.min(FIRST_PING_MS + spread, this.#intervalMs));
  }

  heard(): void {
    this.#heardMs = this.#clock.nowMs();
  }

  answered(): void {
    this.#unanswered = 0;
    this.#answeredOnce = true;
  }

  end(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #wait(delayMs: number): void {
    this.#timer = this.#clock.setTimer(delayMs, () => this.#due());
  }

  #due(): void {
    if (this.isDeaf) {
      this.#wait(this.#intervalMs);
      return;
    }
    // The first round trip is measured even on a busy connection.
    const quiet = this.#clock.nowMs() - this.#heardMs >= this.#intervalMs;
    if (quiet || !this.#answeredOnce) {
      if (this.#unanswered + 1 > this.#unansweredMax) {
        this.#effects.stale();
        return;
      }
      this.#unanswered++;
      this.#effects.send();
    }
    this.#wait(this.#intervalMs);
  }
}
