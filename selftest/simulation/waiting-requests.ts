/** The requests whose answers are still to come, by the token that their reply subject ends with. */
import type { Received } from "./client.ts";
import type { Change } from "./model.ts";
import type { Waiting } from "./run.ts";

/** Acknowledgements whose answers may still come in a later turn. */
const lateMax = 40;

export class WaitingRequests {
  #requests = new Map<string, Waiting>();

  add(token: string, waiting: Waiting): void {
    this.#requests.set(token, waiting);
  }

  delete(token: string): void {
    this.#requests.delete(token);
  }

  clear(): void {
    this.#requests.clear();
  }

  dropClient(client: number): void {
    this.#keep(([, waiting]) => waiting.client !== client);
  }

  /** The first that should have been answered by now. */
  get overdue(): Waiting | undefined {
    return [...this.#requests.values()].find(({ isAnswered }) => isAnswered);
  }

  /** The turn is over: only acknowledgements may still be answered. */
  endTurn(): void {
    this.#keep(([, { acknowledged }]) => acknowledged !== undefined);
    this.#requests = new Map([...this.#requests].slice(-lateMax));
  }

  /** In the order of the requests: what was refused has no part in the answers after it. */
  answeredBy(received: readonly Received[]): { readonly waiting: Waiting; readonly message: Received }[] {
    const answers = received.flatMap((message) => {
      const waiting = this.#requests.get(message.subject);
      return waiting === undefined ? [] : [{ waiting, message }];
    });
    return answers.sort((a, b) => a.waiting.position - b.waiting.position);
  }

  /** The change at `position` was refused: those after it get other answers, as if it had never been asked for. */
  skip({ position, answers }: { readonly position: number; readonly answers: ReadonlyMap<Change, string> }): void {
    for (const waiting of this.#requests.values()) {
      waiting.expected = answers.get(waiting.change) ?? waiting.expected;
      waiting.position -= waiting.position > position ? 1 : 0;
    }
  }

  #keep(wanted: (entry: [string, Waiting]) => boolean): void {
    this.#requests = new Map([...this.#requests].filter(wanted));
  }
}
