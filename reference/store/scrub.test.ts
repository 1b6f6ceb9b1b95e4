/** The scrub under a running server: what it finds is told as damage found while serving is, and what it must not say. */
import { expect, test } from "vitest";
import { Machine } from "../server-machine.contract.ts";
import { CrashableDisk } from "../sim/crashable-disk.ts";
import type { SimulatedPeer } from "../sim/simulated-net.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";
import type { CommitLog } from "./commit-log.ts";
import { definition, open, payloadOf, publish } from "./file-store.contract.ts";
import { FoundDamage } from "./found-damage.ts";
import type { NamedDamage } from "./named-damage.ts";
import { Scrub } from "./scrub.ts";
import { segmentName } from "./segment.ts";

const passMs = 60_000;

/** Time passes, and the disk does what the scrub asks for in each moment of it. */
async function pass(clock: VirtualClock, settle: () => void = () => {}, ms = passMs): Promise<void> {
  for (let at = 0; at < ms; at += 100) {
    clock.advance(100);
    await Promise.resolve();
    settle();
  }
}

function flip(disk: CrashableDisk, path: string, text: string): void {
  const at = new TextDecoder("latin1").decode(disk.contents(path)).lastIndexOf(text);
  expect(at).toBeGreaterThan(0);
  disk.corrupt(path, at, 1);
}

function scrubStatus(machine: Machine): Record<string, unknown> {
  const page: { scrub: Record<string, unknown> } = JSON.parse(machine.page("/storez")?.body ?? "{}");
  return page.scrub;
}

/** Messages 1 to 40 over a few segments, all of them only on the disk, because the server was started again. */
async function restarted(): Promise<{ machine: Machine; client: SimulatedPeer }> {
  const machine = new Machine({ segmentBytes: 4096 });
  const server = await machine.start();
  const before = machine.client();
  machine.ask(before, "$JS.API.STREAM.CREATE.S", '{"name":"S","subjects":["s"],"allow_direct":true}');
  for (let at = 1; at <= 40; at += 1) {
    machine.ask(before, "s", `content ${at} ${"x".repeat(300)}`);
  }
  await server.stop();
  await machine.start();
  return { machine, client: machine.client() };
}

test("a bit that flips under a running server is found without anybody reading, and named everywhere", async () => {
  const { machine, client } = await restarted();
  const [file = ""] = machine.disk
    .list("/data/jetstream/log")
    .map(({ name }) => `/data/jetstream/log/${name}`)
    .filter((path) => new TextDecoder("latin1").decode(machine.disk.contents(path)).includes("content 7 "));
  flip(machine.disk, file, "content 7 ");
  expect(machine.page("/healthz")?.body).toContain('"ok"');
  await pass(machine.clock, () => machine.turns.settle());
  expect(machine.ask(client, "$JS.API.STREAM.INFO.S", "")).toContain('"lost":{"msgs":[7],"bytes":0}');
  expect(machine.page("/healthz")?.body).toContain('"degraded"');
  expect(machine.logged.filter((line) => line.includes("damage")).join()).toContain(
    "message 7 of $G > S: loses messages: found by the scrub",
  );
  expect(machine.ask(client, "$JS.API.STREAM.MSG.GET.S", '{"seq":7}')).toContain("message 7 is damaged");
  expect(machine.ask(client, "$JS.API.STREAM.MSG.GET.S", '{"seq":8}')).toContain('"seq":8');
  expect(scrubStatus(machine)).toMatchObject({ passes: 1, damaged_places: 1, unreadable_files: 0 });
});

test("a pass over a sound store finds nothing, reads all of it, and the next one begins when the interval is up", async () => {
  const { machine } = await restarted();
  await pass(machine.clock, () => machine.turns.settle());
  const { bytes_read: read, bytes_total: total, ...rest } = scrubStatus(machine);
  expect(read).toBe(total);
  expect(total).toBeGreaterThan(40 * 300);
  expect(rest).toMatchObject({ passes: 1, damaged_places: 0, interval: 24 * 3600 * 1e9 });
  machine.clock.advance(24 * 3_600_000);
  await pass(machine.clock, () => machine.turns.settle());
  expect(scrubStatus(machine)).toMatchObject({ passes: 2 });
});

interface Scrubbed {
  readonly disk: CrashableDisk;
  readonly clock: VirtualClock;
  readonly log: CommitLog;
  readonly damage: NamedDamage[];
  readonly payload: (sequence: number) => string | undefined;
  readonly commit: () => void;
}

/** A store with one stream in two segments, of which the first is full. */
async function filled(payload = "x".repeat(900)): Promise<Scrubbed> {
  const [disk, clock] = [new CrashableDisk(), new VirtualClock()];
  const { store } = await open(disk, { clock, segmentBytes: 8192 });
  const stream = store.createStream(definition());
  while (store.log.segments.size < 2) {
    publish(stream, `${stream.messages.state.lastSequence + 1} ${payload}`);
    store.commit();
  }
  const damage: NamedDamage[] = [];
  const scrubbed = new FoundDamage(store, (each) => void damage.push(each));
  const scrub = new Scrub({ store: scrubbed, disk, clock, intervalMs: 3_600_000 });
  expect(scrub.progress.passes).toBe(0);
  return { disk, clock, log: store.log, damage, payload: (sequence) => payloadOf(stream, sequence), commit: () => store.commit() };
}

const first = `/data/jetstream/log/${segmentName(1)}`;

test("what is damaged on the disk and still in memory is written again, and nothing is lost", async () => {
  const { disk, clock, damage, payload, commit } = await filled();
  flip(disk, first, "3 xxx");
  await pass(clock);
  commit();
  expect(damage).toMatchObject([{ file: `log/${segmentName(1)}`, what: "message", recovery: "heals" }]);
  disk.powerCut({ keep: "nothing" });
  const opened = await open(disk);
  const [stream] = opened.streams;
  expect(opened.report.lost).toEqual([]);
  expect(stream === undefined ? "" : payloadOf(stream.stream, 3)).toContain("3 xxx");
  expect(payload(3)).toContain("3 xxx");
});

test("a record longer than what is read at once is checked whole", async () => {
  const { disk, clock, damage } = await filled("y".repeat(700_000));
  await pass(clock);
  expect(damage).toEqual([]);
  flip(disk, first, "y");
  await pass(clock, undefined, 3_700_000);
  expect(damage).toHaveLength(1);
});

test("a file that was cut short is named once", async () => {
  const { disk, clock, damage } = await filled();
  const file = disk.open(first, "read-write");
  file.truncate(3000);
  file.close();
  await pass(clock);
  await pass(clock, undefined, 3_700_000);
  expect(damage.length).toBeGreaterThan(0);
  expect(new Set(damage.map(({ offset }) => offset)).size).toBe(damage.length);
});

test("a read that fails once is no damage", async () => {
  const { disk, clock, damage } = await filled();
  disk.failAt({ call: "read", nth: 1, code: "EIO" });
  await pass(clock);
  expect(damage).toEqual([]);
});
