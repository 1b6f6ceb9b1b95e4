/**
 * The pull requests of one consumer that wait for messages. Round robin: a request that got one message goes to the end, so that no
 * batch monopolises the stream. With priorities a request goes to the end of its own priority (0 is best).
 */
import type { Route } from "../broker/service.ts";
import type { PullRequest } from "./pull-request.ts";

export class WaitingPull {
  readonly reply: string;
  readonly route: Route;
  readonly request: PullRequest;
  readonly expiresAtMs: number;
  /** Messages still to deliver. */
  left: number;
  delivered = 0;
  /** Bytes still to deliver, 0 when the request set no limit. */
  bytesLeft: number;
  heartbeatAtMs: number;
  /** Names the pinned client; given by the request, or to the first one that is served. */
  pinId: string;
  next: WaitingPull | undefined;

  constructor(request: PullRequest, { reply, route, nowMs }: { reply: string; route: Route; nowMs: number }) {
    this.request = request;
    this.pinId = request.priority?.id ?? "";
    this.reply = reply;
    this.route = route;
    this.left = request.batch;
    this.bytesLeft = request.maxBytes;
    this.expiresAtMs = request.expiresMs === 0 ? Number.POSITIVE_INFINITY : nowMs + request.expiresMs;
    this.heartbeatAtMs = request.heartbeatMs === 0 ? Number.POSITIVE_INFINITY : nowMs + request.heartbeatMs;
  }

  get priority(): number {
    return this.request.priority?.priority ?? Number.POSITIVE_INFINITY;
  }
}

export class PullQueue {
  length = 0;
  /** Requests that end as soon as the stream has nothing for them. */
  impatient = 0;
  readonly #prioritized: boolean;
  #head: WaitingPull | undefined;
  #tail: WaitingPull | undefined;

  constructor(options: { prioritized: boolean }) {
    this.#prioritized = options.prioritized;
  }

  get head(): WaitingPull | undefined {
    return this.#head;
  }

  add(pull: WaitingPull): void {
    this.length += 1;
    this.impatient += pull.request.noWait ? 1 : 0;
    this.#insert(pull);
  }

  /** Counts one delivery to the request at the head, and moves or removes it. */
  served(): void {
    const pull = this.#head;
    if (pull === undefined) {
      return;
    }
    pull.delivered += 1;
    pull.left -= 1;
    if (pull.left <= 0) {
      this.removeHead();
    } else if (this.length > 1) {
      this.cycle();
    }
  }

  /** Moves the head to the end (of its priority). */
  cycle(): void {
    const pull = this.#detachHead();
    if (pull !== undefined) {
      this.#insert(pull);
    }
  }

  removeHead(): void {
    const pull = this.#detachHead();
    if (pull !== undefined) {
      this.#forget(pull);
    }
  }

  /** Removes every request for which `isOver` answers true. */
  sweep(isOver: (pull: WaitingPull) => boolean): void {
    let previous: WaitingPull | undefined;
    let pull = this.#head;
    while (pull !== undefined) {
      const next: WaitingPull | undefined = pull.next;
      if (isOver(pull)) {
        this.#unlink(pull, previous);
        this.#forget(pull);
      } else {
        previous = pull;
      }
      pull = next;
    }
  }

  *[Symbol.iterator](): Generator<WaitingPull> {
    for (let pull = this.#head; pull !== undefined; pull = pull.next) {
      yield pull;
    }
  }

  #insert(pull: WaitingPull): void {
    if (this.#prioritized) {
      this.#insertByPriority(pull);
      return;
    }
    pull.next = undefined;
    if (this.#tail === undefined) {
      this.#head = pull;
    } else {
      this.#tail.next = pull;
    }
    this.#tail = pull;
  }

  #insertByPriority(pull: WaitingPull): void {
    let previous: WaitingPull | undefined;
    let current = this.#head;
    while (current !== undefined && current.priority <= pull.priority) {
      previous = current;
      current = current.next;
    }
    pull.next = current;
    if (previous === undefined) {
      this.#head = pull;
    } else {
      previous.next = pull;
    }
    if (current === undefined) {
      this.#tail = pull;
    }
  }

  #detachHead(): WaitingPull | undefined {
    const pull = this.#head;
    if (pull !== undefined) {
      this.#unlink(pull, undefined);
    }
    return pull;
  }

  #unlink(pull: WaitingPull, previous: WaitingPull | undefined): void {
    if (previous === undefined) {
      this.#head = pull.next;
    } else {
      previous.next = pull.next;
    }
    if (this.#tail === pull) {
      this.#tail = previous;
    }
    pull.next = undefined;
  }

  #forget(pull: WaitingPull): void {
    this.length -= 1;
    this.impatient -= pull.request.noWait ? 1 : 0;
  }
}
