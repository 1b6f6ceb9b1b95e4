/** Erasing a message takes its content and nothing else, also when the power goes in the middle of the overwrite. */
import { expect, test } from "vitest";
import { CrashableDisk } from "../sim/crashable-disk.ts";
import { definition, directory, only, open, publish } from "./file-store.contract.ts";

const windowNs = 120_000_000_000n;

/** One long message with an id, erased; the machine dies at that disk call of the erasing. Returns the calls that erasing took. */
async function eraseAndDie(disk: CrashableDisk, at: number): Promise<number> {
  const { store } = await open(disk);
  const stream = store.createStream(definition());
  stream.setMessageIdWindow(windowNs);
  publish(stream, "x".repeat(3000), { id: "first" });
  publish(stream, "neighbour");
  store.commit();
  const before = disk.count("any");
  disk.dieAt(at);
  try {
    stream.messages.remove(1, { erase: true });
    store.commit();
  } catch {
    expect(disk.isDead).toBe(true);
  }
  return disk.count("any") - before;
}

test("an erase torn by a power cut keeps the message's id inside its window", async () => {
  const calls = await eraseAndDie(new CrashableDisk(), Number.POSITIVE_INFINITY);
  let healed = 0;
  for (let call = 1; call <= calls; call += 1) {
    for (let seed = 1; seed <= 20; seed += 1) {
      const disk = new CrashableDisk();
      await eraseAndDie(disk, call);
      disk.powerCut({ keep: "random", seed });
      const opened = await open(disk);
      healed += opened.report.healed;
      expect(opened.streams[0]?.messageIds, `call ${call}, seed ${seed}`).toMatchObject([{ id: "first", sequence: 1 }]);
      expect(only(opened).messages.has(2)).toBe(true);
      opened.store.abandon();
    }
  }
  expect(healed).toBeGreaterThan(0);
});

test("a message that moves to the next segment before it is durable is erased where it went", async () => {
  const disk = new CrashableDisk();
  const { store } = await open(disk, { segmentBytes: 2048 });
  const stream = store.createStream(definition());
  publish(stream, "f".repeat(900));
  store.commit();
  publish(stream, "secret".repeat(10));
  stream.messages.remove(2, { erase: true });
  publish(stream, "g".repeat(1200));
  store.commit();
  const log = disk.list(`${directory}/log`).filter(({ name }) => name.endsWith(".log"));
  expect(log).toHaveLength(2);
  for (const { name } of log) {
    expect(Buffer.from(disk.contents(`${directory}/log/${name}`)).includes("secret")).toBe(false);
  }
  store.abandon();
});
