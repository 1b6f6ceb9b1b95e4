/**
 * What consumers owe. A message whose acknowledgement was answered must never be delivered again; one that nobody acknowledged must be
 * delivered in the end. What was acknowledged without an answer may or may not come again.
 */
import type { World } from "./model.ts";
import type { Delivery } from "./requests.ts";

interface Account {
  readonly answered: Set<number>;
  readonly acknowledged: Set<number>;
  readonly delivered: Set<number>;
}

export class ConsumerLedger {
  readonly #accounts = new Map<string, Account>();

  /** Somebody sends a final acknowledgement. */
  acknowledge(world: World, delivery: Delivery): void {
    this.#of(world, delivery)?.acknowledged.add(delivery.sequence);
  }

  /** The identity is the consumer's when the acknowledgement was sent: a later one of the same name never saw it. */
  answered(identity: string, sequence: number): void {
    this.#accounts.get(identity)?.answered.add(sequence);
  }

  /** Notes a delivery; returns what is wrong with it. */
  deliver(world: World, delivery: Delivery, content: { subject: string; payload: string }): string | undefined {
    const { stream, consumer, sequence } = delivery;
    const account = this.#of(world, delivery);
    const says = `consumer ${stream}/${consumer} delivers message ${sequence}`;
    if (account === undefined) {
      return `${says}, but there is no such consumer`;
    }
    const message = world.get(stream)?.messages.get(sequence);
    const filter = world.get(stream)?.consumers.get(consumer)?.filter ?? "";
    account.delivered.add(sequence);
    if (message === undefined) {
      return `${says}, which is not stored`;
    }
    if (message.subject !== content.subject || message.payload !== content.payload) {
      return `${says} as ${content.subject} ${content.payload}, but it is ${message.subject} ${message.payload}`;
    }
    if (filter !== "" && filter !== message.subject) {
      return `${says} on ${message.subject}, but asks for ${filter} only`;
    }
    return account.answered.has(sequence) ? `${says}, whose acknowledgement was answered before` : undefined;
  }

  forgetDeliveries(): void {
    for (const account of this.#accounts.values()) {
      account.delivered.clear();
    }
  }

  /** Messages that were neither acknowledged nor delivered since `forgetDeliveries`. */
  owed(world: World): string[] {
    return [...world].flatMap(([stream, { consumers, messages }]) =>
      [...consumers].flatMap(([consumer, { filter }]) => {
        const account = this.#of(world, { stream, consumer });
        const owed = [...messages]
          .filter(([sequence, { subject }]) => {
            const wanted = filter === "" || filter === subject;
            return wanted && account?.acknowledged.has(sequence) !== true && account?.delivered.has(sequence) !== true;
          })
          .map(([sequence]) => sequence);
        return owed.length === 0 ? [] : [`consumer ${stream}/${consumer} never delivers ${owed.join(", ")}`];
      }),
    );
  }

  identityOf(world: World, { stream, consumer }: Pick<Delivery, "stream" | "consumer">): string | undefined {
    const host = world.get(stream);
    const found = host?.consumers.get(consumer);
    return host === undefined || found === undefined ? undefined : `${stream}@${host.createdMs}/${consumer}@${found.createdMs}`;
  }

  #of(world: World, delivery: Pick<Delivery, "stream" | "consumer">): Account | undefined {
    const identity = this.identityOf(world, delivery);
    if (identity === undefined) {
      return undefined;
    }
    let account = this.#accounts.get(identity);
    if (account === undefined) {
      account = { answered: new Set(), acknowledged: new Set(), delivered: new Set() };
      this.#accounts.set(identity, account);
    }
    return account;
  }
}
