/**
 * Servers that lie. Each is the reference with one piece of source replaced while it loads, a mistake that real servers have made. A liar
 * passes at least nine in ten cases, so that only the right case can find it, and it must be found by the case that is named here.
 */
export const root: string = new URL("../../", import.meta.url).pathname;

export interface Liar {
  readonly id: string;
  /** What it pretends. */
  readonly about: string;
  readonly replace: readonly { readonly file: string; readonly find: string; readonly lie: string }[];
  /** Pattern of case names; at least one of them must fail on this liar. */
  readonly caughtBy: string;
  /** Which capability the catching case needs; without it the liar can't be tried on this machine. */
  readonly needs?: "power-cut";
}

export const liars: readonly Liar[] = [
  {
    id: "never-syncs",
    about: "counts every write as synced without asking the disk",
    replace: [
      {
        file: "reference/store/commit-log.ts",
        find: "    segment.file?.sync();\n    segment.synced = segment.written;",
        lie: "    segment.synced = segment.written;",
      },
      {
        file: "reference/store/commit-log.ts",
        find: "      flight.add((done) => file.syncLater(done));\n      this.#takeOff(flight);\n      return true;",
        lie: "      this.#takeOff(flight);\n      return true;",
      },
    ],
    caughtBy: "durability.**",
    needs: "power-cut",
  },
  {
    id: "drops-the-50th-commit",
    about: "acknowledges every 50th batch without writing it",
    replace: [
      {
        file: "reference/store/commit-log.ts",
        find: "    file.write(bytes, position);",
        lie: "    if (this.batch % 50 !== 0) file.write(bytes, position);",
      },
      {
        file: "reference/store/commit-log.ts",
        find: "      flight.add((done) => file.writeLater(bytes, position, done));",
        lie: "      if (this.batch % 50 !== 0) flight.add((done) => file.writeLater(bytes, position, done));",
      },
    ],
    caughtBy: "durability.**",
  },
  {
    id: "forgets-ids-at-restart",
    about: "starts with an empty duplicate table",
    replace: [
      {
        file: "reference/jetstream/stream-recovery.ts",
        find: "if (timeNs > nowNs - windowNs) {",
        lie: "if (timeNs > nowNs + windowNs) {",
      },
    ],
    caughtBy: "dedup.**",
  },
  {
    id: "keeps-acks-in-memory",
    about: "answers a double ack from memory and never writes it down",
    replace: [{ file: "reference/jetstream/consumer.ts", find: "      this.#asset?.append(record);", lie: "      void record;" }],
    caughtBy: "durability.**",
  },
  {
    id: "undoes-a-purge-at-restart",
    about: "purges in memory only: the messages are back after a restart",
    replace: [
      {
        file: "reference/store/file-stream.ts",
        find: "  protected removingBelow(floor: number): void {\n    this.#floor = Math.max(this.#floor, floor);",
        lie: "  protected removingBelow(_: number): void {",
      },
    ],
    caughtBy: "durability.**",
  },
  {
    id: "wrong-error-code",
    about: "refuses a wrong expected sequence with the code of a wrong message id",
    replace: [
      {
        file: "reference/jetstream/error-catalogue.ts",
        find: 'entry(400, 10071, "wrong last sequence: {seq}")',
        lie: 'entry(400, 10070, "wrong last sequence: {seq}")',
      },
    ],
    caughtBy: "publish.**",
  },
  {
    id: "one-delivery-too-many",
    about: "delivers once more than max_deliver allows",
    replace: [
      {
        file: "reference/jetstream/consumer-delivery.ts",
        find: "deliveries >= settings.maxDeliver",
        lie: "deliveries > settings.maxDeliver",
      },
    ],
    caughtBy: "**",
  },
];
