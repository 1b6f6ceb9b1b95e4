import * as fc from "fast-check";
import { expect, test } from "vitest";
import { CrashableDisk } from "../sim/crashable-disk.ts";
import { JetStreamFixture } from "./jetstream-fixture.contract.ts";
import { WireSequences } from "./wire-sequences.ts";

const WIRE_MAX = 2n ** 64n - 1n;

test("what is shown comes back as the same sequence", () => {
  const first = fc.bigInt({ min: 0n, max: WIRE_MAX - 2n ** 20n });
  fc.assert(
    fc.property(first, fc.nat({ max: 2 ** 20 }), (firstSequence, offset) => {
      const sequences = WireSequences.from(firstSequence <= Number.MAX_SAFE_INTEGER ? Number(firstSequence) : firstSequence);
      const stored = sequences.given(firstSequence) + offset;
      const shown = sequences.shown(stored);
      expect(BigInt(shown)).toBe(stored === 0 ? 0n : firstSequence + BigInt(offset));
      expect(sequences.given(shown)).toBe(stored);
      expect(sequences.expected(String(shown))).toBe(stored);
    }),
  );
});

test("sequences that a stream can't have lie before its first or behind every message, and equal none that is expected", () => {
  const sequences = WireSequences.from(2n ** 60n);
  expect([0, 5, 2n ** 60n - 1n, 2n ** 60n].map((sequence) => sequences.given(sequence))).toEqual([0, 1, 1, 2]);
  expect(sequences.given(WIRE_MAX)).toBeGreaterThan(2 ** 52);
  expect(["", "x", "-1", "1e3", "5", String(WIRE_MAX * 10n)].map((digits) => sequences.expected(digits))).toEqual([-1, -1, -1, -1, -1, -1]);
  expect(WireSequences.from(0).expected(String(2n ** 64n + 9n))).toBe(-1);
});

test("behind the last 64-bit sequence nothing is stored any more", () => {
  const fixture = new JetStreamFixture();
  const body = `{"name":"S","subjects":["s"],"storage":"memory","allow_atomic":true,"first_seq":${WIRE_MAX - 1n}}`;
  fixture.api("STREAM.CREATE.S", body);
  const refusal = '{"error":{"code":503,"err_code":10077,"description":"no sequences left"},"stream":"S","seq":0}';
  expect(fixture.request("s")).toBe(`{"stream":"S","seq":${WIRE_MAX - 1n}}`);
  fixture.request("s", "", { "Nats-Batch-Id": "b", "Nats-Batch-Sequence": "1" });
  const batch = fixture.request("s", "", { "Nats-Batch-Id": "b", "Nats-Batch-Sequence": "2", "Nats-Batch-Commit": "1" });
  expect(batch).toBe(refusal);
  expect(fixture.request("s")).toBe(`{"stream":"S","seq":${WIRE_MAX}}`);
  expect(fixture.request("s")).toBe(refusal);
});

test("a purge moves a stream's sequences no further than they can be counted", () => {
  for (const first of [1n, 2n ** 60n]) {
    const fixture = new JetStreamFixture();
    fixture.api("STREAM.CREATE.S", `{"name":"S","subjects":["s"],"storage":"memory","first_seq":${first}}`);
    const refused = fixture.api("STREAM.PURGE.S", `{"seq":${first + 2n ** 53n}}`);
    expect(refused.error?.description).toBe("seq lies too far behind the stream's sequences for this server");
    expect(fixture.request("s")).toBe(`{"stream":"S","seq":${first}}`);
    expect(fixture.api("STREAM.PURGE.S", `{"filter":"t","seq":${first + 2n ** 53n}}`).purged).toBe(0);
    expect(fixture.api("STREAM.PURGE.S", `{"seq":${first + 2n ** 51n}}`).purged).toBe(1);
    expect(fixture.request("s")).toBe(`{"stream":"S","seq":${first + 2n ** 51n}}`);
  }
});

test.each([1n, 2n ** 60n])("a consumer waits for the sequence it asked for, also after a restart (first_seq %s)", async (first) => {
  const disk = new CrashableDisk();
  const before = await JetStreamFixture.onDisk(disk);
  before.api("STREAM.CREATE.S", `{"name":"S","subjects":["s"],"first_seq":${first}}`);
  before.send("s");
  const begin = (name: string, settings: string) =>
    before.api(`CONSUMER.CREATE.S.${name}`, `{"stream_name":"S","config":{"durable_name":"${name}","ack_policy":"explicit"${settings}}}`);
  begin("SOON", `,"deliver_policy":"by_start_sequence","opt_start_seq":${first + 3n}`);
  begin("NEVER", `,"deliver_policy":"by_start_sequence","opt_start_seq":${WIRE_MAX}`);
  begin("RESET", "");
  before.api("CONSUMER.RESET.S.RESET", `{"seq":${first + 2n}}`);
  disk.powerCut({ keep: "nothing" });
  const after = await JetStreamFixture.onDisk(disk, { clock: before.clock });
  const positions = () =>
    ["SOON", "NEVER", "RESET"].map((name) => {
      const [, position, pending] =
        /"stream_seq":(\d+).*"num_pending":(\d+)/.exec(after.request(`$JS.API.CONSUMER.INFO.S.${name}`) ?? "") ?? [];
      return `${position} ${pending}`;
    });
  const waiting = [`${first + 2n}`, `${WIRE_MAX - 1n}`, `${first + 1n}`];
  expect(positions()).toEqual(waiting.map((position) => `${position} 0`));
  // The second message comes too early for all of them; the third and fourth are what two of them wait for.
  for (const pending of ["0 0 0", "0 0 1", "1 0 2"]) {
    after.send("s");
    expect(positions()).toEqual(pending.split(" ").map((count, index) => `${waiting[index]} ${count}`));
  }
});

test("a stream that counted beyond 2^52 is purged like any other", () => {
  const fixture = new JetStreamFixture();
  fixture.api("STREAM.CREATE.S", `{"name":"S","subjects":["s"],"storage":"memory","first_seq":${2n ** 52n}}`);
  for (const seq of [0n, 1n, 2n]) {
    expect(fixture.request("s")).toBe(`{"stream":"S","seq":${2n ** 52n + seq}}`);
  }
  expect(fixture.api("STREAM.PURGE.S", `{"seq":${2n ** 52n + 1n}}`).purged).toBe(1);
  expect(fixture.api("STREAM.PURGE.S", `{"seq":${2n ** 52n + 3n}}`).purged).toBe(2);
  expect(fixture.request("s")).toBe(`{"stream":"S","seq":${2n ** 52n + 3n}}`);
});

/** One request; `n` stands for a sequence of the plain stream. */
interface Operation {
  readonly kind: keyof typeof operations;
  readonly n: number;
  readonly subject: "s.a" | "s.b";
}

/** The same stream twice: once from sequence 2 on, once `base` higher. */
class Run {
  readonly told: string[] = [];
  readonly #disk = new CrashableDisk();
  readonly #base: bigint;
  #fixture: JetStreamFixture | undefined;
  #acks: string[] = [];

  constructor(base: bigint) {
    this.#base = base;
  }

  async begin(): Promise<void> {
    await this.restart();
    const settings = `"subjects":["s.>"],"allow_direct":true,"allow_rollup_hdrs":true,"first_seq":${this.wire(2)}`;
    this.api("STREAM.CREATE.S", `{"name":"S",${settings}}`);
    this.api("CONSUMER.CREATE.S.C", `{"stream_name":"S","config":{"durable_name":"C","ack_policy":"explicit","max_deliver":3}}`);
  }

  async restart(): Promise<void> {
    const clock = this.#fixture?.clock;
    this.#disk.powerCut({ keep: "nothing" });
    clock?.dropTimers();
    this.#fixture = await JetStreamFixture.onDisk(this.#disk, clock === undefined ? {} : { clock });
    this.fixture.account.subscribe("$JS.EVENT.ADVISORY.CONSUMER.>", ({ buffer, payloadStart, payloadEnd }) => {
      this.#tell(text(buffer, payloadStart, payloadEnd));
    });
  }

  get fixture(): JetStreamFixture {
    if (this.#fixture === undefined) {
      throw new Error("not begun");
    }
    return this.#fixture;
  }

  wire(n: number): bigint {
    return n === 0 ? 0n : this.#base + BigInt(n);
  }

  api(subject: string, body = ""): void {
    this.ask(`$JS.API.${subject}`, body);
  }

  ask(subject: string, body = "", headers?: Readonly<Record<string, string>>): void {
    for (const reply of this.fixture.requestAll(subject, body, headers)) {
      this.#tell(reply.headers + reply.data);
    }
    this.fixture.advance(1);
  }

  pull(batch: number): void {
    const subscription = this.fixture.account.subscribe("pulled", (message) => {
      this.#tell(`${message.subject.text} ${message.replyText() ?? ""} ${text(message.buffer, message.headersStart, message.payloadEnd)}`);
      this.#acks.push(message.replyText() ?? "");
    });
    this.fixture.publish("$JS.API.CONSUMER.MSG.NEXT.S.C", { data: JSON.stringify({ batch, no_wait: true }), reply: "pulled" });
    this.fixture.advance(1);
    subscription.unsubscribe();
  }

  acknowledge(verb: string): void {
    this.ask(this.#acks.shift() ?? "nobody", verb);
  }

  /** What is `base` higher is told as in the plain stream. */
  #tell(told: string): void {
    const readable = told.replace(/(?<="hdrs":")[^"]*/, (base64) => Buffer.from(base64, "base64").toString("utf8"));
    this.told.push(
      readable.replaceAll(/\d{16,}/g, (digits) => {
        const n = BigInt(digits) - this.#base;
        return n > 0n && n < 2n ** 40n ? String(n) : digits;
      }),
    );
  }
}

function text(buffer: Uint8Array, start: number, end: number): string {
  return Buffer.from(buffer.subarray(start, end)).toString("utf8");
}

/** Stored headers count as bytes, so they have to be equally long in both streams. */
function digits(run: Run, n: number): string {
  return String(run.wire(n)).padStart(20, "0");
}

const operations = {
  publish: (run: Run, { subject }: Operation) => run.ask(subject, "x", { "Nats-Msg-Id": `${run.told.length % 3}` }),
  expectLast: (run: Run, { subject, n }: Operation) => run.ask(subject, "x", { "Nats-Expected-Last-Sequence": digits(run, n) }),
  expectSubject: (run: Run, { subject, n }: Operation) => run.ask(subject, "x", { "Nats-Expected-Last-Subject-Sequence": digits(run, n) }),
  rollup: (run: Run, { subject }: Operation) => run.ask(subject, "x", { "Nats-Rollup": "sub" }),
  get: (run: Run, { n }: Operation) => run.api("STREAM.MSG.GET.S", `{"seq":${run.wire(n)}}`),
  getNext: (run: Run, { subject, n }: Operation) => run.api("STREAM.MSG.GET.S", `{"seq":${run.wire(n)},"next_by_subj":"${subject}"}`),
  remove: (run: Run, { n }: Operation) => run.api("STREAM.MSG.DELETE.S", `{"seq":${run.wire(n)}}`),
  purge: (run: Run, { n }: Operation) => run.api("STREAM.PURGE.S", `{"seq":${run.wire(n)}}`),
  purgeSubject: (run: Run, { subject, n }: Operation) => run.api("STREAM.PURGE.S", `{"filter":"${subject}","seq":${run.wire(n)}}`),
  info: (run: Run) => run.api("STREAM.INFO.S", '{"deleted_details":true,"subjects_filter":">"}'),
  update: (run: Run) => run.api("STREAM.UPDATE.S", '{"name":"S","subjects":["s.>"],"allow_direct":true,"allow_rollup_hdrs":true}'),
  direct: (run: Run, { n }: Operation) => run.api("DIRECT.GET.S", `{"seq":${run.wire(n)}}`),
  directBatch: (run: Run, { n }: Operation) => run.api("DIRECT.GET.S", `{"seq":${run.wire(n)},"batch":3}`),
  directLast: (run: Run, { n }: Operation) => run.api("DIRECT.GET.S", `{"multi_last":["s.>"],"up_to_seq":${run.wire(n)}}`),
  consumer: (run: Run, { n }: Operation) =>
    run.api(
      `CONSUMER.CREATE.S.D${n}`,
      `{"stream_name":"S","config":{"durable_name":"D${n}","deliver_policy":"by_start_sequence","opt_start_seq":${run.wire(n)}}}`,
    ),
  consumers: (run: Run) => run.api("CONSUMER.LIST.S"),
  pull: (run: Run, { n }: Operation) => run.pull(n),
  ack: (run: Run) => run.acknowledge("+ACK"),
  nak: (run: Run) => run.acknowledge("-NAK"),
  term: (run: Run) => run.acknowledge("+TERM"),
  progress: (run: Run) => run.acknowledge("+WPI"),
  reset: (run: Run, { n }: Operation) => run.api("CONSUMER.RESET.S.C", n === 0 ? "" : `{"seq":${run.wire(n)}}`),
  restart: (run: Run) => run.restart(),
} as const;

test.each([2n ** 53n - 4n, 2n ** 53n, 2n ** 63n - 4n, 2n ** 64n - 2n ** 20n])(
  "every answer of a stream is that of a plain one with its sequences %s higher, restarts included",
  async (base) => {
    const kind = fc.constantFrom<(keyof typeof operations)[]>(
      "publish",
      "publish",
      ...(Object.keys(operations).filter(isKind) satisfies (keyof typeof operations)[]),
    );
    const operation = fc.record({ kind, n: fc.nat({ max: 12 }), subject: fc.constantFrom("s.a" as const, "s.b" as const) });
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { minLength: 5, maxLength: 40 }), async (steps) => {
        const plain = new Run(0n);
        const high = new Run(base);
        for (const run of [plain, high]) {
          await run.begin();
          for (const step of steps) {
            await operations[step.kind](run, step);
          }
        }
        expect(high.told).toEqual(plain.told);
      }),
      { numRuns: 25 },
    );
  },
);

function isKind(name: string): name is keyof typeof operations {
  return name in operations;
}
